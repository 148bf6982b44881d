"""One long recording on one worker and on two, of one thread each: `python -m benchmarks.spread`.

Each number of workers has an instance of its own, started for it, engines loaded, one after the other in the same run.
After each, what two cores of this machine give two programs at all is measured. From the times of the jobs that one
worker did follows, by the same rules that the real queue obeys, what any number of workers would make of the recording;
what two really made of it says how far to trust that.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import click

from app.settings import load_settings
from benchmarks.both_cores import gain_of_two
from benchmarks.command import audio_option, language_option, new_console, new_table, verdict
from benchmarks.instance import WITH_SPEAKERS, RunningInstance, started
from benchmarks.measures import read_rttm
from benchmarks.recordings import JoinedRecording, joined, words_of
from benchmarks.schedule import Measured, serial_fraction, wall_seconds

WANTED = 1.8
COMPARED = (1, 2)
SIMULATED = (1, 2, 4, 8, 16)
WARM_UP_MINUTES = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """One recording on so many workers."""

    seconds: float
    word_error_rate: float
    speaker_error_rate: float
    jobs: list[dict[str, Any]]


@click.command()
@audio_option
@language_option
@click.option("--minutes", type=click.FloatRange(2, 120), default=30.0, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of each worker.")
@click.option("--repetitions", type=click.IntRange(1, 10), default=1, show_default=True)
def spread(audio: Path, language: str, minutes: float, threads: int, repetitions: int) -> None:
    """Measure both numbers of workers, and simulate more."""
    console = new_console()
    with tempfile.TemporaryDirectory() as folder:
        recording = joined(audio, Path(folder) / "long.flac", minutes=minutes, language=language)
        short = joined(audio, Path(folder) / "short.flac", minutes=WARM_UP_MINUTES, language=language)
        settings = load_settings().model_copy(update={"threads": threads})
        runs: dict[int, list[Run]] = {}
        bounds: list[float] = []
        for workers in COMPARED:
            with (
                console.status(f"{workers} worker(s): starting"),
                started(workers=workers, threads=threads) as (instance, _),
            ):
                # As many as there are workers, twice, so that each has had one.
                for _ in range(2):
                    _all_of(instance, short.path, language, workers)
                for number in range(repetitions):
                    with console.status(f"{workers} worker(s): run {number + 1} of {repetitions}"):
                        runs.setdefault(workers, []).append(_run(instance, recording, language))
            with console.status("two programs that know nothing of each other"):
                bounds.append(gain_of_two(settings, short.path, language))
    table = new_table(
        f"{recording.seconds / 60:.1f} minutes with diarization, workers of {threads} thread(s)",
        "workers", "run", "seconds", "jobs", "WER", "DER",
    )  # fmt: skip
    for workers, found in runs.items():
        for number, run in enumerate(found, start=1):
            rates = (f"{run.word_error_rate:.3f}", f"{run.speaker_error_rate:.3f}")
            table.add_row(str(workers), str(number), f"{run.seconds:.1f}", str(len(run.jobs)), *rates)
    console.print(table)
    seconds = {workers: median(run.seconds for run in found) for workers, found in runs.items()}
    ratio = seconds[1] / seconds[2]
    console.print(f"Speed-up: {ratio:.2f} ({verdict(ratio, WANTED, at_least=True)})", highlight=False)
    least, most = sorted(bounds)
    console.print(
        f"Two programs that know nothing of each other do {least:.2f} and {most:.2f} times the work of one here.\n",
        highlight=False,
    )
    console.print(simulation(Measured.of(runs[1][-1].jobs), ratio))


def simulation(measured: Measured, real: float) -> Any:
    """Return the table of what more workers would make of it."""
    times = {workers: wall_seconds(measured.cut_for(workers), workers) for workers in SIMULATED}
    table = new_table(
        "Simulated from the times of the jobs, cut as for so many workers",
        "workers", "seconds", "speed-up", "efficiency",
    )  # fmt: skip
    for workers, seconds in times.items():
        speed_up = times[1] / seconds
        table.add_row(str(workers), f"{seconds:.1f}", f"{speed_up:.2f}", f"{speed_up / workers:.2f}")
    table.caption = (
        f"Serial fraction (Amdahl, least squares): {serial_fraction(times):.3f}. "
        f"Two workers: simulated {times[1] / times[2]:.2f}, measured {real:.2f}. "
        f"A worker's pause between two jobs: {1000 * measured.pause:.0f} ms."
    )
    table.caption_justify = "left"
    return table


def _all_of(instance: RunningInstance, recording: Path, language: str, times: int) -> None:
    sent: Sequence[str] = [instance.send(recording, language=language, **WITH_SPEAKERS) for _ in range(times)]
    for transcription in sent:
        instance.wait(transcription)
        instance.delete(transcription)


def _run(instance: RunningInstance, recording: JoinedRecording, language: str) -> Run:
    sent = instance.send(recording.path, language=language, **WITH_SPEAKERS)
    try:
        summary = instance.wait(sent)
        words = recording.word_errors(words_of(instance.read(sent)["segments"]))
        speakers = recording.speaker_errors(read_rttm(instance.rttm(sent)))
        jobs = instance.jobs(sent)
    finally:
        instance.delete(sent)
    return Run(_lasted(summary), words.rate, speakers[0], jobs)


def _lasted(summary: dict[str, Any]) -> float:
    """Return the seconds from the moment that the recording was taken to its end, by the server's own clock."""
    created, finished = (datetime.fromisoformat(summary[name]) for name in ("created_at", "finished_at"))
    return (finished - created).total_seconds()


if __name__ == "__main__":
    spread()
