"""Whether a long recording or a busy project holds up the others: `python -m benchmarks.fairness`.

Ten seconds of speech are sent to an idle instance, and again while a long recording is being worked on. Then one project
sends several recordings and another one sends one behind them.
"""

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click

from benchmarks.command import (
    audio_option,
    language_option,
    new_console,
    new_table,
    open_instance,
    url_option,
    verdict,
)
from benchmarks.instance import POLL_SECONDS, WITH_SPEAKERS, RunningInstance
from benchmarks.recordings import SAMPLE_RATE, Sound, joined, samples_of, write_flac

WANTED = 3.0
SHORT_SECONDS = 10
QUEUED_BY_ONE = 5
PROJECT_MINUTES = 1.0
BEGUN_SECONDS = 120


@click.command()
@audio_option
@language_option
@url_option
@click.option(
    "--minutes", type=click.FloatRange(2, 600), default=30.0, show_default=True, help="Of the long recording."
)
@click.option("--repetitions", type=click.IntRange(1, 20), default=5, show_default=True)
@click.option(
    "--pause", type=click.FloatRange(0, 60), default=7.0, show_default=True, help="Seconds between two sendings."
)
def fairness(audio: Path, language: str, url: str | None, minutes: float, repetitions: int, pause: float) -> None:
    """Measure both, and print what the wait costs those who come behind."""
    console = new_console()
    instance = open_instance(url)
    options = {**WITH_SPEAKERS, "language": language}
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.flac"
        write_flac(short, [_ten_seconds(audio, language)])
        long = joined(audio, Path(folder) / "long.flac", minutes=minutes, language=language)
        part = joined(audio, Path(folder) / "part.flac", minutes=PROJECT_MINUTES, language=language)
        with console.status("warming up"):
            instance.transcribe(part.path, **options)
        with console.status("idle"):
            idle = [instance.transcribe(short, **options)[2] for _ in range(repetitions)]
        busy = []
        with console.status("beside the long recording"), _being_worked_on(instance, long.path, options):
            for _ in range(repetitions):
                # At no fixed place in its chunks.
                time.sleep(pause)
                busy.append(instance.transcribe(short, **options)[2])
        with console.status("two projects"):
            alone, of_busy_project, behind = _two_projects(instance, part.path, options)
    table = new_table(f"{SHORT_SECONDS} seconds of speech with diarization", "sent", "median, s", "fastest", "slowest")
    for name, values in (("to an idle instance", idle), (f"beside {long.seconds / 60:.0f} minutes", busy)):
        table.add_row(name, *(f"{value:.1f}" for value in (median(values), min(values), max(values))))
    console.print(table)
    ratio, worst = median(busy) / median(idle), max(busy) / median(idle)
    console.print(
        f"Ratio of the medians: {ratio:.2f}; of the slowest: {worst:.2f} ({verdict(worst, WANTED)})\n", highlight=False
    )
    table = new_table(
        f"One project sends {QUEUED_BY_ONE} recordings, another one behind them",
        "recording",
        "done after, s",
        "over alone",
    )
    rows = [
        ("alone", alone),
        ("the one behind", behind),
        *((f"of the busy project, {n}", s) for n, s in enumerate(of_busy_project, 1)),
    ]
    for name, seconds in rows:
        table.add_row(name, f"{seconds:.1f}", f"{seconds / alone:.2f}")
    console.print(table)
    console.print("Shared evenly, the one behind is done after about twice its time alone.", highlight=False)


def _ten_seconds(audio: Path, language: str) -> Sound:
    """Return the first ten seconds of a reading."""
    reading = audio / language / f"tts-long-{language}.ogg"
    return samples_of(reading)[: SHORT_SECONDS * SAMPLE_RATE]


@contextmanager
def _being_worked_on(instance: RunningInstance, recording: Path, options: dict[str, str]) -> Iterator[None]:
    """Keep the instance busy with a recording, sent again when it is done."""
    sent = instance.send(recording, **options)
    try:
        deadline = time.monotonic() + BEGUN_SECONDS
        while instance.summaries([sent])[sent]["state"] != "processing":
            if time.monotonic() > deadline:
                raise click.ClickException("The long recording was not begun.")
            time.sleep(POLL_SECONDS)
        yield
        if instance.summaries([sent])[sent]["state"] != "processing":
            raise click.ClickException("The long recording was done too soon: choose a longer one with --minutes.")
    finally:
        instance.delete(sent)


def _two_projects(
    instance: RunningInstance, recording: Path, options: dict[str, str]
) -> tuple[float, list[float], float]:
    """Return the seconds of one recording alone, of each of the busy project's, and of the one sent behind them."""
    names = [f"bench-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    busy, other = (instance.create_project(name) for name in names)
    sent: list[str] = []
    try:
        alone = instance.transcribe(recording, project=other, **options)[2]
        begun = {}
        for project in [busy] * QUEUED_BY_ONE + [other]:
            sent.append(instance.send(recording, project=project, **options))
            begun[sent[-1]] = time.monotonic()
        ended: dict[str, float] = {}
        while len(ended) < len(sent):
            for name, summary in instance.summaries(sent).items():
                if summary["state"] in ("done", "error", "cancelled"):
                    ended.setdefault(name, time.monotonic())
            time.sleep(POLL_SECONDS)
        seconds = [ended[name] - begun[name] for name in sent]
    finally:
        for name in sent:
            instance.delete(name)
        for project in (busy, other):
            instance.delete_project(project)
    return alone, seconds[:-1], seconds[-1]


if __name__ == "__main__":
    fairness()
