"""What of decoded text belongs to a chunk: pure functions of times, so that no cut loses a word or has it twice."""

from collections.abc import Sequence
from dataclasses import replace

from app.core.transcript import Segment, Span
from app.workers.transcription.text.packing import settled

MARGIN_SECONDS = 1.5
"""Decoded on either side of a chunk that touches its neighbours: a word at the cut is heard whole."""


def owned(segments: Sequence[Segment], start: float, end: float) -> list[Segment]:
    """Return what of `segments` lies in [`start`, `end`): each word by its middle, and a segment without words by its own.

    Chunks that touch, each given the same segments, have every word once and in its order.
    """
    kept = []
    for segment in segments:
        if not segment.words:
            if start <= (segment.start + segment.end) / 2 < end:
                kept.append(segment)
            continue
        words = tuple(word for word in segment.words if start <= (word.start + word.end) / 2 < end)
        if len(words) == len(segment.words):
            kept.append(segment)
        elif words:
            text = "".join(word.text for word in words).strip()
            kept.append(replace(segment, start=words[0].start, end=words[-1].end, text=text, words=words))
    return kept


def in_order(segments: Sequence[Segment], start: float, end: float) -> list[Segment]:
    """Return the segments with times that never go back, from `start` to `end`: words, and segments after one another."""
    result = []
    for segment in segments:
        result.append(settled(segment, Span(start, end)))
        start = result[-1].end
    return result
