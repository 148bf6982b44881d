"""Whether `ask` finds what was said, and refuses what was not: `python -m benchmarks.asking`.

First the check alone, which no model takes part in: of each line of a recording, whether it may answer. Then questions to made-up recordings, in both languages, by each installed model. `by quote alone` is what would stand without a check:
every answer that has a quote which stands there; `kind and words` without asking the model where words cannot tell.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.catalog.installed import ModelKind, installed
from app.core.answerability import Fit, fit
from app.core.questions import Passage
from app.workers.enrichment.engine import Prompt, Reply, Sampling
from app.workers.enrichment.llama import open_installed
from app.workers.enrichment.questions import Fits, Questioner
from benchmarks.command import new_console, new_table
from benchmarks.grounding import Unwatched
from benchmarks.planted_questions import ASKED, Asked

CHECKS: dict[str, Fits] = {
    "by quote alone": lambda *_: Fit.YES,
    "kind and words": lambda *asked: Fit.YES if fit(*asked) is Fit.YES else Fit.NO,
    "as it is": fit,
}


def cache_of(answer: Callable[..., Reply]) -> Callable[..., Reply]:
    """Return what answers each prompt once: the same one gives the same reply."""
    known: dict[tuple[Prompt, Sampling], Reply] = {}

    def answered(prompt: Prompt, schema: object, sampling: Sampling, **more: Any) -> Reply:
        if (prompt, sampling) not in known:
            known[prompt, sampling] = answer(prompt, schema, sampling, **more)
        return known[prompt, sampling]

    return answered


@dataclass
class Tally:
    """Questions that are answered in the recording: found, and with a quote of the right line; and those that are not."""

    found: int = 0
    right: int = 0
    answered: int = 0
    refused: int = 0
    absent: int = 0

    def row(self) -> list[str]:
        return [
            f"{self.found} of {self.answered}", f"{self.right} of {self.answered}", f"{self.refused} of {self.absent}"
        ]  # fmt: skip


@click.command()
@click.option(
    "--models-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="models", show_default=True
)
@click.option("--only", default="", help="Only models whose name contains this.")
@click.option("--threads", default=2, show_default=True)
def measure(models_dir: Path, only: str, threads: int) -> None:
    """Print how far an answer, and a refusal, can be trusted."""
    console = new_console()
    table = new_table("The check alone", "recordings", "language", "right lines: yes / unsure / no", "absent, any line")
    for recordings, asked in ((group, each) for group, both in ASKED.items() for each in both):
        table.add_row(recordings, asked.meeting.language, *_check(asked))
    console.print(table)
    columns = ("model", "recordings", "language", "check", "present: found", "present: right line", "absent: refused")
    table = new_table("Questions", *columns)
    for name in (model.name for model in installed(models_dir) if model.kind is ModelKind.LLM and only in model.name):
        model = open_installed(models_dir, threads, name)
        model.answer = cache_of(model.answer)  # type: ignore[method-assign] # both checks judge the same replies
        for recordings, asked in ((group, each) for group, both in ASKED.items() for each in both):
            for check, fits in CHECKS.items():
                questioner = Questioner(lambda _name, model=model: model, fits=fits)  # type: ignore[misc]
                row = (name, recordings, asked.meeting.language, check, *_tally(questioner, asked).row())
                console.print(" · ".join(row), highlight=False)  # minutes pass between them
                table.add_row(*row)
        model.close()
    console.print(table)


def _passages(asked: Asked) -> list[Passage]:
    return [
        Passage("planted", "Planted", line, 5.0 * line, text, who)
        for line, (who, text) in enumerate(asked.meeting.turns)
    ]


def _check(asked: Asked) -> list[str]:
    """Return how the check judges the lines that answer, and every line for what nothing answers: yes, unsure, no."""
    passages = _passages(asked)
    right = Counter(fit(question, lines, passages) for question, lines in asked.answered)
    wrong = Counter(fit(question, [line], passages) for question in asked.absent for line in range(len(passages)))
    return [" / ".join(str(counted[each]) for each in (Fit.YES, Fit.UNSURE, Fit.NO)) for counted in (right, wrong)]


def _tally(questioner: Questioner, asked: Asked) -> Tally:
    tally = Tally(answered=len(asked.answered), absent=len(asked.absent))
    for question, lines in asked.answered:
        quoted = _quoted(questioner, asked, question)
        tally.found += bool(quoted)
        tally.right += bool(set(quoted) & set(lines))
    for question in asked.absent:
        tally.refused += not _quoted(questioner, asked, question)
    return tally


def _quoted(questioner: Questioner, asked: Asked, question: str) -> Sequence[int]:
    """Return the lines that the answer quotes: none where it says that it is not there."""
    answer: Any = questioner.answer(question, _passages(asked), asked.meeting.language, None, Unwatched())
    return [source["segment"] for source in answer["sources"]]


if __name__ == "__main__":
    measure()
