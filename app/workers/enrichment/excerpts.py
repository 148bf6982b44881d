"""How a long text is shared out: which windows, and which lines to write anew, each job reads."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

from app.workers.enrichment.folding import Passage, Window

_MOST_EXCERPTS = 400
"""Of either kind; where there are more windows, a job reads several. What the API takes is more than twice that."""
_BLOCKS_AT_ONCE = 8
"""Lines are written anew few at a time; so many times of that are a job's."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What one job reads: windows of which everything is asked, or by task lines that are written anew.

    `first` is the number of the first window, from 1.
    """

    windows: tuple[Window, ...] = ()
    lines: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    first: int = 1

    @property
    def segments(self) -> list[int]:
        """The positions of the segments that are read, in order."""
        blocks = [*self.windows, *(block for cut in self.lines.values() for block in cut)]
        return sorted({position for block in blocks for passage in block for position in passage.segments})

    def to_dict(self, passages: Sequence[Passage]) -> dict[str, Any]:
        """Return JSON-ready values: positions of segments, with the text beside those of which a piece is read."""
        whole = {passage.segments[0]: passage.text for passage in passages}
        return {
            "first": self.first,
            "windows": [_written(window, whole) for window in self.windows],
            "lines": {name: [_written(block, whole) for block in cut] for name, cut in self.lines.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], passages: Sequence[Passage]) -> Self:
        """Rebuild what `to_dict` gave. Raises `AttributeError`, `KeyError`, `TypeError` or `ValueError`."""
        known = {passage.segments[0]: passage for passage in passages}
        return cls(
            windows=tuple(_read(window, known) for window in values["windows"]),
            lines={name: tuple(_read(block, known) for block in cut) for name, cut in values["lines"].items()},
            first=int(values["first"]),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be read: the `windows`, by task the `lines` to be written anew, and how that is shared out.

    `failures`: why, of tasks that have no room.
    """

    windows: Sequence[Window]
    lines: Mapping[str, Sequence[Window]]
    failures: Mapping[str, str]

    @property
    def readings(self) -> list[Excerpt]:
        """What is to be read, in order: as many excerpts as there are windows, if that is not too many."""
        bounds = _even(len(self.windows), _MOST_EXCERPTS)
        return [Excerpt(windows=tuple(self.windows[start:end]), first=start + 1) for start, end in bounds]

    @property
    def rewritings(self) -> list[Excerpt]:
        """What is to be written anew, in order. All tasks about the same lines are one job's: what was read is known then."""
        longest = max((len(cut) for cut in self.lines.values()), default=0)
        count = min(math.ceil(longest / _BLOCKS_AT_ONCE), _MOST_EXCERPTS)
        shares = {name: _shared(cut, count) for name, cut in self.lines.items()}
        return [Excerpt(lines={name: shares[name][number] for name in shares}) for number in range(count)]

    @property
    def is_long(self) -> bool:
        """Whether it is too much for one job."""
        return len(self.windows) > 1 or len(self.rewritings) > 1


def _even(length: int, most: int) -> list[tuple[int, int]]:
    count = min(length, most)
    return list(pairwise(round(index * length / count) for index in range(count + 1))) if count else []


def _shared(cut: Sequence[Window], count: int) -> list[tuple[Window, ...]]:
    bounds = pairwise(round(index * len(cut) / count) for index in range(count + 1))
    return [tuple(cut[start:end]) for start, end in bounds]


def _written(window: Window, whole: Mapping[int, str]) -> list[Any]:
    return [
        position if passage.text == whole[position] else [position, passage.text]
        for passage in window
        for position in passage.segments
    ]


def _read(window: Sequence[Any], known: Mapping[int, Passage]) -> Window:
    passages = []
    for piece in window:
        position, text = (piece, None) if isinstance(piece, int) else piece
        passage = known[position]
        passages.append(passage if text is None else Passage(str(text), passage.speaker, passage.segments))
    return tuple(passages)
