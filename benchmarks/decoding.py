"""What each way to run the speech engine costs and gives: `python -m benchmarks.decoding`.

One thread and processor time, because wall time says little on a machine that does other things beside. Each recording
is decoded in all ways before the next one, so that whatever else the machine does falls on all of them. The last rows
compare two instances of one thread with one of two, by wall time: those say something on an idle machine only.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before an engine is imported

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from app.catalog import ModelKind, find
from app.core.options import TranscriptionOptions
from app.core.transcript import Segment, Span
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.settings import load_settings
from app.workers.transcription.plan.cutting import padded
from app.workers.transcription.plan.voice import BLOCK_SECONDS, Listener
from app.workers.transcription.text.whisper import Decoding, Whisper
from benchmarks.command import audio_option, new_console, new_table
from benchmarks.measures import WordErrors, normalise, recordings_with, word_errors

LANGUAGES = ("en", "fr")
MAX_SECONDS = 600

WHOLE_WINDOWS = Decoding(silence_after_window_seconds=30.0)


@dataclass(slots=True)
class Way:
    """One way to run the engine, and what it has cost and got wrong so far, by language."""

    name: str
    decoding: Decoding = field(default_factory=Decoding)
    seconds: float = 0.0
    errors: dict[str, WordErrors] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """Sound up to a limit, where anybody speaks in it, and the text of all of it."""

    name: str
    language: str
    samples: Samples
    speech: tuple[Span, ...]
    reference: str
    cut: bool


def ways() -> list[Way]:
    return [
        Way("30 s heard for every window", WHOLE_WINDOWS),
        Way("as shipped: heard as far as a window goes"),
        *(Way(f"windows up to {longest} s", Decoding(longest_window_seconds=longest)) for longest in (15, 20)),
        *(Way(f"batches of {size}", Decoding(batch_size=size)) for size in (1, 2, 8)),
        *(Way(f"beam of {size}", Decoding(beam_size=size)) for size in (1, 2)),
        Way("int8_float32", Decoding(compute_type="int8_float32")),
        Way("float32", Decoding(compute_type="float32")),
    ]


@click.command()
@audio_option
@click.option("--seconds", type=click.IntRange(20, MAX_SECONDS), default=120, show_default=True, help="Of a recording.")
@click.option("--only", default="", help="Only recordings whose path contains this.")
@click.option("--ways", "wanted", default="", help="Only ways whose name contains this, and the first.")
@click.option("--model", default=None, help="An installed model.  [default: the site's]")
def decoding(audio: Path, seconds: int, only: str, wanted: str, model: str | None) -> None:
    """Print processor seconds and word error rates of each way to run the engine."""
    console = new_console()
    settings = load_settings()
    folder = find(settings.models_dir, ModelKind.WHISPER, model or settings.default_model).folder
    with console.status("reading recordings"):
        recordings = [
            read(path, reference, seconds)
            for path, reference in recordings_with(audio, ".txt")
            if only in str(path) and path.parent.name in LANGUAGES
        ]
    if not recordings:
        raise click.ClickException(f"No recording with a text in {audio} has {only!r} in its path.")
    first, *others = ways()
    tried = [first, *(way for way in others if wanted in way.name)]
    measure(recordings, tried, folder, console)
    table = new_table(
        f"{folder.name}, 1 thread, {sum(len(r.samples) for r in recordings) / SAMPLE_RATE:.0f} s of sound",
        *("way", "processor seconds", *(f"word errors {language}" for language in LANGUAGES), "ratio to the first"),
    )
    for way in tried:
        rates = [f"{way.errors[key].rate:.4f}" if key in way.errors else "-" for key in LANGUAGES]
        table.add_row(way.name, f"{way.seconds:.1f}", *rates, f"{way.seconds / tried[0].seconds:.3f}")
    console.print(table)
    compare_instances(recordings, folder, console)


def read(path: Path, reference: Path, seconds: int) -> Recording:
    """Decode the recording's first `seconds` and find out where anybody speaks."""
    samples = decode_span(path, 0, seconds)
    listener = Listener(voice=True)
    for begin in range(0, len(samples), BLOCK_SECONDS * SAMPLE_RATE):
        listener.hear(samples[begin : begin + BLOCK_SECONDS * SAMPLE_RATE])
    length = len(samples) / SAMPLE_RATE
    speech = tuple(padded(listener.divided(listener.stretches()), 0.0, length))
    text = reference.read_text(encoding="utf-8")
    return Recording(path.name, path.parent.name, samples, speech, text, cut=length > seconds - 1)


def measure(recordings: Sequence[Recording], tried: Sequence[Way], folder: Path, console: Console) -> None:
    """Decode each recording in each way; times and errors are added to the ways."""
    engines = {way.decoding: Whisper(folder, 1, way.decoding) for way in tried}
    for recording in recordings:
        for way in tried:
            with console.status(f"{recording.name}: {way.name}"):
                began = processor_seconds()
                segments = decode(engines[way.decoding], recording)
                way.seconds += processor_seconds() - began
            errors = errors_of(recording, " ".join(segment.text for segment in segments))
            way.errors[recording.language] = way.errors.get(recording.language, WordErrors(0, 0)) + errors


def decode(engine: Whisper, recording: Recording) -> list[Segment]:
    decoded = engine.decode_speech(recording.samples, recording.speech, recording.language, TranscriptionOptions())
    return [segment for _, found in decoded for segment in found]


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def errors_of(recording: Recording, hypothesis: str) -> WordErrors:
    """Compare with the reference; where the recording was cut, with the beginning of it that fits best."""
    reference = normalise(recording.reference).split()
    if recording.cut:
        reference = reference[: fitting_length(reference, normalise(hypothesis).split())]
    return word_errors(" ".join(reference), hypothesis)


def fitting_length(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Return how many words of the reference have the smallest edit distance to all of the hypothesis."""
    row = list(range(len(reference) + 1))
    for count, word in enumerate(hypothesis, 1):
        previous, row = row, [count]
        for index, expected in enumerate(reference, 1):
            row.append(min(previous[index] + 1, row[-1] + 1, previous[index - 1] + (word != expected)))
    return row.index(min(row))


def compare_instances(recordings: Sequence[Recording], folder: Path, console: Console) -> None:
    """Decode everything twice at a time with one thread each, and one after the other with two threads."""

    def run(engine: Whisper) -> None:
        for recording in recordings:
            decode(engine, recording)

    def seconds(work: Callable[[], None]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    def side_by_side() -> None:
        with ThreadPoolExecutor(len(single)) as pool:
            list(pool.map(run, single))

    def one_after_the_other() -> None:
        for _ in single:
            run(double)

    single, double = (Whisper(folder, 1), Whisper(folder, 1)), Whisper(folder, 2)
    with console.status("two instances of one thread, one of two"):
        two, one = seconds(side_by_side), seconds(one_after_the_other)
    table = new_table("All of it twice, wall seconds", "how", "seconds", "ratio")
    table.add_row("2 instances of 1 thread", f"{two:.1f}", "1.000")
    table.add_row("1 instance of 2 threads", f"{one:.1f}", f"{one / two:.3f}")
    console.print(table)


if __name__ == "__main__":
    decoding()
