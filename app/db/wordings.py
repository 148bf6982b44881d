"""What was said, as it is stored and as readers are shown it: the machine's text, and people's beside it."""

import hashlib
from collections.abc import Sequence
from typing import Any

from app.core.speakers import Cast
from app.core.transcript import Word
from app.core.wording import Carried, Wording, carried_over, homes
from app.db.tables import Segment, SegmentVersion

_TAG_BYTES = 8


def shown(segment: Any, cast: Cast) -> dict[str, Any]:
    """Return a stored segment as readers are shown it."""
    corrected = segment.corrected_text is not None
    return shown_segment(
        segment.position,
        start=segment.start_seconds,
        end=segment.end_seconds,
        text=segment.corrected_text if corrected else segment.text,
        words=segment.corrected_words or [] if corrected else segment.words,
        machine_text=segment.text,
        speaker=cast.speaker_of(segment.position),
        machine_speaker=segment.speaker,
        etag=entity_tag(segment),
    )


def shown_segment(
    position: int,
    *,
    start: float,
    end: float,
    text: str,
    words: list[dict[str, Any]],
    machine_text: str,
    speaker: str | None,
    machine_speaker: str | None,
    etag: str | None,
) -> dict[str, Any]:
    """Return a segment as readers are shown it, one of an unfinished text too; that one has no tag."""
    return {
        "position": position,
        "start": start,
        "end": end,
        "speaker": speaker,
        "machine_speaker": machine_speaker,
        "text": text,
        "machine_text": machine_text,
        "words": [word | {"speaker": speaker} for word in words],
        "etag": etag,
    }


def entity_tag(segment: Any) -> str:
    """Return the tag of a segment's text, quotes included. Another segment at the same position has another one."""
    # A text holds no NUL. One that is corrected to nothing is another one than one that is not corrected.
    said = () if segment.corrected_text is None else (segment.corrected_text,)
    state = "\0".join((str(segment.start_seconds), str(segment.end_seconds), segment.text, *said))
    return f'"{hashlib.blake2b(state.encode(), digest_size=_TAG_BYTES).hexdigest()}"'


def flow_of(row: Any, machine_speaker: str | None) -> str | None:
    """Return what tells apart segments at the same time: whose channel it is, where each party has one."""
    return machine_speaker if row.survey and row.survey["by_channel"] else None


def carry_over(row: Any, segments: Sequence[Wording]) -> dict[int, Carried]:
    """Return what people's text is in segments that are about to replace the stored ones; their history goes along."""
    before = _wordings(row)
    if not before:
        return {}
    corrected = {position: wording for position, (wording, is_corrected) in before.items() if is_corrected}
    carried = carried_over(corrected, segments)
    _move_history(row, homes({position: wording for position, (wording, _) in before.items()}, segments))
    for position, found in carried.items():
        if len(found.origins) != 1 or found.text != corrected[found.origins[0]].text:
            _note(row, position, segments[position].text, found.text)
    return carried


def _wordings(row: Any) -> dict[int, tuple[Wording, bool]]:
    """Return the segments that have a history, by position, and whether they are corrected at present."""
    versions = SegmentVersion.select(SegmentVersion.position).where(SegmentVersion.transcription == row)
    query = Segment.without_search().where(
        Segment.transcription == row, Segment.corrected_text.is_null(False) | Segment.position.in_(versions)
    )
    return {
        segment.position: (
            Wording(
                segment.start_seconds,
                segment.end_seconds,
                segment.text if segment.corrected_text is None else segment.corrected_text,
                tuple(Word.from_dict(word) for word in segment.corrected_words or ()),
                flow_of(row, segment.speaker),
            ),
            segment.corrected_text is not None,
        )
        for segment in query
    }


def _move_history(row: Any, positions: dict[int, int]) -> None:
    """Give the versions to the segments that stand there now; those that found none stay where they are."""
    found: Any = SegmentVersion.select(SegmentVersion.id, SegmentVersion.position).where(
        SegmentVersion.transcription == row
    )
    for version, position in list(found.tuples()):
        moved = positions.get(position)
        if moved is not None and moved != position:
            SegmentVersion.update(position=moved).where(SegmentVersion.id == version).execute()


def _note(row: Any, position: int, before: str, after: str) -> None:
    SegmentVersion.create(transcription=row, position=position, kind="carried", before=before, after=after)
