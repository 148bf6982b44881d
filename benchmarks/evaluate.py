"""Word and diarization error rates of Vocalyx and of the bare engines, file by file: `python -m benchmarks.evaluate`."""

from collections import defaultdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app.settings import load_settings
from benchmarks.bare import BareEngines
from benchmarks.command import audio_option, new_console, new_table, open_instance, url_option
from benchmarks.instance import TEXT_ALONE, WITH_SPEAKERS, RunningInstance, text_of
from benchmarks.measures import (
    COLLARS_SECONDS,
    NORMALISATION,
    NORMALISATION_RULES,
    SpeakerErrors,
    WordErrors,
    read_rttm,
    recordings_with,
    speaker_errors,
    word_errors,
)

LANGUAGES = frozenset({"en", "fr"})
"""Names of folders that tell the language of the recordings in them; elsewhere it is detected."""


@click.command()
@audio_option
@url_option
@click.option("--bare-only", is_flag=True, help="Measure the bare engines only; needs no running instance.")
@click.option("--only", default="", help="Only recordings whose path contains this.")
def evaluate(audio: Path, url: str | None, *, bare_only: bool, only: str) -> None:
    """Print the error rates of Vocalyx and of the bare engines over the same recordings."""
    console = new_console()
    instance = None if bare_only else open_instance(url)
    bare = BareEngines(load_settings())
    with_text = [pair for pair in recordings_with(audio, ".txt") if only in str(pair[0])]
    with_speakers = [pair for pair in recordings_with(audio, ".rttm") if only in str(pair[0])]
    console.print(word_error_table(with_text, bare, instance, console))
    console.print(f"Normalisation '{NORMALISATION}': {NORMALISATION_RULES}.\n", highlight=False)
    console.print(speaker_error_table(with_speakers, bare, instance, console))
    console.print(
        "Overlapped speech counts. A collar is left out on each side of every boundary of the reference.",
        highlight=False,
    )


def word_error_table(
    recordings: list[tuple[Path, Path]], bare: BareEngines, instance: RunningInstance | None, console: Console
) -> Table:
    """Transcribe each recording both ways; rows by file, then one by language over all its words."""
    table = new_table("Word error rate", "recording", "words", "Vocalyx", "bare engine")
    sums: dict[str, dict[str, WordErrors]] = defaultdict(lambda: defaultdict(lambda: WordErrors(0, 0)))
    for recording, reference in recordings:
        language = recording.parent.name if recording.parent.name in LANGUAGES else None
        truth = reference.read_text(encoding="utf-8")
        with console.status(recording.name):
            found = {"bare": word_errors(truth, bare.transcribe(bare.decode(recording), language))}
            if instance is not None:
                options = {"language": language} if language else {}
                transcription, _, _ = instance.transcribe(recording, **TEXT_ALONE, **options)
                found["vocalyx"] = word_errors(truth, text_of(transcription))
        table.add_row(recording.name, str(found["bare"].words), _rate(found.get("vocalyx")), _rate(found["bare"]))
        for system, errors in found.items():
            sums[language or "any"][system] += errors
    table.add_section()
    for language, totals in sums.items():
        words = str(totals["bare"].words)
        table.add_row(f"all {language}", words, _rate(totals.get("vocalyx")), _rate(totals["bare"]), style="bold")
    return table


def speaker_error_table(
    recordings: list[tuple[Path, Path]], bare: BareEngines, instance: RunningInstance | None, console: Console
) -> Table:
    """Diarize each recording both ways, the number of speakers unknown; rows by file."""
    collars = [f"{collar:g} s" for collar in COLLARS_SECONDS]
    columns = [f"{system}, {collar}" for system in ("Vocalyx", "bare") for collar in collars]
    table = new_table("Diarization error rate", "recording", "speakers", *columns, "found by Vocalyx", "by bare")
    for recording, reference in recordings:
        truth = read_rttm(reference.read_text(encoding="utf-8"))
        ours: SpeakerErrors | None = None
        with console.status(recording.name):
            theirs = speaker_errors(truth, bare.diarize(bare.decode(recording)))
            if instance is not None:
                _, rttm, _ = instance.transcribe(recording, **WITH_SPEAKERS)
                ours = speaker_errors(truth, read_rttm(rttm))
        rates = [f"{rate:.3f}" for rate in theirs.rates]
        our_rates = ["-"] * len(rates) if ours is None else [f"{rate:.3f}" for rate in ours.rates]
        counts = ["-" if ours is None else str(ours.speakers), str(theirs.speakers)]
        table.add_row(recording.name, str(len(truth.labels())), *our_rates, *rates, *counts)
    return table


def _rate(errors: WordErrors | None) -> str:
    return "-" if errors is None else f"{errors.rate:.3f}"


if __name__ == "__main__":
    evaluate()
