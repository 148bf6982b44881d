"""How loud a recording is from moment to moment: what a player draws.

A peak is the largest distance from silence, in [0, 1], within a tenth of a second. It is kept in one byte, as its square
root, so that a quiet recording keeps its shape: twelve hours are 432 kB.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

PEAKS_A_SECOND = 10

MOST_POINTS = 10_000

_CELL_MS = 1000 // PEAKS_A_SECOND
_HIGHEST = 255
_LEVELS = tuple((byte / _HIGHEST) ** 2 for byte in range(_HIGHEST + 1))


def cells(start: float, end: float) -> range:
    """Return the peaks that a part of a recording, in seconds, reports: those that begin in it.

    They are counted from the start of the recording. So parts that follow one another report each peak once; the one
    across their border belongs to the first, which has listened beyond its end.
    """
    # To the millisecond as it is handed on: a time half way between two is rounded once, and the same on both sides.
    first, last = (math.ceil(round(round(seconds, 3) * 1000) / _CELL_MS) for seconds in (start, end))
    return range(first, max(first, last))


@dataclass(frozen=True, slots=True)
class Waveform:
    """The peaks of a recording from its start on, as far as it was listened to; `complete`: that is to its end."""

    peaks: bytes
    complete: bool

    @property
    def seconds(self) -> float:
        return len(self.peaks) / PEAKS_A_SECOND

    @property
    def loudest(self) -> float:
        return _LEVELS[max(self.peaks, default=0)]

    def points(self, count: int) -> list[float]:
        """Return the waveform in `count` points, or as many as there are peaks: each the loudest of its share.

        They are normalised: the loudest of all is 1, unless all is silence.
        """
        length = len(self.peaks)
        count = min(count, length)
        highest = self.loudest or 1.0
        bounds = [length * number // count for number in range(count + 1)] if count else [0]
        return [round(_LEVELS[max(self.peaks[first:last])] / highest, 4) for first, last in pairwise(bounds)]


def put_together(parts: Iterable[tuple[int, bytes]], *, complete: bool) -> Waveform:
    """Return the waveform of parts, each with the number of its first peak. What no part reported counts as silence."""
    peaks = bytearray()
    for first, part in sorted(parts):
        peaks.extend(bytes(max(0, first - len(peaks))))
        peaks[first : first + len(part)] = part
    return Waveform(bytes(peaks), complete)
