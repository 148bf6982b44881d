"""What each guard takes out, on speech and where nobody speaks: `python -m benchmarks.guards`.

On speech nothing should go, elsewhere everything. Sounds without speech are decoded as they come with voice activity
detection off, and once more as if it had taken all of the sound for speech.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before an engine is imported

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from app.catalog import ModelKind, find
from app.core.options import TranscriptionOptions
from app.core.transcript import Segment, Span
from app.media.decode import SAMPLE_RATE, Samples
from app.settings import load_settings
from app.workers.transcription.text.evidence import voiced_seconds
from app.workers.transcription.text.guards import Reason, guarded
from app.workers.transcription.text.whisper import WINDOW_SECONDS, Whisper
from benchmarks.command import audio_option, new_console, new_table
from benchmarks.decoding import LANGUAGES, MAX_SECONDS, read
from benchmarks.measures import normalise, recordings_with

ON, OFF, FOOLED = "on", "off", "fooled"
"""Voice activity detection: as it is; none; one that takes everything for speech."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One stretch of sound to be written down in a language, and the speech that was found in it."""

    kind: str
    language: str
    samples: Samples
    speech: tuple[Span, ...] | None
    vad: str


@click.command()
@audio_option
@click.option("--seconds", type=click.IntRange(20, MAX_SECONDS), default=40, show_default=True, help="Of each sound.")
@click.option("--model", default=None, help="An installed model.  [default: the site's]")
@click.option("--speech/--no-speech", default=True, help="Whether recordings of speech are tried too.")
def guards(audio: Path, seconds: int, model: str | None, *, speech: bool) -> None:
    """Print how many words were written, and how many each guard took out, by kind of sound."""
    console = new_console()
    settings = load_settings()
    folder = find(settings.models_dir, ModelKind.WHISPER, model or settings.default_model).folder
    engine = Whisper(folder, 1)
    table = new_table(
        f"Guards, {folder.name}: words (segments)",
        *("sound", "language", "voice activity", "seconds", "words without guards", "with guards"),
        *(str(reason) for reason in Reason),
        names=3,
    )
    written: dict[tuple[str, str, str], Tally] = {}
    sounds = list(silent_sounds(seconds)) + (list(spoken_sounds(audio, seconds)) if speech else [])
    for sound in sounds:
        if sound.language != "en" and not engine.multilingual:
            continue
        with console.status(f"{sound.kind}, {sound.language}, voice activity {sound.vad}"):
            tally = written.setdefault((sound.kind, sound.language, sound.vad), Tally())
            tally.add(sound, decoded(engine, sound))
    for (kind, language, vad), tally in written.items():
        table.add_row(
            kind, language, vad, f"{tally.seconds:.0f}", str(tally.before), str(tally.after), *tally.by_reason()
        )
    console.print(table)


class Tally:
    """Words and segments of one kind of sound, before and after the guards."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.before = 0
        self.after = 0
        self._words: Counter[str] = Counter()
        self._segments: Counter[str] = Counter()

    def add(self, sound: Sound, segments: Sequence[Segment]) -> None:
        """Count what was decoded from the sound."""
        self.seconds += len(sound.samples) / SAMPLE_RATE
        self.before += count(segment.text for segment in segments)
        judged = guarded(segments, lambda start, end: voiced_seconds(sound.samples, start, end))
        self.after += count(segment.text for segment in judged.segments)
        for dropped in judged.dropped:
            self._segments[dropped.reason] += 1
            self._words[dropped.reason] += count([dropped.text])

    def by_reason(self) -> Iterator[str]:
        """Yield what each guard took out, as text."""
        for reason in Reason:
            yield f"{self._words[reason]} ({self._segments[reason]})" if self._segments[reason] else "-"


def count(texts: Sequence[str] | Iterator[str]) -> int:
    return sum(len(normalise(text).split()) for text in texts)


def decoded(engine: Whisper, sound: Sound) -> list[Segment]:
    options = TranscriptionOptions()
    if sound.speech is None:
        found = engine.decode_everything(sound.samples, sound.language, options)
    else:
        found = engine.decode_speech(sound.samples, sound.speech, sound.language, options)
    return [segment for _, segments in found for segment in segments]


def spoken_sounds(audio: Path, seconds: int) -> Iterator[Sound]:
    """Yield the recordings that have a text, with voice activity detection on and off."""
    for path, reference in recordings_with(audio, ".txt"):
        if path.parent.name in LANGUAGES:
            recording = read(path, reference, seconds)
            yield Sound("speech", recording.language, recording.samples, recording.speech, ON)
            yield Sound("speech", recording.language, recording.samples, None, OFF)


def silent_sounds(seconds: int) -> Iterator[Sound]:
    """Yield sounds in which nobody speaks, for each language."""
    length = seconds * SAMPLE_RATE
    everything = tuple(
        Span(start, min(start + WINDOW_SECONDS, seconds)) for start in np.arange(0.0, seconds, WINDOW_SECONDS).tolist()
    )
    draw = np.random.default_rng(0)
    white = draw.standard_normal(length)
    spectrum = np.fft.rfft(draw.standard_normal(length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    pink = np.fft.irfft(spectrum, length)
    time = np.arange(length) / SAMPLE_RATE
    sounds = {
        "silence": np.zeros(length),
        "white noise": 0.05 * white,
        "pink noise": 0.3 * pink / np.abs(pink).max(),
        "mains hum": 0.05 * np.sin(2 * np.pi * 50 * time) + 0.02 * np.sin(2 * np.pi * 150 * time) + 0.002 * white,
        "tone": 0.2 * np.sin(2 * np.pi * 440 * time) * (time % 2 < 1),
        "music": music(seconds),
    }
    for kind, samples in sounds.items():
        for language in LANGUAGES:
            yield Sound(kind, language, samples.astype(np.float32), None, OFF)
            yield Sound(kind, language, samples.astype(np.float32), everything, FOOLED)


def music(seconds: int) -> Samples:
    """Return plucked chords, a beat and a sung-like melody with vibrato; no voice."""
    chords = ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    beat = 0.3 * np.sin(2 * np.pi * 60 * time) * np.exp(-20 * time)
    bars = []
    for second in range(seconds):
        chord = chords[second // 2 % len(chords)]
        plucked = sum(np.sin(2 * np.pi * note * over * time) / over for note in chord for over in (1, 2, 3))
        vibrato = 3 * np.sin(2 * np.pi * 5 * time)
        melody = np.sin(2 * np.pi * 2 * chord[second % 3] * time + vibrato) * np.hanning(SAMPLE_RATE)
        bars.append(0.05 * plucked * np.exp(-1.5 * time) + 0.1 * melody + beat)
    return np.concatenate(bars).astype(np.float32)


if __name__ == "__main__":
    guards()
