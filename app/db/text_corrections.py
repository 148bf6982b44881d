"""People's corrections of what was said. One transaction a function.

A segment's text has an entity tag: whoever changes it says which text they have read, and is refused where somebody
else has changed it meanwhile. Whose the segment is, is corrected apart (see `app.db.corrections`), and no part of it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.alignment import align_words, tidy
from app.core.audit import Action
from app.core.errors import NotFound
from app.core.preconditions import IfMatch
from app.core.transcript import Word
from app.db import audit, events, speakers, transcriptions, wordings, work
from app.db.events import EventKind
from app.db.summaries import iso, summarize
from app.db.tables import Segment, SegmentVersion
from app.db.work import Outcome

HISTORY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Written:
    """A segment as readers are shown it after a change, and the outcome to follow."""

    segment: dict[str, Any]
    outcome: Outcome


def read(principal: Principal, transcription: UUID, position: int) -> dict[str, Any]:
    """Return one segment of a transcript; `NotFound` where there is none at this position."""
    row = transcriptions.find(principal, transcription, Role.VIEWER)
    return wordings.shown(find(row, position), speakers.cast_of(row))


def history(principal: Principal, transcription: UUID, position: int) -> list[dict[str, Any]]:
    """Return the newest changes of a segment's text, the newest first."""
    row = transcriptions.find(principal, transcription, Role.VIEWER)
    find(row, position)
    versions = (
        SegmentVersion.select()
        .where(SegmentVersion.transcription == row, SegmentVersion.position == position)
        .order_by(SegmentVersion.id.desc())
        .limit(HISTORY_LIMIT)
    )
    return [
        {
            "kind": version.kind,
            "by": version.author_name,
            "at": iso(version.created_at),
            "before": version.before,
            "after": version.after,
        }
        for version in versions
    ]


def correct(principal: Principal, transcription: UUID, position: int, text: str, expected: IfMatch) -> Written:
    """Say what was said in a segment. The machine's own words take a correction back."""
    return _write(principal, transcription, position, tidy(text), expected)


def revert(principal: Principal, transcription: UUID, position: int, expected: IfMatch) -> Written:
    """Put a segment back to the machine's text."""
    return _write(principal, transcription, position, None, expected)


def _write(principal: Principal, transcription: UUID, position: int, text: str | None, expected: IfMatch) -> Written:
    transcriptions.require_editor(principal, transcription)
    row = work.lock(transcription)
    segment, cast = find(row, position), speakers.cast_of(row)
    before = wordings.shown(segment, cast)
    expected.check(before["etag"], before)
    if text == segment.text:
        text = None
    if text == segment.corrected_text:
        return Written(before, Outcome(row.id, None))
    machine = tuple(Word.from_dict(word) for word in segment.words)
    segment.corrected_text = text
    segment.corrected_words = None if text is None else _timed(text, machine, segment)
    stored = {Segment.corrected_text: segment.corrected_text, Segment.corrected_words: segment.corrected_words}
    Segment.update(stored).where(Segment.transcription == row, Segment.position == position).execute()
    after = wordings.shown(segment, cast)
    SegmentVersion.create(
        transcription=row,
        position=position,
        kind="reverted" if text is None else "corrected",
        author=principal.user,
        author_name=principal.name,
        before=before["text"],
        after=after["text"],
    )
    action = Action.TEXT_REVERTED if text is None else Action.TEXT_CORRECTED
    audit.record(action, row.id, project=row.project_id, segment=position)
    # No text stands in it: the log keeps its events for days, and a correction may take out what must not stay.
    data = {"transcription": summarize(row, work.load(row)), "what": "text", "segment": position}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Written(after, Outcome(row.id, event))


def _timed(text: str, machine: tuple[Word, ...], segment: Any) -> list[dict[str, Any]]:
    return [word.to_dict() for word in align_words(text, machine, segment.start_seconds, segment.end_seconds)]


def find(row: Any, position: int) -> Any:
    """Return a stored segment; `NotFound` where there is none at this position."""
    segment = Segment.without_search().where(Segment.transcription == row, Segment.position == position).first()
    if segment is None:
        raise NotFound(
            f"The transcript has no segment at position {position}.",
            remedy="Take a 'position' of the transcription's 'segments', once its text is complete.",
        )
    return segment
