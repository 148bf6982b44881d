"""What was found out about the voices of a stretch, window by window, as it travels to whoever tells them apart."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from app.core.errors import VocalyxError

RELEASE = 1
"""To be raised where windows or embeddings are computed in another way, so that two ways are never mixed."""


class VoicesUnfit(VocalyxError):
    code = "voices-unfit"
    title = "The voices of a recording do not fit one another"
    default_detail = "The voices of one stretch of the recording cannot be read."
    default_remedy = "Run the workers with one release and one diarization model, then retry the transcription."


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowShape:
    """What all windows of a recording have in common.

    A pipeline slides a window of `duration` seconds over the recording in steps of `step` seconds; in each it tells
    `speakers` people apart, known within the window only, over `frames` frames, and takes an embedding of `dimension`
    numbers of each. `model` and `source` name what computed them.
    """

    model: str
    source: str
    duration: float
    step: float
    frames: int
    speakers: int
    dimension: int


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks when in some windows, and what they sound like.

    `windows` are the windows' places in the recording, rising: window w begins `w * shape.step` seconds in. `active`,
    (windows, frames, speakers), is 1 where a person speaks and 0 elsewhere. `embeddings`, (windows, speakers,
    dimension), are not a number where there is nothing to take one of.
    """

    shape: WindowShape
    windows: NDArray[np.int64]
    active: NDArray[np.uint8]
    embeddings: NDArray[np.float32]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values of windows that follow one another: 1.3 kB a second at the demo model's sizes."""
        return {
            "release": RELEASE,
            **asdict(self.shape),
            "first": int(self.windows[0]) if len(self.windows) else 0,
            "count": len(self.windows),
            "active": b64encode(np.packbits(self.active, axis=None).tobytes()).decode(),
            "embeddings": b64encode(self.embeddings.astype("<f4").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` made. Raises `VoicesUnfit` for anything else."""
        if values.get("release") != RELEASE:
            raise VoicesUnfit("The voices of a stretch were computed by another release of Vocalyx.")
        try:
            shape = WindowShape(
                model=str(values["model"]),
                source=str(values["source"]),
                duration=float(values["duration"]),
                step=float(values["step"]),
                frames=int(values["frames"]),
                speakers=int(values["speakers"]),
                dimension=int(values["dimension"]),
            )
            first, count = int(values["first"]), int(values["count"])
            if min(first, count) < 0:
                raise VoicesUnfit
            cells = count * shape.frames * shape.speakers
            bits = np.frombuffer(b64decode(values["active"], validate=True), np.uint8)
            numbers = np.frombuffer(b64decode(values["embeddings"], validate=True), "<f4").astype(np.float32)
            if len(bits) != -(-cells // 8):
                raise VoicesUnfit
            return cls(
                shape,
                np.arange(first, first + count),
                np.unpackbits(bits, count=cells).reshape(count, shape.frames, shape.speakers),
                numbers.reshape(count, shape.speakers, shape.dimension),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise VoicesUnfit from error

    @classmethod
    def join(cls, parts: Iterable[Self], *, shape: WindowShape) -> Self:
        """Put stretches together in order of time. `shape` is that of the pipeline which is to tell the voices apart.

        Raises `VoicesUnfit` where a part was computed by another model, or where two parts hold the same window.
        """
        heard = [part for part in parts if len(part.windows)]
        for part in heard:
            if part.shape != shape:
                raise VoicesUnfit(f"The voices of a stretch were computed by {part.shape}, here is {shape}.")
        heard.sort(key=lambda part: int(part.windows[0]))
        if not heard:
            nothing = np.empty((0, shape.frames, shape.speakers), np.uint8)
            embeddings = np.empty((0, shape.speakers, shape.dimension), np.float32)
            return cls(shape, np.empty(0, np.int64), nothing, embeddings)
        windows = np.concatenate([part.windows for part in heard])
        if (np.diff(windows) <= 0).any():
            raise VoicesUnfit("Two stretches hold the same window of the recording.")
        return cls(
            shape,
            windows,
            np.concatenate([part.active for part in heard]),
            np.concatenate([part.embeddings for part in heard]),
        )
