"""Calls with one party a channel, made of one recording whose speakers are known."""

from pathlib import Path

import numpy as np

from app.media.decode import SAMPLE_RATE, Samples, decode_span
from tests.media.recordings import SPEECH


def parties(path: Path = SPEECH) -> tuple[Samples, Samples]:
    """Return the sound of the recording's two speakers, each alone, silent where the other speaks."""
    sound = decode_span(path)
    masks: dict[str, Samples] = {}
    for start, length, speaker in reference(path):
        mask = masks.setdefault(speaker, np.zeros_like(sound))
        mask[round(start * SAMPLE_RATE) : round((start + length) * SAMPLE_RATE)] = 1
    first, second = (sound * masks[speaker] for speaker in sorted(masks))
    return first, second


def reference(path: Path = SPEECH) -> list[tuple[float, float, str]]:
    """Return (start, length, speaker) of each turn."""
    lines = (line.split() for line in path.with_suffix(".rttm").read_text().splitlines())
    return [(float(line[3]), float(line[4]), line[7]) for line in lines]


def delayed(sound: Samples, seconds: float) -> Samples:
    """Return the sound so much later, as long as before."""
    samples = round(seconds * SAMPLE_RATE)
    return np.concatenate([np.zeros(samples, np.float32), sound])[: len(sound)]


def call(echo: float = 0.0, delay_seconds: float = 0.1) -> Samples:
    """Return a call, shape (2, samples), with line noise, and an echo of the other party at so much of its amplitude."""
    noise = np.random.default_rng(0).normal(0, 0.0005, (2, len(parties()[0]))).astype(np.float32)
    first, second = parties()
    heard = np.stack([first + echo * delayed(second, delay_seconds), second + echo * delayed(first, delay_seconds)])
    return heard + noise


def in_a_room(sound: Samples, seed: int) -> Samples:
    """Return the sound as a microphone in a room with 0.4 s of reverberation hears it, as loud as it was."""
    length = round(0.4 * SAMPLE_RATE)
    decay = np.random.default_rng(seed).standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    response = 0.5 * decay / np.sqrt((decay**2).sum())
    response[0] += 1
    size = 2 ** (len(sound) + length).bit_length()
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]
    return np.asarray(heard * (np.abs(sound).max() / np.abs(heard).max()), np.float32)
