"""How alike one person's voice is in two recordings, and two people's: `python -m benchmarks.recognition`.

Two stretches of each recording that share no second are taken for recordings of their own, in which the speakers are
told apart; the second one also as a telephone would have carried it (300 to 3400 Hz), as people are not always heard
through the same microphone. Whoever is in two of them gives a pair of one person; of two people are all pairs over
recordings of which it is known that they have nobody in common. The threshold of `app.core.recognition` is read off
the two.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before an engine is imported

import tempfile
import wave
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
import numpy as np
from faster_whisper import decode_audio

from app.catalog import ModelKind, find
from app.core.options import TranscriptionOptions
from app.core.recognition import SIMILARITY_NEEDED, similarity
from app.core.transcript import Diarization, Span
from app.media.decode import SAMPLE_RATE
from app.settings import load_settings
from app.workers.transcription.speakers.diarizer import Diarizer
from benchmarks.command import audio_option, new_console, new_table
from benchmarks.measures import read_rttm

TELEPHONE_HZ = (300, 3400)
THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)

# A path; two stretches, in seconds, of windows that reach 10 s behind their end; how many people speak; and a group: it
# is not known to have nobody in common with others of its group, so it is compared with recordings of other groups only.
RECORDINGS: tuple[tuple[str, tuple[Span, ...], int, str], ...] = (
    ("speakers/fr-2spk-tts.flac", (Span(0, 45), Span(200, 245)), 2, "french synthetic voices"),
    ("fr/tts-long-fr.ogg", (Span(0, 30), Span(150, 180)), 1, "french synthetic voices"),
    ("en/tts-long-en.ogg", (Span(0, 30), Span(200, 230)), 1, "english synthetic voice"),
    ("speakers/libri-2spk.flac", (Span(0, 55), Span(75, 130)), 2, "libri"),
    ("speakers/pyannote-sample.flac", (Span(0, 30),), 2, "pyannote"),
    ("fr/fdm_001.mp3", (Span(20, 50), Span(200, 230)), 1, "audio book"),
    ("fr/fdm_002.mp3", (Span(10, 30), Span(50, 70)), 1, "audio book"),
    *((f"{language}/fleurs-{language}-00{n}.ogg", (Span(0, 30),), 1, f"fleurs {language}")
      for language in ("en", "fr") for n in range(3)),
)  # fmt: skip


class Unobserved:
    """Nobody stops this, and nobody looks."""

    def checkpoint(self) -> None:
        pass

    def report(self, stage: str, percent: float, **_: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """One person in one stretch of a recording."""

    group: str
    recording: str
    person: str
    span: Span
    by_telephone: bool
    seconds: float
    vector: Sequence[float]


@click.command()
@audio_option
def recognition(audio: Path) -> None:
    """Print how alike voices are, and how many pairs each threshold gets wrong."""
    settings = load_settings()
    model = find(settings.models_dir, ModelKind.DIARIZATION, settings.diarization_model)
    diarizer = Diarizer(model, threads=1)
    console = new_console()
    voices: list[HeardVoice] = []
    for path, stretches, people, group in RECORDINGS:
        for number, span in enumerate(stretches):
            for by_telephone in (False, True) if number else (False,):
                found = list(heard(diarizer, audio / path, span, people, group, by_telephone=by_telephone))
                voices.extend(found)
                way = ", by telephone" if by_telephone else ""
                place = f"{path} {span.start:g} to {span.end:g} s{way}"
                console.print(f"{place}: {len(found)} of {people} heard", highlight=False)
    same: list[tuple[float, str]] = []
    telephone: list[tuple[float, str]] = []
    others: list[tuple[float, str]] = []
    for one, two in combinations(voices, 2):
        alike = similarity(one.vector, two.vector)
        if (one.recording, one.person) == (two.recording, two.person):
            if one.span != two.span:
                pairs = telephone if two.by_telephone else same
                pairs.append((alike, f"{one.recording} {one.person}, {one.seconds:.0f} and {two.seconds:.0f} s"))
        elif one.group != two.group or (one.recording == two.recording and one.person != two.person):
            others.append((alike, f"{one.recording} {one.person}, {two.recording} {two.person}"))
    table = new_table(
        f"Voices of {model.name}", "threshold", "one person missed", "by telephone", "another taken for them"
    )
    for threshold in THRESHOLDS:
        missed = [f"{sum(alike < threshold for alike, _ in pairs)} of {len(pairs)}" for pairs in (same, telephone)]
        taken = sum(alike >= threshold for alike, _ in others)
        chosen = " (chosen)" if threshold == SIMILARITY_NEEDED else ""
        table.add_row(f"{threshold:.2f}{chosen}", *missed, f"{taken} of {len(others)}")
    console.print(table)
    for title, pairs in (
        ("One person", sorted(same)),
        ("One person, by telephone", sorted(telephone)),
        ("Two people, the likest", sorted(others, reverse=True)[:8]),
    ):
        console.print(f"{title}:", *(f"  {alike:.3f}  {who}" for alike, who in pairs), sep="\n", highlight=False)


def heard(
    diarizer: Diarizer, path: Path, span: Span, people: int, group: str, *, by_telephone: bool
) -> Iterator[HeardVoice]:
    """Yield who speaks in this stretch, by the names of the reference where there is one."""
    context = Unobserved()
    with recording(path, by_telephone=by_telephone) as heard_path:
        described = diarizer.voices(heard_path, span, context)
    options = TranscriptionOptions(num_speakers=people)
    found = diarizer.diarize([described], options, context, duration=span.end, embeddings=True)
    seconds: dict[str, float] = defaultdict(float)
    for turn in found.turns:
        seconds[turn.speaker] += turn.end - turn.start
    names = reference_names(path, found) if people > 1 else dict.fromkeys(found.embeddings, "")
    for label, vector in found.embeddings.items():
        if label in names:
            yield HeardVoice(group, path.stem, names[label], span, by_telephone, seconds[label], vector)


@contextmanager
def recording(path: Path, *, by_telephone: bool) -> Iterator[Path]:
    """Give the recording as it is, or as a telephone carries it."""
    if not by_telephone:
        yield path
        return
    samples = decode_audio(str(path), sampling_rate=SAMPLE_RATE)
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(frequencies < TELEPHONE_HZ[0]) | (frequencies > TELEPHONE_HZ[1])] = 0
    heard = np.fft.irfft(spectrum, len(samples))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "telephone.wav")
        with wave.open(str(made), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, len(heard), "NONE", ""))
            file.writeframes((heard.clip(-1, 1) * 32767).astype("<i2").tobytes())
        yield made


def reference_names(path: Path, found: Diarization) -> Mapping[str, str]:
    """Return by label whom of the reference it shares most time with, each person once."""
    reference = read_rttm(path.with_suffix(".rttm").read_text())
    shared: dict[tuple[str, str], float] = defaultdict(float)
    for turn in found.turns:
        for segment, _, person in reference.itertracks(yield_label=True):
            common = min(turn.end, segment.end) - max(turn.start, segment.start)
            if common > 0:
                shared[turn.speaker, person] += common
    names: dict[str, str] = {}
    for label, person in sorted(shared, key=lambda pair: -shared[pair]):
        if label not in names and person not in names.values():
            names[label] = person
    return names


if __name__ == "__main__":
    recognition()
