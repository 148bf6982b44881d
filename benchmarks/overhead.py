"""End-to-end wall time of a running Vocalyx over that of the bare engines: `python -m benchmarks.overhead`.

Both are warm, take the same file with the same options and the same number of threads, and take turns: whatever else
the machine does falls on both.
"""

import os
import time
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from app.cli.instance import InstanceNotFound
from app.settings import load_settings
from benchmarks.bare import BareEngines, BareTimes
from benchmarks.instance import RunningInstance

LIMIT = 1.10
MAX_REPETITIONS = 10


@click.command()
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("VOCALYX_EVALUATION_AUDIO", "../shared/audio")) / "en/tts-long-en.ogg",
    help="A recording of about five minutes.  [default: en/tts-long-en.ogg of the evaluation audio]",
)
@click.option("--language", default="en", show_default=True, help="Its language, told to both.")
@click.option(
    "--url",
    help="A running Vocalyx; its credentials are in $VOCALYX_TOKEN or $VOCALYX_API_KEY.  [default: the one of $VOCALYX_STATE]",
)
@click.option("--repetitions", type=click.IntRange(1, MAX_REPETITIONS), default=3, show_default=True)
def overhead(recording: Path, language: str, url: str | None, repetitions: int) -> None:
    """Measure transcription with diarization both ways, in turns, and print the ratio of the medians."""
    console = Console()
    try:
        instance = RunningInstance.open(url)
    except InstanceNotFound as error:
        raise click.ClickException(f"{error.detail}\n{error.remedy}") from error
    settings = load_settings()
    bare = BareEngines(settings)
    table = Table(title=f"{recording.name}, {settings.threads} threads, seconds", title_justify="left", box=None)
    for heading in ("run", "Vocalyx", "bare", "decoding", "transcription", "diarization", "ratio"):
        table.add_column(heading, justify="right")
    whole: list[float] = []
    parts: list[BareTimes] = []
    with console.status("warming up both"):
        _measure_instance(instance, recording, language)
        _measure_bare(bare, recording, language)
    for run in range(1, repetitions + 1):
        with console.status(f"run {run} of {repetitions}"):
            # Each goes first every other time.
            if run % 2:
                whole.append(_measure_instance(instance, recording, language))
                parts.append(_measure_bare(bare, recording, language))
            else:
                parts.append(_measure_bare(bare, recording, language))
                whole.append(_measure_instance(instance, recording, language))
        times = parts[-1]
        seconds = (whole[-1], times.total, times.decoding, times.transcription, times.diarization)
        table.add_row(str(run), *(f"{value:.1f}" for value in seconds), f"{whole[-1] / times.total:.3f}")
    ratio = median(whole) / median(times.total for times in parts)
    console.print(table)
    console.print(f"Ratio of the medians: {ratio:.3f} (wanted: at most {LIMIT:.2f})", highlight=False)


def _measure_instance(instance: RunningInstance, recording: Path, language: str) -> float:
    _, _, seconds = instance.transcribe(recording, language=language, diarization="true", enrichment="false")
    return seconds


def _measure_bare(bare: BareEngines, recording: Path, language: str) -> BareTimes:
    started = time.monotonic()
    samples = bare.decode(recording)
    decoded = time.monotonic()
    bare.transcribe(samples, language)
    transcribed = time.monotonic()
    bare.diarize(samples)
    return BareTimes(decoded - started, transcribed - decoded, time.monotonic() - transcribed)


if __name__ == "__main__":
    overhead()
