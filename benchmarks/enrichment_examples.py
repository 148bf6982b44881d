"""What each installed language model makes of real texts, all tasks, good and bad: `python -m benchmarks.enrichment_examples`.

The texts beside recordings (.txt) are taken for transcripts, a sentence a segment: no sound is decoded. The page that is
written shows everything, so that nobody has to trust a selection.
"""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from app.api.answers.enriched import EnrichmentAnswers
from app.catalog.installed import ModelKind, installed
from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.errors import EnrichmentFailed
from benchmarks.command import audio_option, new_console
from benchmarks.grounding import Unwatched

_SECONDS_A_WORD = 0.4
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n{2,}")


@click.command()
@audio_option
@click.option(
    "--models-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="models", show_default=True
)
@click.option("--only", default="", help="Only texts whose path contains this.")
@click.option("--model", "only_model", default="", help="Only models whose name contains this.")
@click.option("--tasks", default=",".join(EnrichmentTask), help="Separated by commas.")
@click.option("--threads", default=2, show_default=True)
@click.option("--runs", default=1, show_default=True, help="How often each text is asked about.")
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the page here.")
def show(
    audio: Path, models_dir: Path, only: str, only_model: str, tasks: str, threads: int, runs: int, output: Path | None
) -> None:
    """Print every answer of every model, and how many were valid."""
    console = new_console()
    wanted = tuple(EnrichmentTask(name.strip()) for name in tasks.split(","))
    texts = [path for path in sorted(audio.rglob("*.txt")) if only in str(path) and path.parent.name in {"en", "fr"}]
    models = [model.name for model in installed(models_dir) if model.kind is ModelKind.LLM and only_model in model.name]
    valid = asked = 0
    page = ["# What language models made of these texts", ""]
    for name in models:
        enricher = Enricher(models_dir, threads, name)
        for path in texts:
            for run in range(runs):
                asked += 1
                outcome = _ask(enricher, path, wanted)
                is_valid = _is_valid(outcome)
                valid += is_valid
                if run == 0:
                    page += _chapter(name, path, outcome, is_valid=is_valid)
                console.print(f"{name}, {path.name}: {'valid' if is_valid else 'NOT VALID'}", highlight=False)
        enricher.close()
    page += ["", f"valid {valid} of {asked}", ""]
    if output is not None:
        output.write_text("\n".join(page), encoding="utf-8")
    else:
        console.print("\n".join(page), highlight=False, markup=False)
    console.print(f"valid {valid} of {asked}", highlight=False)


def segments_of(text: str) -> list[Segment]:
    """Return a text as a transcript: a sentence a segment, as long as it takes to say."""
    segments, at = [], 0.0
    for sentence in filter(None, (" ".join(part.split()) for part in _SENTENCE_END.split(text))):
        end = at + _SECONDS_A_WORD * len(sentence.split())
        segments.append(Segment(start=at, end=end, text=sentence))
        at = end
    return segments


def _ask(enricher: Enricher, path: Path, tasks: tuple[EnrichmentTask, ...]) -> dict[str, Any]:
    began = time.monotonic()
    options = TranscriptionOptions(tasks=tasks)
    try:
        outcome = enricher.enrich(segments_of(path.read_text(encoding="utf-8")), path.parent.name, options, Unwatched())
    except EnrichmentFailed as error:
        outcome = {"answers": {}, "failures": {"all": error.detail}, "dropped": {}, "tokens": {}, "windows": 0}
    return outcome | {"wall": time.monotonic() - began}


def _is_valid(outcome: dict[str, Any]) -> bool:
    try:
        EnrichmentAnswers.model_validate_json(json.dumps(outcome["answers"]), strict=True)
    except ValidationError:
        return False
    return True


def _chapter(name: str, path: Path, outcome: dict[str, Any], *, is_valid: bool) -> Iterator[str]:
    yield f"## {name}, {path.parent.name}/{path.name}"
    yield ""
    yield f"{'Valid' if is_valid else 'NOT VALID'}; {outcome['wall']:.0f} s, tokens {outcome['tokens']}, windows {outcome['windows']}."
    yield ""
    for task, answer in outcome["answers"].items():
        yield f"- **{task}**: {_shortened(json.dumps(answer, ensure_ascii=False))}"
    for task, reason in outcome["failures"].items():
        yield f"- *{task} failed*: {reason}"
    if outcome["dropped"]:
        yield f"- dropped: {outcome['dropped']}"
    yield ""


def _shortened(text: str, most: int = 1500) -> str:
    return text if len(text) <= most else f"{text[:most]} …"


if __name__ == "__main__":
    show()
