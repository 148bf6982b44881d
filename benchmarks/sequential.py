"""Vocalyx beside a plain sequential script of the same engines: `python -m benchmarks.sequential`.

The script (`benchmarks.bare`) has the same models and as many threads as a worker, and does one thing after the other:
decode, faster-whisper, pyannote, words to speakers. Both are warm, take the same recordings and take turns: whatever
else the machine does falls on both. Vocalyx is measured from the start of the upload to `done`.

Each repetition joins the same pieces in another order. A recording of five minutes has some 140 words with a known text:
where its windows happen to be cut moves more words than two ways of decoding do, and another processor moves as many. So
words are judged over all recordings of a run together, with the interval in which the difference lies.
"""

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

import click

from app.settings import load_settings
from app.standalone.site import usable_cores
from benchmarks.bare import BareEngines, BareTimes
from benchmarks.command import (
    audio_option,
    language_option,
    new_console,
    new_table,
    open_instance,
    url_option,
    verdict,
)
from benchmarks.instance import WITH_SPEAKERS, LocalProcesses, RunningInstance
from benchmarks.measures import WordErrors, rate_difference, read_rttm
from benchmarks.recordings import JoinedRecording, joined, words_of

WANTED = 0.75
MAX_REPETITIONS = 10
WARM_UP_MINUTES = 1.0


@dataclass(slots=True)
class Figures:
    """What one way made of one recording."""

    seconds: list[float] = field(default_factory=list)
    words_of_pieces: list[WordErrors] = field(default_factory=list)
    speakers_of_runs: list[tuple[float, ...]] = field(default_factory=list)

    @property
    def words(self) -> WordErrors:
        """The errors in all pieces that have a text."""
        return sum(self.words_of_pieces, WordErrors(0, 0))

    @property
    def speakers(self) -> tuple[float, ...]:
        """The mean of each diarization error rate over the runs."""
        return tuple(mean(rates) for rates in zip(*self.speakers_of_runs, strict=True))


@click.command()
@audio_option
@language_option
@url_option
@click.option(
    "--minutes", multiple=True, type=click.FloatRange(1, 120), default=(5.0, 15.0, 30.0), show_default=True,
    help="The length of a recording, joined from those in --audio; may be given again.",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="Of the script.  [default: those of a Vocalyx worker]")
@click.option("--repetitions", type=click.IntRange(1, MAX_REPETITIONS), default=3, show_default=True)
@click.option("--script-only", is_flag=True, help="Without Vocalyx; needs no running instance.")
def sequential(
    audio: Path,
    language: str,
    url: str | None,
    minutes: Sequence[float],
    threads: int | None,
    repetitions: int,
    *,
    script_only: bool,
) -> None:
    """Measure both over recordings of several lengths, and print the ratio of the medians of each."""
    console = new_console()
    instance = None if script_only else open_instance(url)
    settings = load_settings()
    settings = settings.model_copy(update={"threads": threads}) if threads else settings
    script = BareEngines(settings)
    table = new_table(
        f"With diarization, {settings.threads} threads in the script, {_workers()} in Vocalyx; seconds;"
        " DER without and with a collar of 0.25 s",
        "minutes", "Vocalyx", "script", "ratio", "decoding", "transcription", "diarization", "WER Vocalyx",
        "WER script", "DER Vocalyx", "DER script",
    )  # fmt: skip
    worst, worse_speakers = 0.0, -1.0
    pairs: list[tuple[WordErrors, WordErrors]] = []
    with tempfile.TemporaryDirectory() as folder:
        with console.status("warming up"):
            short = joined(audio, Path(folder) / "short.flac", minutes=WARM_UP_MINUTES, language=language)
            _measure_script(script, short, language, Figures())
            if instance is not None:
                _measure_vocalyx(instance, short, language, Figures())
        for length in minutes:
            ours, theirs, parts = Figures(), Figures(), []
            for run in range(repetitions):
                recording = joined(
                    audio, Path(folder) / f"{length:g}.flac", minutes=length, language=language, first=run
                )
                with console.status(f"{length:g} minutes, run {run + 1} of {repetitions}"):
                    # Each goes first every other time.
                    if instance is not None and run % 2 == 0:
                        _measure_vocalyx(instance, recording, language, ours)
                    parts.append(_measure_script(script, recording, language, theirs))
                    if instance is not None and run % 2:
                        _measure_vocalyx(instance, recording, language, ours)
            ratio = median(ours.seconds) / median(theirs.seconds) if ours.seconds else 0.0
            worst = max(worst, ratio)
            pairs += zip(ours.words_of_pieces, theirs.words_of_pieces, strict=instance is not None)
            worse_speakers = max(
                worse_speakers, *(mine - its for mine, its in zip(ours.speakers, theirs.speakers, strict=False)), -1.0
            )
            stages = [median(values) for values in zip(*(dataclasses.astuple(part) for part in parts), strict=True)]
            table.add_row(
                f"{recording.seconds / 60:.1f}",
                f"{median(ours.seconds):.1f}" if ours.seconds else "-",
                f"{median(theirs.seconds):.1f}",
                f"{ratio:.3f}" if ours.seconds else "-",
                *(f"{seconds:.1f}" for seconds in stages[:3]),
                f"{ours.words.rate:.3f}" if ours.seconds else "-",
                f"{theirs.words.rate:.3f}",
                _rates(ours.speakers),
                _rates(theirs.speakers),
            )
    console.print(table)
    if instance is not None:
        console.print(f"The highest ratio: {worst:.3f} ({verdict(worst, WANTED)})", highlight=False)
        more, low, high = rate_difference(pairs)
        console.print(
            f"Word error rate over the script's, in {sum(mine.words for mine, _ in pairs)} words: {more:+.4f}"
            f" (95 %: {low:+.4f} to {high:+.4f}; {verdict(more, 0)})",
            highlight=False,
        )
        console.print(
            f"Highest diarization error rate over the script's: {worse_speakers:+.4f} ({verdict(worse_speakers, 0)})",
            highlight=False,
        )


def _workers() -> str:
    """Say what the instance measured consists of, as far as it runs here."""
    processes = LocalProcesses.of_environment()
    if processes is None:
        return "those of its workers"
    workers = len(processes.transcription_workers())
    threads = max(1, usable_cores() // max(1, workers))
    return f"{threads} in each of {workers} transcription worker(s)"


def _measure_vocalyx(instance: RunningInstance, recording: JoinedRecording, language: str, figures: Figures) -> None:
    transcription, rttm, seconds = instance.transcribe(recording.path, language=language, **WITH_SPEAKERS)
    figures.seconds.append(seconds)
    figures.words_of_pieces += recording.word_errors_of_pieces(words_of(transcription["segments"]))
    figures.speakers_of_runs.append(recording.speaker_errors(read_rttm(rttm)))


def _measure_script(script: BareEngines, recording: JoinedRecording, language: str, figures: Figures) -> BareTimes:
    result = script.run(recording.path, language)
    figures.seconds.append(result.times.total)
    figures.words_of_pieces += recording.word_errors_of_pieces(result.words)
    figures.speakers_of_runs.append(recording.speaker_errors(result.speakers))
    return result.times


def _rates(rates: Sequence[float]) -> str:
    return " / ".join(f"{rate:.3f}" for rate in rates) or "-"


if __name__ == "__main__":
    sequential()
