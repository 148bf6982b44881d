"""Where a recording is cut. Pure functions of times.

It is planned in parts; the speech of a part is decoded in chunks, and its voices are told apart in stretches. Every cut falls into a pause where there is one; every span of speech stays whole, and is in exactly one part and chunk.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import ChunkPlan, Span

SHORTEST_TARGET_SECONDS = 30.0
"""Of speech in a chunk: one of the decoder's windows.

Who sends ten seconds of speech waits for the job in hand. With two minutes in a chunk the slowest of them took 4.6 times as
long as alone, with one 3.3 times: more than the 3 that we allow ourselves (`python -m benchmarks.fairness`).
"""
TARGET_SECONDS = 60.0
"""Of speech in a chunk where many workers are alive, or of sound in a stretch, whose voices take a fraction of the time."""
_SECONDS_A_WORKER = 15.0
"""Of many workers one is soon free, and larger chunks cost a twentieth less: see docs/measurements.md."""
FIRST_CHUNK_SECONDS = 45.0
"""The first chunk of a recording is no longer, so that its first words come early."""
LONGEST_CHUNK_SECONDS = 600.0
"""Of sound: 38 MB. Only a chunk with long silences between its words comes near it."""

PADDING_SECONDS = 0.4
"""Kept on either side of speech: Silero's spans begin late on soft onsets (faster-whisper's default)."""

VOICE_WINDOW_SECONDS = 10.0
"""How much the diarization hears at once: its windows that begin so long before a word still hear the word."""
_AFTER_SPEECH_SECONDS = 1.0
# Less silence than this between two stretches costs less than a job of its own would.
_SHORTEST_BREAK_SECONDS = 20.0

# As long as a listener takes to call it a pause.
_SHORTEST_PAUSE_SECONDS = 0.159
# Beyond a second a longer pause is no better place to cut.
_LONG_PAUSE_SECONDS = 1.0

# How far from its target a cut may go to find a quieter place.
_TOLERANCE = 0.25
_QUIET_SECONDS = 0.5


def target_seconds(duration: float | None, workers: int) -> float:
    """Return how much speech a chunk is to hold, in a recording of `duration` seconds (None: unknown).

    As little as the decoder works well with where few workers are alive, so that who comes in between does not wait for
    long; more where there are many. Never so much that some of them have nothing to do: two chunks a worker at the least.
    """
    longest = min(max(_SECONDS_A_WORKER * workers, SHORTEST_TARGET_SECONDS), TARGET_SECONDS)
    return _shared(duration, workers, longest)


def stretch_seconds(duration: float | None, workers: int) -> float:
    """Return how much sound a stretch is to hold: a minute, or less where more workers than that would have something to do."""
    return _shared(duration, workers, TARGET_SECONDS)


def _shared(duration: float | None, workers: int, longest: float) -> float:
    if duration is None or workers <= 1:
        return longest
    return min(max(duration / (2 * workers), SHORTEST_TARGET_SECONDS), longest)


def end_of_part(stretches: Sequence[Span], begin: float, heard: float, reach: float) -> float | None:
    """Return where a part that begins at `begin` is best ended when the recording was heard up to `heard`.

    It is in a pause between `stretches` of speech (in order, apart), or in the silence after the last one: in the last
    of the long pauses that `reach` into the last so many seconds, or else the longest pause there, or else the last
    pause before. What follows gets at least half of the pause; of a long one, enough for the windows of diarization.
    None where nobody pauses.
    """
    edges = [begin, *(edge for span in stretches for edge in (span.start, span.end)), heard]
    gaps = [Span(end, start) for end, start in zip(edges[::2], edges[1::2], strict=True)]
    pauses = [gap for gap in gaps if gap.duration >= _shortest(gap, begin, heard)]
    # The silence before the first word would leave nothing for this part: only where there is no other.
    spoken = [pause for pause in pauses if pause.start > begin] or pauses
    near = [pause for pause in spoken if pause.end > heard - reach]
    if near:
        chosen = max(near, key=lambda pause: (min(pause.duration, _LONG_PAUSE_SECONDS), pause.start))
    elif spoken:
        chosen = spoken[-1]
    else:
        return None
    return _in_pause(chosen)


def end_of_windows(stretches: Sequence[Span], spans: Sequence[Span], window: float) -> float | None:
    """Return where a part is best ended in which `stretches` of speech were heard: behind its last full window.

    `spans` are the same speech, divided and padded. So the decoder's windows go on from part to part as they would in one
    go, and no part leaves a crumb of one, which the decoder hears less well. None where no window is full, or none ends
    in a pause.
    """
    edges = [edge for span in stretches for edge in (span.start, span.end)]
    pauses = [Span(end, start) for end, start in zip(edges[1:-1:2], edges[2::2], strict=True)]
    following = [group[0].start for group in windows(spans, window)[1:]]
    full = [pause for pause in pauses for start in following if pause.start < start <= pause.end]
    return _in_pause(full[-1]) if full else None


def _in_pause(pause: Span) -> float:
    """Return a moment of the pause that leaves half of it to what follows; of a long one, enough for the windows of diarization."""
    return max(pause.end - VOICE_WINDOW_SECONDS - 1, (pause.start + pause.end) / 2)


def _shortest(gap: Span, begin: float, heard: float) -> float:
    """Return how long a gap must be to be cut: one at an edge may be part of a longer one, of which it gets too little."""
    return _LONG_PAUSE_SECONDS if gap.start <= begin or gap.end >= heard else _SHORTEST_PAUSE_SECONDS


def within(spans: Sequence[Span], begin: float, end: float) -> list[Span]:
    """Return what of `spans` lies between the two times."""
    clipped = (Span(max(span.start, begin), min(span.end, end)) for span in spans)
    return [span for span in clipped if span.start < span.end]


def joined(spans: Sequence[Span], pause: float) -> list[Span]:
    """Return `spans`, in order of their starts, as one where they overlap or are less than `pause` seconds apart."""
    result: list[Span] = []
    for span in spans:
        if result and (span.start < result[-1].end + pause or span.start <= result[-1].end):
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def padded(spans: Sequence[Span], begin: float, end: float, padding: float = PADDING_SECONDS) -> list[Span]:
    """Widen each span by `padding` on both sides, within [`begin`, `end`]; a shorter pause is shared by halves."""
    result = []
    for index, span in enumerate(spans):
        before = (spans[index - 1].end + span.start) / 2 if index else begin
        after = (span.end + spans[index + 1].start) / 2 if index + 1 < len(spans) else end
        result.append(Span(max(span.start - padding, before), min(span.end + padding, after)))
    return result


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


def cut_at_pauses(
    spans: Sequence[Span], window: float, *, target: float, first: bool = False, channel: int | None = None
) -> tuple[ChunkPlan, ...]:
    """Group padded spans of speech into chunks, each from its first span to its last.

    A chunk is a whole number of the decoder's windows (`window` seconds of speech, silence not counted), each as full
    as can be, `target` seconds of speech in all or a little more; chunks are even. With `first`, the first one is a
    single window of at most `FIRST_CHUNK_SECONDS`. `spans` are in order, apart or touching, none longer than a window.
    Each is in exactly one chunk; silence between chunks is in none.
    """
    chunks: list[Sequence[Span]] = []
    rest = list(spans)
    if first and rest and rest[-1].end - rest[0].start > FIRST_CHUNK_SECONDS:
        opening = [span for span in windows(rest, window)[0] if span.end - rest[0].start <= FIRST_CHUNK_SECONDS]
        chunks.append(opening)
        rest = rest[len(opening) :]
    for run in _runs(rest):
        groups = windows(run, window)
        count = -(-len(groups) // max(1, -(-round(target) // round(window))))
        for number in range(count):
            of_chunk = groups[len(groups) * number // count : len(groups) * (number + 1) // count]
            chunks.append([span for group in of_chunk for span in group])
    return tuple(ChunkPlan(chunk[0].start, chunk[-1].end, tuple(chunk), channel) for chunk in chunks)


def _runs(spans: Sequence[Span]) -> list[list[Span]]:
    """Part spans so that each run of them takes at most `LONGEST_CHUNK_SECONDS`, silence counted."""
    runs: list[list[Span]] = []
    for span in spans:
        if not runs or span.end - runs[-1][0].start > LONGEST_CHUNK_SECONDS:
            runs.append([])
        runs[-1].append(span)
    return runs


def cut_anywhere(
    loudness: NDArray[np.float32],
    frame_seconds: float,
    begin: float,
    end: float,
    *,
    target: float,
    first: bool = False,
    channel: int | None = None,
) -> tuple[ChunkPlan, ...]:
    """Cut all of [`begin`, `end`] into touching chunks, at the quietest half second near each target.

    `loudness` is the root mean square of each frame of `frame_seconds` from `begin` on. For recordings in which speech
    was not looked for: the chunks' `speech` is None. `first` as in `cut_at_pauses`. No chunk is longer than `target`
    and a half.
    """
    chunks: list[ChunkPlan] = []
    start = begin
    while True:
        size = min(target, FIRST_CHUNK_SECONDS / (1 + _TOLERANCE)) if first and not chunks else target
        if end - start <= (FIRST_CHUNK_SECONDS if size < target else 1.5 * target):
            break
        aim = start + (size if size < target else (end - start) / max(2, round((end - start) / size)))
        near = min(_TOLERANCE * (aim - start), 1.5 * target - (aim - start))
        cut = begin + quietest(loudness, frame_seconds, aim - near - begin, aim + near - begin)
        chunks.append(ChunkPlan(start, cut, None, channel))
        start = cut
    if end > start:
        chunks.append(ChunkPlan(start, end, None, channel))
    return tuple(chunks)


def quietest(loudness: NDArray[np.float32], frame_seconds: float, earliest: float, latest: float) -> float:
    """Return the middle of the quietest half second between the two times, in seconds from the first frame."""
    width = max(1, round(_QUIET_SECONDS / frame_seconds))
    first, last = max(0, round(earliest / frame_seconds)), round(latest / frame_seconds)
    quiet = np.convolve(loudness[first : last + width], np.ones(width), "valid")
    if not len(quiet):
        return (earliest + latest) / 2
    # Of equally quiet places the one nearest to the middle: a silent recording is cut evenly.
    places = (first + np.flatnonzero(quiet <= quiet.min() + 1e-6) + width / 2) * frame_seconds
    return float(places[np.argmin(np.abs(places - (earliest + latest) / 2))])


def stretches_of(speech: Sequence[Span], begin: float, end: float, *, target: float) -> tuple[Span, ...]:
    """Return the stretches of [`begin`, `end`] in which voices are to be told apart, about `target` seconds each.

    They hold every moment from `VOICE_WINDOW_SECONDS` before a word of `speech` to a second after it, so that every
    window of diarization that hears the word begins in one of them; `speech` may go beyond `end`, as may what such a
    window hears. Where the speech goes on they touch; long silences are in none.
    """
    needed = (Span(span.start - VOICE_WINDOW_SECONDS, span.end + _AFTER_SPEECH_SECONDS) for span in speech)
    result = []
    for run in joined(within(list(needed), begin, end), _SHORTEST_BREAK_SECONDS):
        count = max(1, round(run.duration / target))
        # To the millisecond, as plans are written down: one's end is the next one's start.
        cuts = [round(run.start + run.duration * number / count, 3) for number in range(1, count)]
        result += [Span(*bounds) for bounds in pairwise([run.start, *cuts, run.end])]
    return tuple(result)
