"""Sounds without a voice, and recordings with one party a channel."""

import wave
from pathlib import Path

import numpy as np

from app.media.decode import SAMPLE_RATE, Samples

_CHORDS = ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))


def chords(seconds: int) -> Samples:
    """Return a plucked chord a second with overtones, and a beat."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    beat = 0.3 * np.sin(2 * np.pi * 60 * time) * np.exp(-20 * time)
    bars = [
        np.exp(-1.5 * time)
        * sum(0.05 / overtone * np.sin(2 * np.pi * note * overtone * time) for note in chord for overtone in (1, 2, 3))
        + beat
        for chord in _CHORDS
    ]
    return np.concatenate([bars[second // 2 % len(bars)] for second in range(seconds)]).astype(np.float32)


def write_channels(path: Path, left: Samples, right: Samples) -> Path:
    """Write two channels of the same length as a WAV file of 16-bit samples."""
    samples = np.clip(np.stack([left, right], axis=1) * 32767, -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())
    return path
