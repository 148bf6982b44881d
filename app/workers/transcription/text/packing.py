"""Speech put together into the decoder's windows, silences left out, and the way back to the recording's clock."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np

from app.core.transcript import Segment, Span
from app.media.decode import SAMPLE_RATE, Samples


def balanced(spans: Sequence[Span], longest: float) -> list[tuple[Span, ...]]:
    """Group spans, in order, into as few windows of at most `longest` seconds of speech as can be, and those even.

    A window costs as much as the longest one of its batch: a full one and a crumb cost nearly twice what two halves do.
    A span that is longer than `longest` has a window of its own.
    """
    filled = list(accumulate((span.duration for span in spans), initial=0.0))
    # cost[last]: (windows, their squared lengths) of the best way to group the spans before `last`.
    cost: list[tuple[int, float]] = [(0, 0.0)]
    cut_before = [0]
    for last in range(1, len(filled)):
        best: tuple[tuple[int, float], int] | None = None
        for first in range(last - 1, -1, -1):
            length = filled[last] - filled[first]
            if length > longest and first < last - 1:
                break
            windows, squares = cost[first]
            here = ((windows + 1, squares + length**2), first)
            best = here if best is None or here < best else best
        assert best is not None  # noqa: S101 - a span alone is always a window
        cost.append(best[0])
        cut_before.append(best[1])
    cuts = [len(spans)] if spans else []
    while cuts and cuts[-1]:
        cuts.append(cut_before[cuts[-1]])
    return [tuple(spans[first:last]) for first, last in pairwise(reversed(cuts))]


class Packed:
    """The speech of one window, silences left out."""

    def __init__(self, samples: Samples, spans: Sequence[Span]) -> None:
        """`spans`, in order, are times in `samples`."""
        pieces = []
        self._spans: list[Span] = []
        self._starts: list[float] = []
        length = 0
        for span in spans:
            first = round(span.start * SAMPLE_RATE)
            piece = samples[first : round(span.end * SAMPLE_RATE)]
            self._starts.append(length / SAMPLE_RATE)
            self._spans.append(Span(first / SAMPLE_RATE, (first + len(piece)) / SAMPLE_RATE))
            pieces.append(piece)
            length += len(piece)
        self.samples: Samples = np.concatenate(pieces)

    def restore(self, segment: Segment) -> Segment:
        """Return the segment, given in times of the packed samples, in times of those that were packed."""
        words = []
        for word in segment.words:
            # A word belongs to one span, that of its middle, and cannot reach over a silence that was left out.
            index = self._index((word.start + word.end) / 2)
            words.append(replace(word, start=self._time(word.start, index), end=self._time(word.end, index)))
        first, last = self._index(segment.start), self._index(segment.end, at_end=True)
        bounds = Span(self._spans[0].start, self._spans[-1].end)
        start, end = self._time(segment.start, first), self._time(segment.end, last)
        return settled(replace(segment, start=start, end=end, words=tuple(words)), bounds)

    def _index(self, time: float, *, at_end: bool = False) -> int:
        return max(0, bisect_right(self._starts, time - 1e-6 if at_end else time) - 1)

    def _time(self, time: float, index: int) -> float:
        span = self._spans[index]
        return min(max(span.start + time - self._starts[index], span.start), span.end)


def settled(segment: Segment, bounds: Span) -> Segment:
    """Return the segment with times in order: words within `bounds`, none before the one before it, none outside.

    Word alignment can overrun a window's end, and the engine's own repairs of long words can set one back.
    """
    time = bounds.start
    words = []
    for word in segment.words:
        start = min(max(word.start, time), bounds.end)
        end = min(max(word.end, start), bounds.end)
        words.append(replace(word, start=start, end=end))
        time = end
    if words:
        return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))
    start = min(max(segment.start, bounds.start), bounds.end)
    return replace(segment, start=start, end=min(max(segment.end, start), bounds.end))
