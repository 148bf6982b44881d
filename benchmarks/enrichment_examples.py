"""What each installed language model makes of real texts, all tasks, good and bad: `python -m benchmarks.enrichment_examples`.

The texts beside short recordings (.txt) are taken for transcripts, three at a time and each a segment: no sound is
decoded. `--runs` are shared over the models, both languages and the texts, each with seeds of its own, and are written to
a file one by one: started again with the same file, it goes on where it stopped. The page is made of all that is in the
file, with the first good and the first bad answer of each task in each language.
"""

import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from app.catalog.installed import ModelKind, installed
from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.workers.enrichment.engine import Request, Then, Tick
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.errors import EnrichmentFailed
from app.workers.enrichment.llama import LlamaModel, open_installed
from app.workers.enrichment.prompts import PROMPT_VERSION
from benchmarks.command import audio_option, new_console
from benchmarks.grounding import Unwatched
from benchmarks.judging import Judged, judged

LANGUAGES = ("en", "fr")
LINES = 3
_MOST_WORDS = 60
_SECONDS_A_WORD = 0.4
_SEEDS_A_RUN = 10
_LEAST_TEMPERATURE = 0.5
"""From the second run with a text on: at temperature 0 every run would say the same."""
_QUOTED_CHARACTERS = 260


@dataclass
class Reseeded:
    """The model, with every draw made by a run's own seeds. The first run draws as Vocalyx does."""

    model: LlamaModel
    run: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        def reseeded(request: Request) -> Request:
            sampling = request.sampling
            if self.run:
                sampling = replace(
                    sampling,
                    temperature=max(sampling.temperature, _LEAST_TEMPERATURE),
                    seed=sampling.seed + _SEEDS_A_RUN * self.run,
                )
            return replace(request, sampling=sampling)

        def next_request(number: int, reply: Any) -> Request | None:
            again = then(number, reply)
            return None if again is None else reseeded(again)

        self.model.answer_all([reseeded(request) for request in requests], then=next_request, tick=tick)


@click.command()
@audio_option
@click.option(
    "--models-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="models", show_default=True
)
@click.option("--model", "only_model", default="", help="Only models whose name contains this.")
@click.option("--tasks", default=",".join(EnrichmentTask), help="Separated by commas.")
@click.option("--threads", default=2, show_default=True)
@click.option("--runs", default=50, show_default=True, help="Of every task, over all models and both languages.")
@click.option(
    "--written",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help="The runs, by line.",
)
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the page here.")
def show(
    audio: Path,
    models_dir: Path,
    only_model: str,
    tasks: str,
    threads: int,
    runs: int,
    written: Path,
    output: Path | None,
) -> None:
    """Ask every task so many times, and write down how many answers were valid, in the right language, and had sources."""
    console = new_console()
    wanted = tuple(EnrichmentTask(name.strip()) for name in tasks.split(","))
    names = [model.name for model in installed(models_dir) if model.kind is ModelKind.LLM and only_model in model.name]
    known = {(run["model"], run["language"], run["run"]) for run in _runs_in(written)}
    share = -(-runs // (len(names) * len(LANGUAGES)))
    for name in names:
        model = Reseeded(open_installed(models_dir, threads, name))
        enricher = Enricher(models_dir, threads, name, open_model=lambda _, model=model: model)  # type: ignore[misc]
        for number, language in itertools.product(range(share), LANGUAGES):
            if (name, language, number) in known:
                continue
            texts = _chosen(audio / language, number)
            model.run = number
            outcome = _ask(enricher, texts, language, wanted)
            run = {
                "model": name,
                "language": language,
                "run": number,
                "texts": [path.name for path in texts],
                **outcome,
            }
            with written.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run, ensure_ascii=False) + "\n")
            console.print(
                f"{name}, {language}, run {number + 1} of {share}: {outcome['seconds']:.0f} s", highlight=False
            )
        model.model.close()
    page = "\n".join(_page(_runs_in(written), wanted))
    if output is not None:
        head, mark, _ = (
            output.read_text(encoding="utf-8").partition("<!-- made -->\n") if output.exists() else ("",) * 3
        )
        output.write_text(head + mark + page, encoding="utf-8")
    else:
        console.print(page, highlight=False, markup=False)


def _runs_in(written: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()] if written.exists() else []


def _chosen(folder: Path, number: int) -> Sequence[Path]:
    """Return the texts of a run: those triples of short ones in turn that there are."""
    short = [
        path for path in sorted(folder.glob("*.txt")) if len(path.read_text(encoding="utf-8").split()) <= _MOST_WORDS
    ]
    triples = list(itertools.combinations(short, LINES))
    if not triples:
        raise click.ClickException(f"{folder} holds fewer than {LINES} .txt files of at most {_MOST_WORDS} words.")
    return triples[number % len(triples)]


def _ask(enricher: Enricher, texts: Sequence[Path], language: str, tasks: tuple[EnrichmentTask, ...]) -> dict[str, Any]:
    began = time.monotonic()
    segments = segments_of([path.read_text(encoding="utf-8") for path in texts])
    try:
        outcome = enricher.enrich(segments, language, TranscriptionOptions(tasks=tasks), Unwatched())
    except EnrichmentFailed as error:
        outcome = {"answers": {}, "failures": dict.fromkeys(tasks, error.detail), "dropped": {}, "tokens": {}}
    kept = {name: outcome[name] for name in ("answers", "failures", "dropped", "tokens")}
    return kept | {"seconds": time.monotonic() - began}


def segments_of(texts: Sequence[str]) -> list[Segment]:
    """Return texts as a transcript, each a segment as long as it takes to say, two speakers in turn."""
    segments, at = [], 0.0
    for index, text in enumerate(texts):
        words = text.split()
        end = at + _SECONDS_A_WORD * len(words)
        segments.append(Segment(start=at, end=end, text=" ".join(words), speaker=f"SPEAKER_0{index % 2}"))
        at = end
    return segments


def _page(runs: Sequence[dict[str, Any]], tasks: Sequence[EnrichmentTask]) -> Iterator[str]:
    yield f"Prompts of version {PROMPT_VERSION}; {len(runs)} runs."
    for name in dict.fromkeys(run["model"] for run in runs):
        of_model = [run for run in runs if run["model"] == name]
        yield from ("", f"## {name}", "")
        for language in LANGUAGES:
            texts = sorted({text for run in of_model if run["language"] == language for text in run["texts"]})
            count = sum(run["language"] == language for run in of_model)
            yield f"- {language}: {count} runs over three each of {', '.join(texts)}"
        yield from (
            "",
            "| task | runs | answered | valid | in the right language | with sources |",
            "|---|---|---|---|---|---|",
        )
        for task in tasks:
            yield _row(task, of_model)
        yield ""
        for task in tasks:
            yield from _examples(task, of_model)
    yield ""


def _row(task: str, runs: Sequence[Mapping[str, Any]]) -> str:
    seen = [(run, judged(task, run["answers"].get(task))) for run in runs]
    given = [(run, one) for run, one in seen if one.given]
    told = [(run, one) for run, one in given if one.language is not None]
    right = sum(one.language == _expected(task, run) for run, one in told)
    items, sourced = (sum(getattr(one, field) for _, one in given) for field in ("items", "sourced"))
    valid = sum(one.valid for _, one in given)
    sources = f"{sourced} of {items}" if items else "–"
    return f"| {task} | {len(seen)} | {len(given)} | {valid} of {len(given)} | {right} of {len(told)} | {sources} |"


def _examples(task: str, runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the first good and the first bad answer in each language, if there are any."""
    for language in LANGUAGES:
        seen = [(run, judged(task, run["answers"].get(task))) for run in runs if run["language"] == language]
        good = [run for run, one in seen if _fault(task, run, one) is None and run["answers"][task]]
        bad = [(run, fault) for run, one in seen if (fault := _fault(task, run, one)) is not None]
        for run in good[:1]:
            yield f"- {task}, {language}: {_quoted(run['answers'][task])}"
        for run, fault in bad[:1]:
            answer = run["answers"].get(task)
            said = f": {_quoted(answer)}" if answer is not None else ""
            yield f"- {task}, {language}, **{fault}** ({len(bad)} of {len(seen)}){said}"


def _fault(task: str, run: Mapping[str, Any], one: Judged) -> str | None:
    if not one.given:
        return str(run["failures"].get(task, "no answer"))
    if not one.valid:
        return "not valid"
    if one.language not in {None, _expected(task, run)}:
        return "in the wrong language"
    if one.sourced < one.items:
        return "without sources"
    return None


def _expected(task: str, run: Mapping[str, Any]) -> str:
    """Return the language that an answer should be in: a translation's is the other one."""
    language = str(run["language"])
    return {"en": "fr", "fr": "en"}[language] if task == EnrichmentTask.TRANSLATION else language


def _quoted(answer: Any) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return f"`{text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + ' …'}`".replace("|", r"\|")


if __name__ == "__main__":
    show()
