"""People's corrections of where segments begin and end. One transaction a function.

The segments behind move up or down by one position, and so does their history. Their entity tags stay: whoever wants to
change the text of one that moved is refused, for at the old position stands another one with another tag.
"""

from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.bounds import Stretch
from app.core.errors import Conflict
from app.core.languages import separator
from app.core.options import TranscriptionOptions
from app.core.preconditions import IfMatch
from app.core.states import READABLE_STATES, STOPPED_STATES, TranscriptionState
from app.core.transcript import Word
from app.db import audit, events, speakers, text_corrections, transcriptions, unheld, wordings, work
from app.db.events import EventKind
from app.db.summaries import summarize
from app.db.tables import Segment, SegmentVersion, database
from app.db.text_corrections import Written
from app.db.work import Outcome

_LONGEST_CHARACTERS = 5000
"""No longer than a text may be that people correct."""


def split(
    principal: Principal, transcription: UUID, position: int, expected: IfMatch, *, word: int | None, time: float | None
) -> Written:
    """Cut a segment in two before the given one of its words, or at a moment; the second part stands behind it.

    Both have the speaker that the segment had.
    """
    row = _locked(principal, transcription)
    segment = _expected(row, position, expected)
    whole = _stretch(segment)
    left, right = whole.split(word, "word") if word is not None else whole.split(whole.word_at(time or 0.0), "time")
    _move(row, behind=position, by=1)
    _store(row, position, left)
    second: dict[str, Any] = {
        field.name: getattr(segment, field.name)
        for field in (Segment.speaker, Segment.corrected_speaker, Segment.search_configuration)
    }
    Segment.insert(transcription=row, position=position + 1, **second, **_values(right)).execute()
    for at, part in ((position, left), (position + 1, right)):
        _note(principal, row, at, "split", whole.shown_text, part.shown_text)
    audit.record(Action.TEXT_SPLIT, row.id, project=row.project_id, segment=position)
    return _told(row, position)


def merge(principal: Principal, transcription: UUID, position: int, expected: IfMatch) -> Written:
    """Make one of a segment and the next one. Raises `Conflict` where they are not of one speaker."""
    row = _locked(principal, transcription)
    segment = _expected(row, position, expected)
    following = Segment.without_search().where(Segment.transcription == row, Segment.position == position + 1).first()
    if following is None:
        raise Conflict(
            "It is the last segment: there is none to merge it with.", remedy="Merge the one before with it."
        )
    cast = speakers.cast_of(row)
    if cast.speaker_of(position) != cast.speaker_of(position + 1):
        raise Conflict(
            "The next segment is another speaker's.", remedy="Give both to one first: PATCH …/segments/speaker."
        )
    language = TranscriptionOptions.from_dict(row.options).text_language(row.language)
    left = _stretch(segment)
    whole = left.joined(_stretch(following), separator(language))
    if len(whole.shown_text) > _LONGEST_CHARACTERS:
        raise Conflict(f"The text would be longer than {_LONGEST_CHARACTERS} characters.", remedy="Leave them apart.")
    following.delete_instance()
    SegmentVersion.update(position=position).where(
        SegmentVersion.transcription == row, SegmentVersion.position == position + 1
    ).execute()
    _move(row, behind=position + 1, by=-1)
    _store(row, position, whole)
    _note(principal, row, position, "merged", left.shown_text, whole.shown_text)
    audit.record(Action.TEXT_MERGED, row.id, project=row.project_id, segment=position)
    return _told(row, position)


def _locked(principal: Principal, transcription: UUID) -> Any:
    row = unheld.lock(transcriptions.find(principal, transcription, Role.EDITOR))
    if TranscriptionState(row.state) not in READABLE_STATES | STOPPED_STATES:
        raise Conflict(
            f"The transcription is {row.state}: its text is being put together anew.", remedy="Wait for its end."
        )
    return row


def _expected(row: Any, position: int, expected: IfMatch) -> Any:
    segment = text_corrections.find(row, position)
    shown = wordings.shown(segment, speakers.cast_of(row))
    expected.check(shown["etag"], shown)
    return segment


def _move(row: Any, *, behind: int, by: int) -> None:
    """Move all segments behind a position, and their history.

    In two steps by way of negative positions, of which there are none otherwise: the key is checked row by row.
    """
    later = (row.id, behind)
    for table in ("segments", "segment_versions"):
        database.execute_sql(
            f"update {table} set position = -(position + {by})"  # noqa: S608 - two tables of ours, and a number of ours
            " where transcription_id = %s and position > %s",
            later,
        )
        database.execute_sql(
            f"update {table} set position = -position"  # noqa: S608 - the same
            " where transcription_id = %s and position < 0",
            (row.id,),
        )


def _stretch(segment: Any) -> Stretch:
    return Stretch(
        segment.start_seconds,
        segment.end_seconds,
        segment.text,
        _words(segment.words),
        segment.corrected_text,
        _words(segment.corrected_words or []),
    )


def _words(words: list[dict[str, Any]]) -> tuple[Word, ...]:
    return tuple(Word.from_dict(word) for word in words)


def _values(stretch: Stretch) -> dict[str, Any]:
    corrected = stretch.corrected_text is not None
    return {
        "start_seconds": stretch.start,
        "end_seconds": stretch.end,
        "text": stretch.text,
        "words": [word.to_dict() for word in stretch.words],
        "corrected_text": stretch.corrected_text,
        "corrected_words": [word.to_dict() for word in stretch.corrected_words] if corrected else None,
    }


def _store(row: Any, position: int, stretch: Stretch) -> None:
    Segment.update(_values(stretch)).where(Segment.transcription == row, Segment.position == position).execute()


def _note(principal: Principal, row: Any, position: int, kind: str, before: str, after: str) -> None:
    SegmentVersion.create(
        transcription=row,
        position=position,
        kind=kind,
        author=principal.user,
        author_name=principal.name,
        before=before,
        after=after,
    )


def _told(row: Any, position: int) -> Written:
    segment = wordings.shown(text_corrections.find(row, position), speakers.cast_of(row))
    # No text stands in it: see `app.db.text_corrections`.
    data = {"transcription": summarize(row, work.load(row)), "what": "segments", "segment": position}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Written(segment, Outcome(row.id, event))
