"""Recordings in many containers, whole and broken, written on the spot from a commit-sized fixture."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from app.media.decode import SAMPLE_RATE, Samples

AUDIO = Path(__file__).parent.parent / "audio"
SPEECH = AUDIO / "two-speakers.ogg"


def write(
    path: Path,
    sound: Samples,
    codec: str,
    rate: int = SAMPLE_RATE,
    *,
    layout: str = "mono",
    picture: bool = False,
    options: dict[str, str] | None = None,
    pauses: Mapping[int, int] | None = None,
) -> Path:
    """Encode 16 kHz samples with libav's encoder `codec` into the container that the path's ending names.

    They are mono, shape (samples,), or already of the channels of `layout`, shape (channels, samples). Before the
    seconds of sound that `pauses` names its clock goes on for so many seconds of which nothing is recorded.
    """
    planes = np.atleast_2d(sound)
    source_layout = layout if len(planes) > 1 else "mono"
    with av.open(str(path), "w", options=options or {}) as container:
        video = _add_picture(container) if picture else None
        stream = container.add_stream(codec, rate, layout=layout)
        container.start_encoding()  # so that there is a file even where no sound follows
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate)
        if video is not None:
            _write_picture(container, video, seconds=planes.shape[1] / SAMPLE_RATE)
        position = 0
        for begin in range(0, planes.shape[1], SAMPLE_RATE):
            position += (pauses or {}).get(begin // SAMPLE_RATE, 0) * rate
            second = np.ascontiguousarray(planes[:, begin : begin + SAMPLE_RATE])
            frame = av.AudioFrame.from_ndarray(second, format="fltp", layout=source_layout)
            frame.sample_rate = SAMPLE_RATE
            for part in resampler.resample(frame):
                part.pts, part.time_base = position, Fraction(1, rate)
                position += part.samples
                container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def write_picture_only(path: Path, seconds: float = 2) -> Path:
    with av.open(str(path), "w") as container:
        _write_picture(container, _add_picture(container), seconds)
    return path


def _add_picture(container: av.container.OutputContainer) -> av.VideoStream:
    video = container.add_stream("mpeg4", 10)
    video.width = video.height = 64
    video.pix_fmt = "yuv420p"
    return video


def _write_picture(container: av.container.OutputContainer, video: av.VideoStream, seconds: float) -> None:
    for number in range(round(seconds * 10)):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), number % 200, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))
