"""Voice activity: where in a recording anybody speaks (Silero VAD, as faster-whisper ships it)."""

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
    """Hears a recording block by block; remembers 8 bytes for each 32 ms of it."""

    def __init__(self, *, voice: bool) -> None:
        """`voice`: whether speech is looked for, or only loudness is measured."""
        self._voice = voice
        self._tail: Samples = np.empty(0, np.float32)
        self._probabilities: list[Frames] = []
        self._loudness: list[Frames] = []
        self._samples = 0

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return self._samples / SAMPLE_RATE

    @property
    def loudness(self) -> Frames:
        """Root mean square of each frame, shape (frames,), in [0, 1]."""
        return np.concatenate(self._loudness) if self._loudness else np.empty(0, np.float32)

    @property
    def probabilities(self) -> Frames:
        """Probability of speech in each frame, shape (frames,)."""
        return np.concatenate(self._probabilities) if self._probabilities else np.empty(0, np.float32)

    @property
    def faint(self) -> bool:
        """Whether there may have been speech, be it too faint to count as such."""
        return int((self.probabilities >= _FAINT_PROBABILITY).sum()) >= _SHORTEST_SPEECH_FRAMES

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

    def speech(self) -> list[Span]:
        """Return the spans of speech heard so far, none longer than `LONGEST_SPAN_SECONDS`, without padding."""
        probabilities = self.probabilities
        spans = []
        for start, end in speech_frames(probabilities):
            for begin, stop in divide(start, end, probabilities, self.loudness):
                spans.append(Span(begin * FRAME_SECONDS, min(stop * FRAME_SECONDS, self.seconds)))
        return spans


def _speech_probabilities(samples: Samples) -> Frames:
    from faster_whisper.vad import get_vad_model  # heavy, and only workers have it

    result: Frames = np.asarray(get_vad_model()(samples), np.float32).reshape(-1)
    return result


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
