"""Recordings with one party a channel, such as telephone calls: knowing them, and hearing each party once.

Loudness is the root mean square of frames of `voice.FRAME_SECONDS`; all arrays of one call are of one length.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.options import Channels, TranscriptionOptions
from app.core.transcript import Span, SpeakerTurn
from app.workers.transcription.plan.cutting import joined
from app.workers.transcription.plan.voice import FRAME_SECONDS, Frames

Levels = NDArray[np.float64]

# In speech the levels of two microphones in one room rise and fall together (0.75 to 0.98 was
# seen); those of two parties do not (about 0 where both talk at once, down to -0.9 where they take turns).
_HIGHEST_CORRELATION = 0.25
# Over few frames syllables of two parties may rise together by chance: this much more over one frame, less by the root
# of their number over more (0.2 for 8 s).
_CORRELATION_BY_CHANCE = 3.3
_ALIKE_CORRELATION = 0.9
_LEAST_SPEECH_SECONDS = 1.0
_LEAST_SHARE = 0.05

# An echo or a headset's leak is at least so much below the voice itself, and follows it within a third of a second.
_ECHO_DECIBELS = 12.0
_ECHO_CORRELATION = 0.5
_LONGEST_DELAY_FRAMES = 10
_DELAYS = range(_LONGEST_DELAY_FRAMES + 1)
# How far an echo may rise above what it must be: its own ups and downs, and the noise of the line.
_ECHO_MARGIN_DECIBELS = 6.0
_FRAMES_THAT_TELL = 31  # a second
# So far below, what is heard is a leak, whatever its level does.
_LEAK_DECIBELS = 30.0
_SHORTEST_ECHO_FRAMES = 8  # about a quarter of a second
_SMOOTHED_FRAMES = 9
_SHORTEST_REST_FRAMES = 5

# 16-bit silence: below it no level means anything.
_FLOOR_DECIBELS = -70.0

_CLOSED_PAUSE_SECONDS = 0.5

FrameSpan = tuple[int, int]
"""(first, after last) frame."""


def forced(options: TranscriptionOptions, channels: int) -> bool | None:
    """Return whether the parties are told apart by channel where that needs no listening; None: it does."""
    if channels <= 1 or not options.diarization or options.channels is Channels.MIXED:
        return False
    if options.channels is Channels.SEPARATE:
        return True
    return None if channels == 2 else False  # noqa: PLR2004 - stereo


def one_party_each(loudness: tuple[Frames, Frames], speech: tuple[Sequence[FrameSpan], Sequence[FrameSpan]]) -> bool:
    """Tell whether two channels carry a party each, by what was heard of both in the same frames.

    They do where each has speech of its own, which is no echo of the other's, and the levels of the two do not rise and
    fall together while anybody speaks. The same voices in both, as in mono written twice, a stereo pair in a room or a
    mixed production, have levels that do.
    """
    own = [
        sum(last - first for first, last in without_echoes(speech[side], loudness[side], [loudness[1 - side]])[0])
        for side in (0, 1)
    ]
    least = max(_LEAST_SPEECH_SECONDS / FRAME_SECONDS, _LEAST_SHARE * sum(own))
    if min(own) < least:
        return False
    highest = _HIGHEST_CORRELATION + _CORRELATION_BY_CHANCE / math.sqrt(sum(own))
    return level_correlation(loudness, speech) < highest


def alike(first: Frames, second: Frames) -> bool:
    """Tell whether the levels of two channels are the same at all times: the same sound, or two microphones nearby."""
    levels = decibels(first), decibels(second)
    far = abs(float(np.median(levels[0] - levels[1]))) if len(first) else 0.0
    return far < _ECHO_DECIBELS and _correlation(*levels) > _ALIKE_CORRELATION


def level_correlation(
    loudness: tuple[Frames, Frames], speech: tuple[Sequence[FrameSpan], Sequence[FrameSpan]]
) -> float:
    """Return the correlation, -1 to 1, of the two channels' levels over the frames in which anybody speaks.

    It is the highest over delays of either channel: what is in both may reach one of them later.
    """
    speaking = np.zeros(len(loudness[0]), bool)
    for spans in speech:
        for first, last in spans:
            speaking[first:last] = True
    frames = np.flatnonzero(speaking)
    left, right = (decibels(channel) for channel in loudness)
    delays = range(-_LONGEST_DELAY_FRAMES, _LONGEST_DELAY_FRAMES + 1)
    return max(_correlation(left[frames], right[np.clip(frames - delay, 0, len(right) - 1)]) for delay in delays)


def decibels(loudness: Frames) -> Levels:
    """Return levels relative to full scale, not below that of 16-bit silence."""
    floor = 10 ** (_FLOOR_DECIBELS / 20)
    levels: Levels = 20 * np.log10(np.maximum(loudness.astype(np.float64), floor))
    return levels


def without_echoes(
    stretches: Sequence[FrameSpan], own: Frames, others: Sequence[Frames]
) -> tuple[list[FrameSpan], list[FrameSpan]]:
    """Part the stretches of speech of a channel into (what is its own, what is an echo of another channel).

    Where another channel is louder by far and the level follows that channel's, there is an echo on the line: its delay
    and its loss are then known, and it is a run of frames no louder than the echo must be. Without one, only what is so
    faint beside the other channel that it can but be a leak is dropped: where both parties speak at once, one of them
    being the fainter, the levels do not follow each other, and that is kept.
    """
    echo = np.zeros(len(own), bool)
    own_level = _smooth_level(own)
    for other in others:
        other_level = _smooth_level(other)
        below = other_level - own_level
        flags = below > _LEAK_DECIBELS
        path = _echo_path(own, other, [run for span in stretches for run in _runs(below > _ECHO_DECIBELS, *span)])
        if path is not None:
            delay, loss = path
            flags |= _delayed(other_level, delay) - own_level > loss - _ECHO_MARGIN_DECIBELS
        for first, last in _runs(flags, 0, len(flags)):
            if last - first >= _SHORTEST_ECHO_FRAMES:
                echo[first:last] = True
    kept: list[FrameSpan] = []
    dropped: list[FrameSpan] = []
    for span in stretches:
        pieces = list(_runs(~echo, *span))
        if pieces != [span]:
            dropped += _runs(echo, *span)
            # The edges of an echo, left over by smoothing.
            pieces = [piece for piece in pieces if piece[1] - piece[0] >= _SHORTEST_REST_FRAMES]
        kept += pieces
    return kept, dropped


def turns_of(speech: Sequence[Sequence[Span]]) -> tuple[SpeakerTurn, ...]:
    """Return who spoke when: `speech` has the spans of each channel. Short pauses within a turn are part of it."""
    turns = [
        SpeakerTurn(span.start, span.end, f"SPEAKER_{channel:02d}")
        for channel, spans in enumerate(speech)
        for span in joined(spans, _CLOSED_PAUSE_SECONDS)
    ]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _echo_path(own: Frames, other: Frames, runs: Sequence[FrameSpan]) -> tuple[int, float] | None:
    """Return (delay in frames, loss in decibels) of the other channel's echo in `runs`; None: there is no echo.

    `runs` are frames in which the other channel is louder by far.
    """
    runs = [(first, last) for first, last in runs if last - first >= _SHORTEST_ECHO_FRAMES]
    # Fewer frames would follow something by chance.
    if sum(last - first for first, last in runs) < _FRAMES_THAT_TELL:
        return None
    frames = np.concatenate([np.arange(first, last) for first, last in runs])
    own_level, other_level = decibels(own), decibels(other)
    found = [_correlation(own_level[frames], _delayed(other_level, delay)[frames]) for delay in _DELAYS]
    best = int(np.argmax(found))
    if found[best] < _ECHO_CORRELATION:
        return None
    return best, float(np.median(_delayed(other_level, best)[frames] - own_level[frames]))


def _delayed(levels: Levels, frames: int) -> Levels:
    return levels[np.maximum(np.arange(len(levels)) - frames, 0)]


def _correlation(first: Levels, second: Levels) -> float:
    """Return Pearson's correlation; 0 where one of the two does not change."""
    if not len(first):
        return 0.0
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale else 0.0


def _smooth_level(loudness: Frames) -> Levels:
    power = np.convolve(loudness.astype(np.float64) ** 2, np.ones(_SMOOTHED_FRAMES) / _SMOOTHED_FRAMES, "same")
    return decibels(np.sqrt(power).astype(np.float32)[: len(loudness)])


def _runs(flags: NDArray[np.bool_], begin: int, end: int) -> Iterator[FrameSpan]:
    """Yield (first, after last) of each run of true flags between the two frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags[begin:end], [False]]).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield first + begin, last + begin
