"""Voice activity: where in a recording anybody speaks (Silero VAD, as faster-whisper ships it)."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import Span
from app.media.decode import SAMPLE_RATE, Samples

Frames = NDArray[np.float32]
Memory = NDArray[np.float32]

FRAME_SAMPLES = 512
"""Silero's window at 16 kHz: 32 ms."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE

BLOCK_SECONDS = 60
"""A whole number of frames: 1875."""

# The network hears the end of the frame before beside each.
_CONTEXT_SAMPLES = 64
_MEMORY_SHAPE = (2, 1, 1, 128)

# It is recurrent; where it begins in the middle, and nobody knows what it remembers there, it hears so much before.
_RUN_UP_FRAMES = 64
RUN_UP_SECONDS = _RUN_UP_FRAMES * FRAME_SECONDS

# Ten steps of a 16-bit sample: below any recorded voice, above dither.
_SILENT_PEAK = 3e-4

# faster-whisper's settings for batched decoding, on which its published accuracy rests.
_ONSET_PROBABILITY = 0.5
# A voice across a large room was seen at 0.3; noise and silence stay below this.
_FAINT_PROBABILITY = 0.2
_OFFSET_PROBABILITY = 0.35
_SHORTEST_PAUSE_FRAMES = 5  # 160 ms, and it must still be quiet then
_SHORTEST_SPEECH_FRAMES = 2

LONGEST_SPAN_SECONDS = 28.0
"""With padding on both sides a span still fits Whisper's window of 30 s."""


class Listener:
    """Hears a recording, or one channel of it, block by block from a place on.

    It remembers 8 bytes for each 32 ms, and a kilobyte for each block. Blocks lie on a grid that is the same for all of
    the recording, and the network goes on from each with what it remembers. So where hearing begins with that, what is
    heard is what would have been heard in one go.
    """

    def __init__(self, *, voice: bool, start: float = 0.0, memory: bytes = b"") -> None:
        """`voice`: whether speech is looked for, or only loudness is measured. `start`: speech before it is left out.

        `memory`: what `memory_for` gave for `start`; where it is not known, as good as empty after a run-up.
        """
        self._voice = voice
        self._start = start
        self.begin = start // BLOCK_SECONDS * float(BLOCK_SECONDS)
        """Where the first block begins, at or before `start`, in seconds."""
        known = _memory_of(memory)
        self._memories = [np.zeros(_MEMORY_SHAPE, np.float32) if known is None else known]
        self._needs_a_run_up = voice and known is None
        self._tail: Samples = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._probabilities: list[Frames] = []
        self._loudness: list[Frames] = []
        self._samples = 0

    @property
    def seconds(self) -> float:
        """Where in the recording what was heard ends."""
        return (round(self.begin * SAMPLE_RATE) + self._samples) / SAMPLE_RATE

    @property
    def loudness(self) -> Frames:
        """Root mean square of each frame from `begin` on, shape (frames,), in [0, 1]."""
        return np.concatenate(self._loudness) if self._loudness else np.empty(0, np.float32)

    @property
    def probabilities(self) -> Frames:
        """Probability of speech in each frame from `begin` on, shape (frames,)."""
        return np.concatenate(self._probabilities) if self._probabilities else np.empty(0, np.float32)

    def faint(self, start: float, end: float) -> bool:
        """Whether there may have been speech between the two times, be it too faint to count as such."""
        frames = self.probabilities[self.index(start) : self.index(end)]
        return int((frames >= _FAINT_PROBABILITY).sum()) >= _SHORTEST_SPEECH_FRAMES

    def run_up(self, samples: Samples) -> None:
        """Take the `RUN_UP_SECONDS` before `begin`, where there are any."""
        samples = np.pad(samples, (-len(samples) % FRAME_SAMPLES, 0))
        if self._needs_a_run_up and len(samples):
            _, self._memories[0] = self._heard(samples)
        self._tail = np.concatenate([self._tail, samples])[-_CONTEXT_SAMPLES:]

    def memory_for(self, start: float) -> bytes:
        """Return what a listener has to remember that goes on from `start`, up to which this one has heard."""
        if not self._voice:
            return b""
        return self._memories[int(start // BLOCK_SECONDS - self.begin // BLOCK_SECONDS)].astype("<f4").tobytes()

    def hear(self, block: Samples) -> None:
        """Take the next block. Every block but the last is a whole number of frames long."""
        if not len(block):
            return
        self._samples += len(block)
        whole = np.pad(block, (0, -len(block) % FRAME_SAMPLES))
        frames = whole.reshape(-1, FRAME_SAMPLES)
        self._loudness.append(np.sqrt(np.mean(np.square(frames), axis=1)))
        if not self._voice:
            return
        if np.abs(block).max() < _SILENT_PEAK:
            # After a minute of nothing it is as if it had just begun.
            probabilities, memory = np.zeros(len(frames), np.float32), np.zeros(_MEMORY_SHAPE, np.float32)
        else:
            probabilities, memory = self._heard(whole)
        self._probabilities.append(probabilities)
        self._memories.append(memory)
        self._tail = whole[-_CONTEXT_SAMPLES:]

    def _heard(self, samples: Samples) -> tuple[Frames, Memory]:
        """Return the probability of speech in each frame, and what the network remembers behind the last one."""
        from faster_whisper.vad import get_vad_model  # heavy, and only workers have it

        frames = samples.reshape(-1, FRAME_SAMPLES)
        before = np.concatenate([self._tail[None], frames[:-1, -_CONTEXT_SAMPLES:]])
        hidden, cell = self._memories[-1]
        result, hidden, cell = get_vad_model().session.run(
            None, {"input": np.concatenate([before, frames], axis=1), "h": hidden, "c": cell}
        )
        return np.asarray(result, np.float32).reshape(-1), np.stack([hidden, cell])

    def stretches(self) -> list[Span]:
        """Return where somebody speaks from `start` on, pauses apart: in order, without padding, of any length."""
        found = []
        for first, last in speech_frames(self.probabilities):
            span = Span(max(self.time(first), self._start), min(self.time(last), self.seconds))
            if span.start < span.end:
                found.append(span)
        return found

    def divided(self, stretches: Sequence[Span]) -> list[Span]:
        """Cut stretches of speech into spans none of which is longer than `LONGEST_SPAN_SECONDS`."""
        probabilities, loudness = self.probabilities, self.loudness
        spans = []
        for stretch in stretches:
            pieces = divide(self.index(stretch.start), self.index(stretch.end), probabilities, loudness)
            cuts = [self.time(first) for first, _ in pieces[1:]]
            spans += [Span(*bounds) for bounds in pairwise([stretch.start, *cuts, stretch.end])]
        return spans

    def speech(self) -> list[Span]:
        """Return the spans of speech heard so far, none longer than `LONGEST_SPAN_SECONDS`, without padding."""
        return self.divided(self.stretches())

    def time(self, frame: int) -> float:
        """Return where the frame, counted from `begin`, begins in the recording."""
        # From the whole number of the frame in the recording: the same number whatever `begin` is.
        return (round(self.begin / FRAME_SECONDS) + frame) * FRAME_SECONDS

    def index(self, time: float) -> int:
        """Return the frame, counted from `begin`, that begins nearest to a time."""
        return round((time - self.begin) / FRAME_SECONDS)


def _memory_of(given: bytes) -> Memory | None:
    if len(given) != math.prod(_MEMORY_SHAPE) * np.dtype("<f4").itemsize:
        return None
    return np.frombuffer(given, "<f4").reshape(_MEMORY_SHAPE).astype(np.float32)


def speech_frames(probabilities: Frames) -> list[tuple[int, int]]:
    """Return (first, after last) frame of each stretch of speech: hysteresis over the probabilities.

    Speech begins at or above the onset and ends where it stays below the offset for the shortest pause.
    """
    spans: list[tuple[int, int]] = []
    start: int | None = None
    quiet_since: int | None = None
    # Only frames that can change the state are looked at: hours of silence cost nothing.
    for index in np.flatnonzero(probabilities >= _OFFSET_PROBABILITY).tolist():
        speaking = probabilities[index] >= _ONSET_PROBABILITY
        if start is not None and quiet_since is not None and _is_pause(probabilities[quiet_since:index]):
            spans.append((start, quiet_since))
            start = quiet_since = None
        if start is None:
            if speaking:
                start, quiet_since = index, index + 1
        elif speaking or quiet_since == index:
            quiet_since = index + 1
    if start is not None and quiet_since is not None:
        spans.append((start, quiet_since))
    return [(first, last) for first, last in spans if last - first >= _SHORTEST_SPEECH_FRAMES]


def _is_pause(between: Frames) -> bool:
    return len(between) > _SHORTEST_PAUSE_FRAMES and bool(
        (between[_SHORTEST_PAUSE_FRAMES:] < _OFFSET_PROBABILITY).any()
    )


def divide(start: int, end: int, probabilities: Frames, loudness: Frames) -> list[tuple[int, int]]:
    """Cut speech without a pause into spans that a decoder can take, each time where a voice is least likely."""
    longest = int(LONGEST_SPAN_SECONDS / FRAME_SECONDS)
    pieces = []
    while end - start > longest:
        count = -(-(end - start) // longest)
        target = (end - start) // count
        first, last = start + target * 2 // 3, min(start + target * 4 // 3, start + longest)
        # Three frames are a tenth of a second, about the shortest closure between two syllables.
        unlikely = np.convolve(
            probabilities[first - 1 : last + 1] + loudness[first - 1 : last + 1], np.ones(3), "valid"
        )
        cut = first + int(np.argmin(unlikely))
        pieces.append((start, cut))
        start = cut
    pieces.append((start, end))
    return pieces
