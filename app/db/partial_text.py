"""Text as it appears, told to listeners in the order in which it was said.

Several workers write down one recording at a time. What comes from a later chunk is kept until all before it is told;
`chunks.told` says how many of a chunk's segments are, null that all are.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import eq
from typing import Any

from app.core.jobs import JobKind, JobState
from app.core.lifecycle import Work
from app.core.transcript import ChunkText, Segment
from app.db import events
from app.db.events import EventKind
from app.db.tables import Chunk


def add(row: Any, present: Work, position: int, segments: Sequence[Segment]) -> None:
    """Put new segments behind those that a chunk has, and tell what may be told. `row` is locked."""
    chunk = _of(row, position).get()
    # A report whose answer was lost comes a second time.
    there = {(segment["start"], segment["end"]) for segment in chunk.segments}
    reported = [segment.to_dict() for segment in segments]
    added = [segment for segment in reported if (segment["start"], segment["end"]) not in there]
    if added:
        Chunk.update(segments=chunk.segments + added).where(*_named(row, position)).execute()
        tell(row, present)


def begin_again(row: Any, position: int) -> None:
    """Forget the text of an attempt that came to nothing: it makes room for the next one's."""
    Chunk.update(segments=[], told=0).where(*_named(row, position)).execute()


def finish(row: Any, position: int, text: ChunkText) -> int | None:
    """Put a chunk's final text in place of what was reported on the way.

    Where it differs from what was told (a line turned out to be a loop's), that is untold: returns its position then,
    for `tell`.
    """
    chunk = _of(row, position).get()
    values = text.to_dict()
    told = chunk.segments[: chunk.told or 0]
    same = len(list(takewhile(bool, map(eq, told, values["segments"]))))
    Chunk.update(values | {"told": same}).where(*_named(row, position)).execute()
    return position if same < len(told) else None


def tell(row: Any, present: Work, untold: int | None = None) -> None:
    """Tell what is new from the first chunk on, up to the first one that is still being written down.

    Of the chunk `untold` listeners have more than stands: they are told even where nothing comes in its place.
    """
    for message in _news(row, present, untold):
        events.append(EventKind.TEXT, message, project=row.project_id, transcription=row.id)


def _news(row: Any, present: Work, untold: int | None) -> Iterator[dict[str, Any]]:
    states = {job.position: job.state for job in present.jobs if job.kind is JobKind.CHUNK}
    told = {chunk.position: chunk.told for chunk in Chunk.select(Chunk.position, Chunk.told).where(_all(row))}
    for position in sorted(states):
        if states[position] is JobState.DONE and told[position] is None:
            continue
        segments = _of(row, position).get().segments
        begun = told[position] or 0
        done = states[position] is JobState.DONE
        if done or len(segments) > begun:
            Chunk.update(told=None if done else len(segments)).where(*_named(row, position)).execute()
        if len(segments) > begun or position == untold:
            yield {
                "transcription_id": str(row.id),
                "chunk": position,
                "offset": begun,
                "segments": segments[begun:],
            }
        if not done:
            return


def _of(row: Any, position: int) -> Any:
    return Chunk.select().where(*_named(row, position))


def _named(row: Any, position: int) -> tuple[Any, Any]:
    return _all(row), Chunk.position == position


def _all(row: Any) -> Any:
    return Chunk.transcription == row
