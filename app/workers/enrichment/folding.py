"""Transcripts larger than a model's context: read in windows, noted, and the notes read again. Nothing is left out."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.core.transcript import Segment
from app.workers.enrichment.errors import ContextTooSmall

Cost = Callable[["Passage"], int]
"""Returns how many tokens a passage takes in a prompt."""

_LEAST_SHRINKAGE = 0.9


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of what is read: a segment's text with its speaker, or a note on a window.

    `segments` are the positions of what it is made of.
    """

    text: str
    speaker: str | None = None
    segments: tuple[int, ...] = ()


Window = tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A window's place: the `number`-th (from 1) of `total` on its `level`, where level 1 reads the transcript itself."""

    level: int
    number: int
    total: int


Note = Callable[[Sequence[tuple[Window, Place]]], Sequence[str]]
"""Returns the notes on windows, in their order. None of them needs another."""


def passages_of(segments: Iterable[Segment]) -> list[Passage]:
    """Return what was said, segment by segment; those without text say nothing."""
    return [
        Passage(segment.text.strip(), segment.speaker, (position,))
        for position, segment in enumerate(segments)
        if segment.text.strip()
    ]


def segments_of(passages: Iterable[Passage]) -> tuple[int, ...]:
    """Return the positions of all that the passages are made of, in order."""
    return tuple(sorted({position for passage in passages for position in passage.segments}))


def fold(
    passages: Sequence[Passage], limit: int, cost: Cost, note: Note, *, level: int = 0
) -> tuple[Sequence[Passage], int]:
    """Return passages that cost `limit` at most, and the number of levels it took: 0 where they fitted as they are.

    Where they do not fit, all windows are handed to `note` and the notes take their place, until all fits. Those of a
    higher `level` are notes already. Raises `ContextTooSmall` where notes are no shorter than what they note.
    """
    while sum(map(cost, passages)) > limit:
        level += 1
        parts = windows(passages, limit, cost)
        written = note([(part, Place(level, number, len(parts))) for number, part in enumerate(parts, start=1)])
        notes = [Passage(text, segments=segments_of(part)) for text, part in zip(written, parts, strict=True)]
        check_shrunk(passages, notes, limit, cost)
        passages = notes
    return passages, level


def check_shrunk(passages: Sequence[Passage], notes: Sequence[Passage], limit: int, cost: Cost) -> None:
    """Raise `ContextTooSmall` where notes are no shorter than what they note: they would be noted for ever."""
    total = sum(map(cost, passages))
    if sum(map(cost, notes)) > total * _LEAST_SHRINKAGE:
        raise ContextTooSmall(
            f"The transcript takes {total} tokens; the model can read {limit} at a time, and its notes on them are"
            " no shorter.",
            remedy="Choose a model with a larger context.",
        )


def windows(passages: Iterable[Passage], limit: int, cost: Cost) -> list[Window]:
    """Cut at passages' borders into windows of about equal cost, none above `limit`; every passage is in exactly one.

    A passage that alone is above `limit` is cut between words, or inside one where it has no space.
    """
    pieces = [(piece, cost(piece)) for passage in passages for piece in _pieces(passage, limit, cost)]
    # Windows as full as they can be leave a last one of a few words, from which no note can be written; as many windows
    # of equal cost do not.
    full = _cut(pieces, limit, float("inf"))
    return _cut(pieces, limit, sum(size for _, size in pieces) / max(len(full), 1))


def in_lines(cut: Iterable[Window], most: int) -> list[Window]:
    """Return the windows cut further, into parts of `most` passages at most and about equally many."""
    parts = []
    for window in cut:
        count = math.ceil(len(window) / most)
        bounds = [round(index * len(window) / count) for index in range(count + 1)]
        parts += [window[start:end] for start, end in pairwise(bounds)]
    return parts


def _cut(pieces: Sequence[tuple[Passage, int]], limit: int, target: float) -> list[Window]:
    """Cut before the piece that would exceed `limit`, and where the windows so far have had their share of `target`."""
    cut: list[Window] = []
    window: list[Passage] = []
    filled = passed = 0
    for piece, size in pieces:
        if window and (filled + size > limit or passed + size / 2 > target * (len(cut) + 1)):
            cut.append(tuple(window))
            window, filled = [], 0
        window.append(piece)
        filled += size
        passed += size
    if window:
        cut.append(tuple(window))
    return cut


def _pieces(passage: Passage, limit: int, cost: Cost) -> Iterator[Passage]:
    if cost(passage) <= limit or len(passage.text) < 2:  # noqa: PLR2004 - one character cannot be halved
        yield passage
        return
    middle = len(passage.text) // 2
    space = passage.text.rfind(" ", 0, middle)
    at = space if space > 0 else middle
    for half in (passage.text[:at], passage.text[at:].lstrip()):
        if half:
            yield from _pieces(replace(passage, text=half), limit, cost)
