"""What it saves that a recording's tasks share what was read, and are answered together: `python -m benchmarks.enrichment_prefix`.

The enricher does all its tasks on one transcript, and each list of questions that it put to the model is put again at
once, to a second copy of the same model: one question after the other, each to a model that has forgotten what it read. So the
two differ in nothing else, and what else the machine does meets both. A second try at a question is no new question: it
shares the first one's prompt both times. Processor time is what a busy machine leaves comparable.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.settings import load_settings
from app.workers.enrichment.engine import Listen, Prompt, Reply, Request, Sampling, Then, Tick
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.llama import LlamaModel, open_installed
from app.workers.enrichment.model_file import CONTEXT_LIMIT_TOKENS
from benchmarks.command import audio_option, language_option, new_console, new_table, verdict
from benchmarks.grounding import Unwatched

MOST_OF_THE_TIME = 0.4
WORDS_A_MINUTE = 150
WORDS_A_SEGMENT = 12


@dataclass
class Cost:
    """What questions took, in seconds of the clock and of the processors, and what they cost in tokens."""

    questions: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    read: int = 0
    known: int = 0
    written: int = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        begun, worked = time.monotonic(), time.process_time()
        yield
        self.seconds += time.monotonic() - begun
        self.processor_seconds += time.process_time() - worked

    def count(self, reply: Reply) -> None:
        self.questions += 1
        self.read += reply.evaluated_tokens
        self.known += reply.reused_tokens
        self.written += reply.generated_tokens


@dataclass
class Witness:
    """The model, and a second copy of it that is asked the same, each question by itself.

    `same` of the answers were the same word for word.
    """

    model: LlamaModel
    other: LlamaModel
    console: Console
    shared: Cost = field(default_factory=Cost)
    fresh: Cost = field(default_factory=Cost)
    same: int = 0

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
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        sampling: Sampling,
        *,
        max_tokens: int,
        tick: Tick,
        listen: Listen | None = None,
    ) -> Reply:
        del listen
        replies: list[Reply] = []
        self.answer_all(
            [Request(prompt, schema, sampling, max_tokens)], then=lambda _, reply: replies.append(reply), tick=tick
        )
        return replies[0]

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        asked = {number: [request] for number, request in enumerate(requests)}
        answers: dict[int, list[Reply]] = {number: [] for number in asked}

        def noted(number: int, reply: Reply) -> Request | None:
            answers[number].append(reply)
            self.shared.count(reply)
            again = then(number, reply)
            if again is not None:
                asked[number].append(again)
            return again

        with self.shared.timed():
            self.model.answer_all(requests, then=noted, tick=tick)
        for number, tries in asked.items():
            self.other.forget()
            for request, reply in zip(tries, answers[number], strict=True):
                self._ask_afresh(request, reply)
        self.console.print(
            f"{self.shared.questions} questions so far: {self.shared.processor_seconds:.1f} s of the processors together,"
            f" {self.fresh.processor_seconds:.1f} s afresh; {self.same} answers the same.",
            highlight=False,
        )

    def close(self) -> None:
        self.model.close()
        self.other.close()

    def _ask_afresh(self, request: Request, before: Reply) -> None:
        with self.fresh.timed():
            reply = self.other.answer(
                request.prompt, request.schema, request.sampling, max_tokens=request.max_tokens, tick=lambda _: None
            )
        self.fresh.count(reply)
        self.same += reply.text == before.text


@click.command()
@audio_option
@language_option
@click.option(
    "--models-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Where models are installed.  [default: the site's]",
)
@click.option("--minutes", type=click.FloatRange(0.5, 300), default=10, show_default=True, help="Of the transcript.")
@click.option("--model", "model_name", default=None, help="An installed language model.  [default: the site's]")
@click.option(
    "--context", type=click.IntRange(512), default=CONTEXT_LIMIT_TOKENS, show_default=True, help="Tokens of context."
)
@click.option("--tasks", default="", help="Separated by commas.  [default: all of them]")
def enrichment_prefix(
    audio: Path,
    language: str,
    models_dir: Path | None,
    minutes: float,
    model_name: str | None,
    context: int,
    tasks: str,
) -> None:
    """Print what all tasks of one transcript take together, and one by one with a fresh prompt each."""
    settings = load_settings()
    name = model_name or settings.default_llm_model
    models = models_dir or settings.models_dir
    console = new_console()
    model, other = (open_installed(models, settings.threads, name, context_limit=context) for _ in range(2))
    witness = Witness(model, other, console)
    segments = transcript(audio / language, minutes)
    enricher = Enricher(models, settings.threads, name, open_model=lambda _: witness)
    asked = tuple(EnrichmentTask(task) for task in tasks.split(",")) if tasks else tuple(EnrichmentTask)
    options = TranscriptionOptions(model="", llm_model=name, language=language, tasks=asked)
    outcome = enricher.enrich(segments, language, options, Unwatched())
    _print(console, witness, outcome, minutes)
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


def _print(console: Console, witness: Witness, outcome: Mapping[str, object], minutes: float) -> None:
    table = new_table(
        f"{witness.name}: all tasks of {minutes:g} minutes, read in {outcome['windows']} window(s)",
        *("prompt", "questions", "seconds", "processor seconds", "tokens read", "known before", "written"),
    )
    for name, cost in (("shared, answered together", witness.shared), ("fresh for each task", witness.fresh)):
        table.add_row(
            name,
            str(cost.questions),
            f"{cost.seconds:.1f}",
            f"{cost.processor_seconds:.1f}",
            str(cost.read),
            str(cost.known),
            str(cost.written),
        )
    console.print(table)
    console.print(f"The same answers, word for word: {witness.same} of {witness.shared.questions}.")
    console.print(f"Kept of earlier prompts in the end: {witness.model.kept_bytes / 1e6:.0f} MB.")
    part = witness.shared.processor_seconds / witness.fresh.processor_seconds
    console.print(
        f"Shared over fresh: {witness.shared.seconds / witness.fresh.seconds:.2f} of the time, {part:.2f} of the"
        f" processors'; {verdict(part, MOST_OF_THE_TIME)}."
    )


if __name__ == "__main__":
    enrichment_prefix()
