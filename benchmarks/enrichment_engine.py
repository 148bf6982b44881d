"""How fast a language model reads and writes, by threads and slice: `python -m benchmarks.enrichment_engine`.

A slice is what is read at a time; between two of them a job can be stopped. All ways take turns, round by round, so
that whatever else the machine does falls on all of them; the best round of each counts. Wall time: this says something
on an idle machine only.
"""

import time
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import click

from app.catalog.installed import ModelKind, find
from app.settings import load_settings
from app.workers.enrichment.engine import Prompt, Sampling
from app.workers.enrichment.llama import LlamaModel
from app.workers.enrichment.model_file import ModelFile, checked
from app.workers.memory import usable_cores
from benchmarks.command import audio_option, language_option, new_console, new_table
from benchmarks.enrichment_prefix import transcript

SLICES = (16, 32, 64, 128, 256, 512)
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 2000, "maxLength": 4000}},
    "required": ["text"],
}


@dataclass
class Way:
    """A number of threads and a slice, and the most tokens a second that it has read and written so far."""

    threads: int
    slice_tokens: int
    reading: float = 0.0
    writing: float = 0.0
    longest_slice_seconds: float = 0.0


@click.command()
@audio_option
@language_option
@click.option("--model", default=None, help="An installed language model.  [default: the site's]")
@click.option("--threads", default="", help="Numbers of threads, with commas.  [default: 1, 2, 4 … as there are cores]")
@click.option("--slices", default=",".join(map(str, SLICES)), show_default=True, help="Tokens read at a time.")
@click.option("--minutes", type=click.FloatRange(0.2, 20), default=5, show_default=True, help="Of the transcript read.")
@click.option("--tokens", type=click.IntRange(8, 512), default=64, show_default=True, help="Written for each.")
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
def enrichment_engine(
    audio: Path, language: str, model: str | None, threads: str, slices: str, minutes: float, tokens: int, rounds: int
) -> None:
    """Print tokens a second, read and written, for each number of threads and each slice."""
    settings = load_settings()
    file = checked(find(settings.models_dir, ModelKind.LLM, model or settings.default_llm_model))
    text = "\n".join(segment.text for segment in transcript(audio / language, minutes))
    counts = [int(count) for count in threads.split(",")] if threads else _powers_of_two(usable_cores())
    ways = [Way(*pair) for pair in product(counts, (int(size) for size in slices.split(",")))]
    for _ in range(rounds):
        for way in ways:
            _try(way, file, text, tokens)
    table = new_table(
        f"{file.name}, {minutes:g} minutes read, {tokens} tokens written, best of {rounds}",
        *("threads", "slice", "read, tokens/s", "written, tokens/s", "longest slice, s"),
        names=2,
    )
    for way in ways:
        table.add_row(
            str(way.threads),
            str(way.slice_tokens) + (" (as shipped)" if way.slice_tokens == file.slice_tokens else ""),
            f"{way.reading:.0f}",
            f"{way.writing:.1f}",
            f"{way.longest_slice_seconds:.2f}",
        )
    new_console().print(table)


def _try(way: Way, file: ModelFile, text: str, tokens: int) -> None:
    model = LlamaModel(replace(file, slice_tokens=way.slice_tokens), way.threads, kept_bytes=0)
    prompt = Prompt("You tell what a recording is about.", text, "Tell it all again.")
    length = model.count_prompt_tokens(prompt)
    moments: list[float] = []
    slices = 0

    def tick(done: float) -> None:
        nonlocal slices
        moments.append(time.monotonic())
        slices += done * (length + tokens) < length - 0.5  # what is read is not all of the prompt yet

    reply = model.answer(prompt, SCHEMA, Sampling(), max_tokens=tokens, tick=tick)
    ended = time.monotonic()
    way.reading = max(way.reading, reply.evaluated_tokens / (moments[slices] - moments[0]))
    way.writing = max(way.writing, reply.generated_tokens / (ended - moments[slices]))
    longest = max(after - before for before, after in pairwise(moments[: slices + 1]))
    way.longest_slice_seconds = max(way.longest_slice_seconds, longest)
    model.close()


def _powers_of_two(most: int) -> list[int]:
    return sorted({most, *(2**power for power in range(most.bit_length()) if 2**power <= most)})


if __name__ == "__main__":
    enrichment_engine()
