"""From windows whose speakers are known to turns.

The arithmetic is that of pyannote.audio's `speaker_count`, `reconstruct` and `to_annotation`, with equal results. They
hold every frame of every window times every speaker of the recording as a number of 8 bytes, and loop over the frames;
here a speaker takes two bytes a frame, and a recording of 12 hours about a second.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import Diarization, SpeakerTurn
from app.workers.transcription.speakers.voices import Voices

NOBODY = -2
"""pyannote's label of a window's speaker who does not speak in it."""

_WINDOWS_A_CHECKPOINT = 512
_FRAMES_A_CHECKPOINT = 100_000

Turn = tuple[float, float, int]
"""(start, end, cluster), seconds."""


class FrameGrid(Protocol):
    """What is used of `pyannote.core.SlidingWindow`."""

    duration: float
    step: float

    def closest_frame(self, t: float) -> int: ...


@dataclass(frozen=True, slots=True)
class SpeakingFrames:
    """Every frame of a recording: how many people speak, (frames,), and how many windows hear whom, (frames, clusters).

    A frame lasts `step` seconds; `middle` is that of the first. Where no window lies nobody speaks.
    """

    count: NDArray[np.uint8]
    votes: NDArray[np.uint8]
    step: float
    middle: float

    @classmethod
    def of(
        cls, voices: Voices, clusters: NDArray[np.int64], grid: FrameGrid, most: float, checkpoint: Callable[[], None]
    ) -> "SpeakingFrames":
        """Lay the windows over one another.

        `clusters`, (windows, speakers), names the cluster of each window's speakers, or `NOBODY`. `grid` begins at 0;
        `most` caps how many people speak at once.
        """
        shape = voices.shape
        half = 0.5 * grid.duration
        length = grid.closest_frame(float(voices.windows[-1]) * shape.step + shape.duration + half) + 1
        votes = np.zeros((length, int(clusters.max(initial=0)) + 1), np.uint8)
        speaking = np.zeros(length, np.float32)
        looking = np.zeros(length, np.float32)
        for number, (window, active, labels) in enumerate(zip(voices.windows, voices.active, clusters, strict=True)):
            if number % _WINDOWS_A_CHECKPOINT == 0:
                checkpoint()
            begin = grid.closest_frame(float(window) * shape.step + half)
            place = slice(begin, begin + shape.frames)
            speaking[place] += active.sum(axis=1)
            looking[place] += 1
            for cluster in set(labels.tolist()) - {NOBODY}:
                votes[place, cluster] += active[:, labels == cluster].max(axis=1)
        count = np.rint(speaking / np.maximum(looking, 1)).astype(np.uint8)
        return cls(np.minimum(count, most).astype(np.uint8), votes, grid.step, half)

    def turns(self, *, exclusive: bool, longest_gap: float, checkpoint: Callable[[], None]) -> list[Turn]:
        """Return who speaks when, by cluster. Gaps in a turn shorter than `longest_gap` seconds are filled.

        `exclusive`: one person at most at any time, the one that most windows hear. Clusters beyond those that were
        found stand for people counted above their number.
        """
        count = np.minimum(self.count, 1) if exclusive else self.count
        clusters = max(self.votes.shape[1], int(count.max()))
        speaks = np.zeros((clusters, len(count)), np.bool_)
        for begin in range(0, len(count), _FRAMES_A_CHECKPOINT):
            checkpoint()
            end = begin + _FRAMES_A_CHECKPOINT
            _mark_loudest(speaks[:, begin:end], self.votes[begin:end], count[begin:end])
        turns: list[Turn] = []
        for cluster, frames in enumerate(speaks):
            checkpoint()
            for start, last in _filled(self._times(frames), longest_gap):
                turns.append((start, last, cluster))
        return turns

    def _times(self, frames: NDArray[np.bool_]) -> list[tuple[float, float]]:
        """Return each run of frames from the middle of its first to that of the frame behind it."""
        edges = np.flatnonzero(np.diff(frames, prepend=False, append=False))
        edges = np.minimum(edges, len(frames) - 1)  # no frame behind the last
        times = self.middle + edges * self.step
        return list(zip(times[::2].tolist(), times[1::2].tolist(), strict=True))


def _mark_loudest(speaks: NDArray[np.bool_], votes: NDArray[np.uint8], count: NDArray[np.uint8]) -> None:
    """Mark in `speaks`, (clusters, frames), as many clusters of each frame as people speak in it, the most heard."""
    padded = np.zeros((len(votes), len(speaks)), np.float32)
    padded[:, : votes.shape[1]] = votes
    order = np.argsort(-padded, axis=-1)  # ties fall as they do in pyannote
    for rank in range(int(count.max(initial=0))):
        spoken = np.flatnonzero(count > rank)
        speaks[order[spoken, rank], spoken] = True


def _filled(times: Iterable[tuple[float, float]], longest_gap: float) -> list[tuple[float, float]]:
    filled: list[tuple[float, float]] = []
    for start, end in times:
        if filled and start - filled[-1][1] < longest_gap:
            filled[-1] = (filled[-1][0], end)
        else:
            filled.append((start, end))
    return filled


def labelled(
    turns: Iterable[Turn], exclusive_turns: Iterable[Turn], *, duration: float
) -> tuple[Diarization, dict[int, str]]:
    """Make a `Diarization` of turns, sorted and cut at the recording's end; tell which label each cluster got.

    Labels are `SPEAKER_00`, `SPEAKER_01`, … by first appearance.
    """
    all_turns = _within(turns, duration)
    labels: dict[int, str] = {}
    for _, _, cluster in all_turns:
        labels.setdefault(cluster, f"SPEAKER_{len(labels):02d}")
    found = Diarization(
        turns=tuple(SpeakerTurn(start, end, labels[cluster]) for start, end, cluster in all_turns),
        exclusive_turns=tuple(
            SpeakerTurn(start, end, labels[cluster])
            for start, end, cluster in _within(exclusive_turns, duration)
            if cluster in labels
        ),
    )
    return found, labels


def _within(turns: Iterable[Turn], duration: float) -> list[Turn]:
    """Sort and cut; the last window is padded, so a turn may run past the end of the recording."""
    cut = ((max(0.0, start), min(end, duration), cluster) for start, end, cluster in turns)
    return sorted(turn for turn in cut if turn[0] < turn[1])
