"""How soon the first words are there: `python -m benchmarks.first_words`.

From the end of the upload to the first text on the WebSocket, on a worker that is warm and idle, for recordings of several
lengths: it should not depend on the length.
"""

import tempfile
from collections.abc import Sequence
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
from benchmarks.instance import WITH_SPEAKERS
from benchmarks.recordings import joined

WANTED_SECONDS = 10.0
WARM_UP_MINUTES = 1.0


@click.command()
@audio_option
@language_option
@url_option
@click.option(
    "--minutes", multiple=True, type=click.FloatRange(1, 120), default=(5.0, 15.0, 30.0), show_default=True,
    help="The length of a recording, joined from those in --audio; may be given again.",
)  # fmt: skip
@click.option("--repetitions", type=click.IntRange(1, 10), default=3, show_default=True)
@click.option("--detect", is_flag=True, help="Do not tell the language.")
def first_words(
    audio: Path, language: str, url: str | None, minutes: Sequence[float], repetitions: int, *, detect: bool
) -> None:
    """Measure each length a few times, each recording being removed as soon as its first words are there."""
    console = new_console()
    instance = open_instance(url)
    options = WITH_SPEAKERS if detect else {**WITH_SPEAKERS, "language": language}
    table = new_table("Seconds from the end of the upload to the first text", "minutes", "median", "fastest", "slowest")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        with console.status("warming up"):
            short = joined(audio, Path(folder) / "short.flac", minutes=WARM_UP_MINUTES, language=language)
            instance.transcribe(short.path, **options)
        for length in minutes:
            recording = joined(audio, Path(folder) / f"{length:g}.flac", minutes=length, language=language)
            seconds = []
            for run in range(repetitions):
                with console.status(f"{length:g} minutes, run {run + 1} of {repetitions}"):
                    seconds.append(instance.seconds_to_first_words(recording.path, **options))
            worst = max(worst, *seconds)
            figures = (median(seconds), min(seconds), max(seconds))
            table.add_row(f"{recording.seconds / 60:.1f}", *(f"{value:.1f}" for value in figures))
    console.print(table)
    console.print(f"The slowest: {worst:.1f} s ({verdict(worst, WANTED_SECONDS)})", highlight=False)


if __name__ == "__main__":
    first_words()
