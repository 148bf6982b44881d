"""What the tests of diarization share: a context that remembers, sound that is made, turns as numbers."""

import wave
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.core.transcript import Segment, SpeakerTurn

SAMPLE_RATE = 16_000


class Stopped(Exception):
    """What the context raises when it is time to stop."""


class RememberingContext:
    """Remembers every report; stops the job at the first checkpoint after the report of `stop_at_stage`."""

    def __init__(self, stop_at_stage: str | None = None) -> None:
        self.reports: list[tuple[str, float]] = []
        self.checkpoints = 0
        self.after_stop = 0
        self._stop_at_stage = stop_at_stage
        self._stopping = False

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self._stopping:
            raise Stopped

    def report(
        self,
        stage: str,
        percent: float,
        *,
        segments: Sequence[Segment] = (),  # noqa: ARG002 - the protocol's
        answers: Mapping[str, object] = {},  # noqa: ARG002 - the protocol's
    ) -> None:
        self.after_stop += self._stopping
        self.reports.append((stage, percent))
        self._stopping = self._stopping or stage == self._stop_at_stage

    @property
    def stages(self) -> list[str]:
        """The stages, each once, in the order in which they began."""
        return list(dict.fromkeys(stage for stage, _ in self.reports))


def write_wav(path: Path, samples: NDArray[np.float32]) -> Path:
    """Write mono 16-bit sound at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def read_rttm(path: Path) -> list[tuple[float, float, str]]:
    """Return (start, end, speaker) of each line."""
    fields = [line.split() for line in path.read_text().splitlines()]
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def overlaps(turns: Sequence[SpeakerTurn]) -> bool:
    """Tell whether any two turns, sorted by start, share time; a frame of rounding is no overlap."""
    return any(later.start < earlier.end - 0.001 for earlier, later in pairwise(turns))
