"""Precision and recall of the sources that answers carry, over meetings with planted facts: `python -m benchmarks.grounding`.

First the check alone, which no model takes part in: true paraphrases and near untruths are looked for in the transcript.
Then each model: of what it found of the planted facts, and of what it says, how much rests on the right lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from app.catalog.installed import ModelKind, installed
from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.errors import EnrichmentFailed
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.numerals import folded
from benchmarks.command import new_console, new_table
from benchmarks.planted import MEETINGS, Meeting

TASKS = (EnrichmentTask.POINTS, EnrichmentTask.ACTIONS, EnrichmentTask.DECISIONS, EnrichmentTask.QUESTIONS)
KINDS = {"actions": "action", "decisions": "decision", "questions": "question"}


@dataclass
class Tally:
    """Statements that were kept, those whose segments hold what they say, facts that were found of those planted."""

    kept: int = 0
    right: int = 0
    of_kind: int = 0
    kind_asked: int = 0
    dropped: int = 0
    found: set[tuple[str, int]] = field(default_factory=set)
    planted: int = 0

    def row(self) -> list[str]:
        return [
            str(self.kept), str(self.dropped), _share(self.right, self.kept), _share(len(self.found), self.planted),
            _share(self.of_kind, self.kind_asked),
        ]  # fmt: skip


class Unwatched:
    def checkpoint(self) -> None:
        pass

    def report(self, stage: str, percent: float, **_more: Any) -> None:
        pass


@click.command()
@click.option(
    "--models-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="models", show_default=True
)
@click.option("--only", default="", help="Only models whose name contains this.")
@click.option("--threads", default=2, show_default=True)
def measure(models_dir: Path, only: str, threads: int) -> None:
    """Print how far the sources of answers can be trusted."""
    console = new_console()
    table = new_table("The check alone", "language", "true, found where it stands", "untrue, found nowhere")
    for meeting in MEETINGS:
        table.add_row(meeting.language, *_check(meeting))
    console.print(table)
    columns = ("model", "language", "kept", "dropped", "sources right", "facts found", "of the kind asked for")
    table = new_table("Models", *columns)
    for name in (model.name for model in installed(models_dir) if model.kind is ModelKind.LLM and only in model.name):
        enricher = Enricher(models_dir, threads, name)
        for meeting in MEETINGS:
            row = (name, meeting.language, *_ask(enricher, meeting).row())
            console.print(" · ".join(row), highlight=False)  # minutes pass between them
            table.add_row(*row)
        enricher.close()
    console.print(table)


def _source(meeting: Meeting) -> Source:
    return Source([text for _, text in meeting.turns], [who for who, _ in meeting.turns])


def _check(meeting: Meeting) -> list[str]:
    source = _source(meeting)
    true = [bool(set(fact.lines) & set(source.locate(text))) for fact in meeting.facts for text in fact.paraphrases]
    untrue = [not (at := source.locate(text)) or not source.agrees(text, at) for text in meeting.absent]
    return [f"{sum(true)} of {len(true)}", f"{sum(untrue)} of {len(untrue)}"]


def _ask(enricher: Enricher, meeting: Meeting) -> Tally:
    segments = [
        Segment(start=5.0 * n, end=5.0 * n + 4, text=text, speaker=who) for n, (who, text) in enumerate(meeting.turns)
    ]
    tally = Tally(planted=len(meeting.facts))
    try:
        outcome = enricher.enrich(segments, meeting.language, TranscriptionOptions(tasks=TASKS), Unwatched())
    except EnrichmentFailed:
        return tally
    tally.dropped = sum(outcome["dropped"].values())
    for task, text, at in _statements(outcome["answers"]):
        facts = [fact for fact in meeting.facts if any(word in folded(text) for word in fact.words)]
        right = [fact for fact in facts if set(fact.lines) & set(at)]
        said = any(set(folded(text).split()) & set(folded(meeting.turns[line][1]).split()) for line in at)
        tally.kept += 1
        # What is about nothing that was planted is right where its lines have its words.
        tally.right += bool(right) if facts else said
        tally.found |= {(meeting.language, fact.lines[-1]) for fact in right}
        if task in KINDS:
            tally.kind_asked += 1
            tally.of_kind += any(fact.kind == KINDS[task] for fact in right)
    return tally


def _statements(answers: dict[str, Any]) -> Iterator[tuple[str, str, list[int]]]:
    for task, found in answers.items():
        for statement in found or ():
            yield task, statement.get("text") or statement["what"], statement["segments"]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.0%})" if whole else "")


if __name__ == "__main__":
    measure()
