"""A very long recording on one worker: `python -m benchmarks.endurance`.

The highest resident memory of the worker, and whether the end is right: real speech is said over and over, and each time
must be written down as well as it is when it is said once. Then hours of silence, which must end in seconds.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.command import (
    audio_option,
    language_option,
    local_processes,
    new_console,
    new_table,
    open_instance,
    verdict,
)
from benchmarks.instance import FINAL_STATES, WITH_SPEAKERS, RunningInstance
from benchmarks.measures import read_rttm, word_errors
from benchmarks.recordings import TimedWord, joined, repeated, words_of, write_silence

LIMIT_BYTES = 3e9
GIGABYTE = 1e9
LOOK_SECONDS = 5.0
LIKE_THE_FIRST = 0.25
"""Of the words of a repetition, at most so many may differ: chunks are cut at other places each time."""


@click.command()
@audio_option
@language_option
@click.option("--hours", type=click.FloatRange(0.1, 24), default=6.0, show_default=True, help="Of speech.")
@click.option(
    "--unit", type=click.FloatRange(1, 60), default=10.0, show_default=True, help="Minutes that are repeated."
)
@click.option("--silent-hours", type=click.FloatRange(0.1, 24), default=12.0, show_default=True)
def endurance(audio: Path, language: str, hours: float, unit: float, silent_hours: float) -> None:
    """Measure both on the instance of $VOCALYX_STATE. Six hours of speech take about half an hour on two cores."""
    console = new_console()
    instance, processes = open_instance(None), local_processes()
    options = {**WITH_SPEAKERS, "language": language}
    with tempfile.TemporaryDirectory() as folder:
        spoken = joined(audio, Path(folder) / "spoken.flac", minutes=unit, language=language)
        once = Path(folder) / "once.ogg"
        long = Path(folder) / "long.ogg"
        repeated(spoken.path, once, hours=0)
        times = repeated(spoken.path, long, hours=hours)
        processes.forget_peaks()
        with console.status(f"{spoken.seconds / 60:.1f} minutes, once"):
            first, first_rttm, alone = instance.transcribe(once, **options)
        once_peak = processes.peak_bytes()
        processes.forget_peaks()
        expected = alone * times
        console.print(
            f"{times} times {spoken.seconds / 60:.1f} minutes: about {expected / 60:.0f} minutes to wait",
            highlight=False,
        )
        found, rttm, seconds = _followed(instance, long, options, console)
        peak = processes.peak_bytes()
        kept = _kept(
            list(words_of(first["segments"])), list(words_of(found["segments"])), times, found["duration_seconds"]
        )
        processes.forget_peaks()
        silence = Path(folder) / "silence.flac"
        write_silence(silence, hours=silent_hours)
        with console.status(f"{silent_hours:g} hours of silence"):
            nothing, _, silent_seconds = instance.transcribe(silence, **options)
        _print(
            console,
            [
                (f"{spoken.seconds / 60:.1f} minutes", alone, once_peak, first, first_rttm, "1 of 1"),
                (f"{times} times as long", seconds, peak, found, rttm, f"{kept} of {times}"),
                (f"{silent_hours:g} h of silence", silent_seconds, processes.peak_bytes(), nothing, "", "-"),
            ],
        )
    console.print(
        f"Peak: {peak / GIGABYTE:.2f} GB ({verdict(peak / GIGABYTE, LIMIT_BYTES / GIGABYTE)})", highlight=False
    )


def _print(console: Console, rows: list[tuple[str, float, int, dict[str, Any], str, str]]) -> None:
    table = new_table(
        "Highest resident memory of the worker, and what was written down",
        "recording", "hours", "seconds", "per hour", "peak, GB", "words", "speakers", "repetitions kept",
    )  # fmt: skip
    for name, seconds, peak, found, rttm, kept in rows:
        hours = found["duration_seconds"] / 3600
        words = sum(len(segment["words"]) for segment in found["segments"])
        speakers = len(read_rttm(rttm).labels())
        figures = (f"{hours:.2f}", f"{seconds:.1f}", f"{seconds / hours:.1f}", f"{peak / GIGABYTE:.2f}")
        table.add_row(name, *figures, str(words), str(speakers), kept)
    console.print(table)


def _followed(
    instance: RunningInstance, recording: Path, options: dict[str, str], console: Console
) -> tuple[dict[str, Any], str, float]:
    """Send it and wait, saying how far it is."""
    begun = time.monotonic()
    sent = instance.send(recording, **options)
    try:
        with console.status("uploaded") as status:
            while (summary := instance.summaries([sent])[sent])["state"] not in FINAL_STATES:
                spent = time.monotonic() - begun
                left = spent * (100 / summary["percent"] - 1) if summary["percent"] else 0.0
                status.update(f"{summary['percent']:.1f} %, {summary['stage']}; about {left / 60:.0f} minutes left")
                time.sleep(LOOK_SECONDS)
        instance.wait(sent)
        return instance.read(sent), instance.rttm(sent), time.monotonic() - begun
    finally:
        instance.delete(sent)


def _kept(first: list[TimedWord], all_words: list[TimedWord], times: int, duration: float) -> int:
    """Count the repetitions whose words are those of the first."""
    text = " ".join(word for _, _, word in first)
    length = duration / times
    said: list[list[str]] = [[] for _ in range(times)]
    for start, end, word in all_words:
        said[min(times - 1, int((start + end) / 2 / length))].append(word)
    return sum(word_errors(text, " ".join(words)).rate <= LIKE_THE_FIRST for words in said)


if __name__ == "__main__":
    endurance()
