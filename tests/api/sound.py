"""Sounds for uploads, made on the spot."""

import io
import math
import struct
import wave
from functools import cache

import av

RATE = 8000


def tone(seconds: float = 1.0, hertz: int = 440, *, channels: int = 1) -> bytes:
    """A 16-bit WAV file, the same on all channels."""
    # Of a whole number of hertz, one second is as the next.
    second = _second(hertz, channels)
    return wav((second * math.ceil(seconds))[: round(seconds * RATE) * 2 * channels], channels=channels)


@cache
def _second(hertz: int, channels: int) -> bytes:
    samples = (round(8000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE))
    return b"".join(struct.pack("<h", sample) * channels for sample in samples)


def wav(frames: bytes, *, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(frames)
    return file.getvalue()


def video(seconds: float = 2.0, *, sound: bool = True) -> bytes:
    """An MP4 file as telephones write it, index at the end: without that end it cannot be read."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        picture = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        speech = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for _ in range(round(seconds * 10)):
            container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(picture.encode())
        if speech is not None:
            for n in range(round(seconds * RATE / 1024)):
                frame = av.AudioFrame("fltp", "mono", 1024)
                frame.sample_rate = RATE
                frame.pts = n * 1024
                frame.planes[0].update(bytes(4 * 1024))
                container.mux(speech.encode(frame))
            container.mux(speech.encode())
    return file.getvalue()
