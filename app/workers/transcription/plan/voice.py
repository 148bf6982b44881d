"""Voice activity: where in a recording anybody speaks (Silero VAD, as faster-whisper ships it)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import Span
from app.media.decode import SAMPLE_RATE, Samples

Frames = NDArray[np.float32]

FRAME_SAMPLES = 512
"""Silero's window at 16 kHz: 32 ms."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE

BLOCK_SECONDS = 60
"""A whole number of frames: 1875."""

# The network is recurrent; after so many frames of the block before it has forgotten that it was started anew.
_RUN_UP_FRAMES = 64
RUN_UP_SECONDS = _RUN_UP_FRAMES * FRAME_SECONDS

# Ten steps of a 16-bit sample: below any recorded voice, above dither.
_SILENT_PEAK = 3e-4

# faster-whisper's settings for batched decoding, on which its published accuracy rests.
_ONSET_PROBABILITY = 0.5
# A voice across a large room was seen at 0.3; noise and silence stay below this.
_FAINT_PROBABILITY = 0.2
_OFFSET_PROBABILITY = 0.35
_SHORTEST_PAUSE_FRAMES = 5  # 160 ms
_SHORTEST_SPEECH_FRAMES = 2

LONGEST_SPAN_SECONDS = 28.0
"""With padding on both sides a span still fits Whisper's window of 30 s."""


class Listener:
    """Hears a recording, or one channel of it, block by block from a place on; remembers 8 bytes for each 32 ms.

    Blocks lie on a grid that is the same for all of the recording, and each is heard after the same run-up. So what is
    heard at a place does not depend on where hearing began.
    """

    def __init__(self, *, voice: bool, start: float = 0.0) -> None:
        """`voice`: whether speech is looked for, or only loudness is measured. `start`: speech before it is left out."""
        self._voice = voice
        self._start = start
        self.begin = start // BLOCK_SECONDS * float(BLOCK_SECONDS)
        """Where the first block begins, at or before `start`, in seconds."""
        self._tail: Samples = np.empty(0, np.float32)
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
        self._tail = samples

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
            self._probabilities.append(np.zeros(len(frames), np.float32))
        else:
            heard = _speech_probabilities(np.concatenate([self._tail, whole]))
            self._probabilities.append(heard[len(self._tail) // FRAME_SAMPLES :])
        self._tail = whole[-_RUN_UP_FRAMES * FRAME_SAMPLES :]

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


def _speech_probabilities(samples: Samples) -> Frames:
    from faster_whisper.vad import get_vad_model  # heavy, and only workers have it

    # The model blanks the end of the last frame that it is given: here an empty one, which is not asked about.
    result: Frames = np.asarray(get_vad_model()(np.pad(samples, (0, FRAME_SAMPLES))), np.float32).reshape(-1)
    return result[:-1]


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
        if start is not None and quiet_since is not None and index - quiet_since >= _SHORTEST_PAUSE_FRAMES:
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
