"""What it saves that a recording's tasks share what was read: `python -m benchmarks.enrichment_prefix`.

The enricher does all its tasks on one transcript, and what it asked the model is written down. Then the same questions
are put again, each one to a model that has forgotten what it read: the same model, file and process, so that the two
differ in nothing else. A second try at a question is no new question: it shares the first one's prompt both times.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.settings import load_settings
from app.workers.enrichment.engine import Prompt, Reply, Sampling, Tick
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.llama import LlamaModel, open_installed
from app.workers.enrichment.model_file import CONTEXT_LIMIT_TOKENS
from benchmarks.command import audio_option, language_option, new_console, new_table, verdict

MOST_OF_THE_TIME = 0.4
WORDS_A_MINUTE = 150
WORDS_A_SEGMENT = 12


@dataclass(frozen=True, slots=True)
class Question:
    """One call of the engine, what it took in seconds, and what it cost in tokens."""

    prompt: Prompt
    schema: Mapping[str, Any]
    sampling: Sampling
    max_tokens: int
    seconds: float
    reply: Reply


@dataclass
class Witness:
    """The model, with every question that it was asked written down."""

    model: LlamaModel
    asked: list[Question] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def context_tokens(self) -> int:
        return self.model.context_tokens

    def count_tokens(self, text: str) -> int:
        return self.model.count_tokens(text)

    def count_prompt_tokens(self, prompt: Prompt) -> int:
        return self.model.count_prompt_tokens(prompt)

    def answer(
        self, prompt: Prompt, schema: Mapping[str, Any], sampling: Sampling, *, max_tokens: int, tick: Tick
    ) -> Reply:
        begun = time.monotonic()
        reply = self.model.answer(prompt, schema, sampling, max_tokens=max_tokens, tick=tick)
        self.asked.append(Question(prompt, schema, sampling, max_tokens, time.monotonic() - begun, reply))
        return reply

    def close(self) -> None:
        self.model.close()


class Unwatched:
    """A job that nobody follows."""

    def checkpoint(self) -> None:
        pass

    def report(self, stage: str, percent: float, **new: object) -> None:
        pass


@click.command()
@audio_option
@language_option
@click.option("--minutes", type=click.FloatRange(0.5, 300), default=10, show_default=True, help="Of the transcript.")
@click.option("--model", default=None, help="An installed language model.  [default: the site's]")
@click.option(
    "--context", type=click.IntRange(512), default=CONTEXT_LIMIT_TOKENS, show_default=True, help="Tokens of context."
)
@click.option("--tasks", default="", help="Separated by commas.  [default: all of them]")
def enrichment_prefix(audio: Path, language: str, minutes: float, model: str | None, context: int, tasks: str) -> None:
    """Print what all tasks of one transcript take together, and one by one with a fresh prompt each."""
    settings = load_settings()
    name = model or settings.default_llm_model
    witness = Witness(open_installed(settings.models_dir, settings.threads, name, context_limit=context))
    segments = transcript(audio / language, minutes)
    enricher = Enricher(settings.models_dir, settings.threads, name, open_model=lambda _: witness)
    asked = tuple(EnrichmentTask(task) for task in tasks.split(",")) if tasks else tuple(EnrichmentTask)
    options = TranscriptionOptions(model="", llm_model=name, language=language, tasks=asked)
    outcome = enricher.enrich(segments, language, options, Unwatched())
    fresh = asked_afresh(witness)
    _print(new_console(), witness, outcome, fresh, minutes)
    witness.close()


def transcript(texts: Path, minutes: float) -> list[Segment]:
    """Return segments of what was really said in that language, as many as that many minutes have."""
    words = [word for path in sorted(texts.glob("*.txt")) for word in path.read_text(encoding="utf-8").split()]
    if not words:
        raise click.ClickException(f"{texts} holds no .txt file with what is said in a recording.")
    count = int(minutes * WORDS_A_MINUTE)
    said = (words * (count // len(words) + 1))[:count]
    seconds = 60 / WORDS_A_MINUTE
    return [
        Segment(
            start=first * seconds,
            end=min(first + WORDS_A_SEGMENT, count) * seconds,
            text=" ".join(said[first : first + WORDS_A_SEGMENT]),
            speaker=f"SPEAKER_0{first // (5 * WORDS_A_SEGMENT) % 2}",
        )
        for first in range(0, count, WORDS_A_SEGMENT)
    ]


def asked_afresh(witness: Witness) -> list[Question]:
    """Put the questions again, to a model that forgets before each new one."""
    asked, before = list(witness.asked), None
    witness.asked.clear()
    for question in asked:
        if question.prompt != before:
            witness.model.forget()
        before = question.prompt
        again = witness.answer(
            question.prompt, question.schema, question.sampling, max_tokens=question.max_tokens, tick=lambda _: None
        )
        assert again.text == question.reply.text, "the same question has another answer"
    fresh, witness.asked = witness.asked, asked
    return fresh


def _print(
    console: Console, witness: Witness, outcome: Mapping[str, object], fresh: Sequence[Question], minutes: float
) -> None:
    table = new_table(
        f"{witness.name}: all tasks of {minutes:g} minutes, read in {outcome['windows']} window(s)",
        *("prompt", "questions", "seconds", "tokens read", "known before", "written"),
    )
    for name, questions in (("shared", witness.asked), ("fresh for each task", fresh)):
        table.add_row(
            name,
            str(len(questions)),
            f"{_seconds(questions):.1f}",
            str(sum(question.reply.evaluated_tokens for question in questions)),
            str(sum(question.reply.reused_tokens for question in questions)),
            str(sum(question.reply.generated_tokens for question in questions)),
        )
    console.print(table)
    part = _seconds(witness.asked) / _seconds(fresh)
    console.print(f"Kept of earlier prompts in the end: {witness.model.kept_bytes / 1e6:.0f} MB.")
    console.print(f"Shared over fresh: {part:.2f}; {verdict(part, MOST_OF_THE_TIME)}.")


def _seconds(questions: Sequence[Question]) -> float:
    return sum(question.seconds for question in questions)


if __name__ == "__main__":
    enrichment_prefix()
