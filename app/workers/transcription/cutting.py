"""Cutting a recording into chunks that are decoded apart: pure functions of times.

Chunks are about five minutes: short enough that many workers share a long recording and a lost one costs little, long
enough that the cost of a job does not show. A cut falls into a pause; every span of speech stays whole.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import ChunkPlan, Span

TARGET_SECONDS = 300.0
LONGEST_SECONDS = 420.0
"""Up to this, a recording is one chunk; no chunk is longer."""

PADDING_SECONDS = 0.4
"""Kept on either side of speech: Silero's spans begin late on soft onsets (faster-whisper's default)."""

# How far from its target a cut may go to find a longer pause.
_TOLERANCE = 0.25
_QUIET_SECONDS = 0.5


def padded(spans: Sequence[Span], duration: float, padding: float = PADDING_SECONDS) -> list[Span]:
    """Widen each span by `padding` on both sides, within [0, `duration`]; a shorter pause is shared by halves."""
    result = []
    for index, span in enumerate(spans):
        before = (spans[index - 1].end + span.start) / 2 if index else 0.0
        after = (span.end + spans[index + 1].start) / 2 if index + 1 < len(spans) else duration
        result.append(Span(max(span.start - padding, before), min(span.end + padding, after)))
    return result


def cut_at_pauses(
    spans: Sequence[Span],
    duration: float,
    *,
    target: float = TARGET_SECONDS,
    longest: float = LONGEST_SECONDS,
) -> tuple[ChunkPlan, ...]:
    """Group spans of speech into chunks, each from its first padded span to its last, at most `longest` seconds.

    `spans` are in order, apart or touching, and none is longer than a third of `target`. Each span is in exactly one
    chunk, with its padding. Silence between chunks belongs to none.
    """
    wide = padded(spans, duration)
    chunks = []
    first = 0
    while first < len(spans):
        last = _last_of_chunk(spans, wide, first, target, longest)
        chunks.append(ChunkPlan(wide[first].start, wide[last].end, tuple(wide[first : last + 1])))
        first = last + 1
    return tuple(chunks)


def _last_of_chunk(spans: Sequence[Span], wide: Sequence[Span], first: int, target: float, longest: float) -> int:
    """Return the index of the last span of the chunk that begins with span `first`."""
    begin = wide[first].start
    rest = wide[-1].end - begin
    if rest <= longest:
        return len(spans) - 1
    aim = begin + rest / max(2, round(rest / target))
    near = _TOLERANCE * (aim - begin)
    best: tuple[float, float] | None = None
    chosen = last = first
    for index in range(first, len(spans) - 1):
        if wide[index].end - begin > longest:
            break
        last = index
        pause = spans[index + 1].start - spans[index].end
        middle = (spans[index + 1].start + spans[index].end) / 2
        # A pause within reach of the aim competes by its length; a long silence reaches from wherever it begins.
        reached = spans[index + 1].start >= aim - near and spans[index].end <= aim + near
        if reached and (best is None or (pause, -abs(middle - aim)) > best):
            best, chosen = (pause, -abs(middle - aim)), index
        if spans[index].end > aim + near:
            break
    return chosen if best is not None else last


def cut_anywhere(
    loudness: NDArray[np.float32],
    frame_seconds: float,
    duration: float,
    *,
    target: float = TARGET_SECONDS,
    longest: float = LONGEST_SECONDS,
) -> tuple[ChunkPlan, ...]:
    """Cut all of [0, `duration`] into touching chunks, at the quietest half second near each target.

    `loudness` is the root mean square of each frame of `frame_seconds`. For recordings in which speech was not looked
    for: the chunks' `speech` is None.
    """
    width = max(1, round(_QUIET_SECONDS / frame_seconds))
    chunks = []
    start = 0.0
    while duration - start > longest:
        aim = start + (duration - start) / max(2, round((duration - start) / target))
        near = _TOLERANCE * (aim - start)
        first, last = round((aim - near) / frame_seconds), round((aim + near) / frame_seconds)
        quiet = np.convolve(loudness[first : last + width], np.ones(width), "valid")
        # Of equally quiet places the one nearest to the aim: a silent recording is cut evenly.
        offsets = np.flatnonzero(quiet <= quiet.min() + 1e-6)
        places = (first + offsets + width / 2) * frame_seconds
        cut = float(places[np.argmin(np.abs(places - aim))])
        chunks.append(ChunkPlan(start, cut, None))
        start = cut
    if duration > start:
        chunks.append(ChunkPlan(start, duration, None))
    return tuple(chunks)


def windows(spans: Sequence[Span], longest: float) -> list[tuple[Span, ...]]:
    """Group spans, in order, so that the speech of each group is at most `longest` seconds, silence not counted."""
    groups: list[list[Span]] = []
    filled = 0.0
    for span in spans:
        if not groups or filled + span.duration > longest:
            groups.append([])
            filled = 0.0
        groups[-1].append(span)
        filled += span.duration
    return [tuple(group) for group in groups]
