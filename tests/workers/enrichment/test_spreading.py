"""A long enrichment that several workers share out has the very answers that one worker gives alone."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.enrichment_plan import EnrichmentPlan
from app.core.jobs import JobKind
from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.workers.enrichment.engine import Prompt
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.findings import UnreadableFindings
from app.workers.enrichment.jobs import EnrichmentJobs
from app.workers.orders import MalformedOrder, WorkOrder
from tests.workers.enrichment.conftest import THREADS, Listener
from tests.workers.enrichment.test_run import ALL, BY_WINDOW, LINE_BY_LINE, Recording, marked, shown_at_the_leaves

READ, WRITE, FOLD = JobKind.READING, JobKind.REWRITING, JobKind.FOLDING
PLAN = "a plan"
NOT_COMPARED = {"seconds", "tokens"}
"""What it took is not the same where several models are loaded and each reads its own beginning."""


@dataclass
class Part(Listener):
    """The context of a part: it fetches what others found, as JSON."""

    known: dict[int, str] = field(default_factory=dict)

    def findings(self, number: int) -> dict[str, Any]:
        return json.loads(self.known[number])


class Site:
    """Hands orders to workers as the API does, through JSON, and keeps what they hand on."""

    def __init__(self, segments: Sequence[Segment], options: TranscriptionOptions) -> None:
        self.segments, self.options = segments, options
        self.known: dict[int, str] = {}
        self.listeners: list[Part] = []

    def order(self, kind: JobKind, **more: Any) -> WorkOrder:
        told = [
            {"start": each.start, "end": each.end, "speaker": each.speaker, "text": each.text} for each in self.segments
        ]
        values = {
            "job_id": "j", "kind": kind, "lease": "l", "lease_seconds": 30, "attempt": 1, "transcription_id": "t",
            "audio": "a", "options": self.options.to_dict(), "language": "en", "segments": told, "spreads": True,
        }  # fmt: skip
        return WorkOrder.from_dict(json.loads(json.dumps(values | more)))

    def do(self, model: Recording, order: WorkOrder) -> dict[str, Any]:
        enricher = Enricher(Path("absent"), THREADS, model.name, open_model=lambda _name: model)
        context = Part(known=self.known)
        self.listeners.append(context)
        return json.loads(json.dumps(EnrichmentJobs(enricher).handlers[order.kind](order, context)))  # type: ignore[arg-type]

    def planned(self, model: Recording) -> EnrichmentPlan:
        return EnrichmentPlan.from_dict(self.do(model, self.order(JobKind.ENRICHMENT))["spread"])

    def spread(
        self, plan: EnrichmentPlan, workers: Callable[[int], Recording], sequence: Sequence[int]
    ) -> dict[str, Any]:
        """Work all parts, in this sequence as far as one does not need another, and join them."""
        place = {"plan": PLAN, "windows": plan.windows, "failures": dict(plan.failures)}
        reading, writing, folding = (
            [number for number, part in enumerate(plan.parts) if part.kind is kind] for kind in (READ, WRITE, FOLD)
        )
        for number in [*sorted([*reading, *writing], key=lambda each: sequence[each % len(sequence)]), *folding]:
            part = plan.parts[number]
            spread = place | {"excerpt": part.excerpt, "parts": reading if part.kind is FOLD else []}
            self.known[number] = json.dumps(self.do(workers(number), self.order(part.kind, spread=spread))["findings"])
        joined = place | {"parts": [*(folding or reading), *writing]}
        return self.do(workers(-1), self.order(JobKind.ENRICHMENT, spread=joined))["enrichment"]


def alone(segments: Sequence[Segment], model: Recording, options: TranscriptionOptions) -> dict[str, Any]:
    enricher = Enricher(Path("absent"), THREADS, model.name, open_model=lambda _name: model)
    return json.loads(json.dumps(enricher.enrich(segments, "en", options, Listener())))


def compared(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name not in NOT_COMPARED}


@given(
    st.lists(st.integers(15, 40), min_size=60, max_size=70),
    st.sets(st.sampled_from(ALL), min_size=1),
    st.permutations(range(20)),
)
@settings(deadline=None, max_examples=8)
def test_several_workers_give_the_answers_of_one(
    words: list[int], tasks: set[EnrichmentTask], sequence: list[int]
) -> None:
    options = TranscriptionOptions(tasks=tuple(sorted(tasks)))
    segments = marked(words)
    site = Site(segments, options)
    plan = site.planned(Recording(context_tokens=1024))
    models = [Recording(context_tokens=1024) for _ in plan.parts] + [Recording(context_tokens=1024)]

    spread = site.spread(plan, lambda number: models[number], sequence)

    assert compared(spread) == compared(alone(segments, Recording(context_tokens=1024), options))
    assert not models[-1].asked  # joining asks nothing
    for task in tasks:
        if task in (*BY_WINDOW, *LINE_BY_LINE):
            shown = [mark for model in models for mark in shown_at_the_leaves(model, str(task))]
            assert shown == [f"s{index}" for index in range(len(words))], task


def test_one_window_and_many_lines_are_shared_out_as_well() -> None:
    options = TranscriptionOptions(tasks=(EnrichmentTask.TITLE, EnrichmentTask.CORRECTED))
    segments = marked([6] * 120)
    site = Site(segments, options)
    plan = site.planned(Recording())
    assert [part.kind for part in plan.parts] == [READ, WRITE, WRITE]

    spread = site.spread(plan, lambda _number: Recording(), range(3))

    assert compared(spread) == compared(alone(segments, Recording(), options))


def test_names_that_an_answer_had_no_room_for_are_told_of_by_several_workers_as_by_one() -> None:
    class Crowded(Recording):
        def _value(self, task: str, prompt: Prompt) -> Any:
            full = task == "personal_data" and "s0 " in prompt.material
            return {"names": names, "addresses": []} if full else super()._value(task, prompt)

    names = [first + " word" * number for first in ("Word", "WORD", "WOrd") for number in range(1, 12)][:32]

    options = TranscriptionOptions(tasks=(EnrichmentTask.PERSONAL_DATA,))
    segments = marked([40] * 60)
    site = Site(segments, options)
    plan = site.planned(Crowded(context_tokens=1024))

    spread = site.spread(plan, lambda _number: Crowded(context_tokens=1024), range(3))

    assert compared(spread) == compared(alone(segments, Crowded(context_tokens=1024), options))
    assert len(spread["personal_phrases"]) == 32
    assert spread["failures"] == {
        "personal_data": f"in 1 of {plan.windows} parts there may be more than an answer has room for"
    }


def test_what_fits_into_one_context_is_one_job() -> None:
    site = Site(marked([6] * 40), TranscriptionOptions(tasks=ALL))

    assert set(site.do(Recording(), site.order(JobKind.ENRICHMENT))) == {"enrichment"}


def test_an_api_that_takes_no_plan_gets_the_answers() -> None:
    site = Site(marked([50] * 60), TranscriptionOptions())

    found = site.do(Recording(context_tokens=1024), site.order(JobKind.ENRICHMENT, spreads=False))

    assert found["enrichment"]["windows"] > 1


def test_a_worker_with_less_room_than_the_one_that_planned_reads_in_smaller_windows_and_leaves_nothing_out() -> None:
    options = TranscriptionOptions(tasks=ALL)
    words = [14] * 200
    site = Site(marked(words), options)
    plan = site.planned(Recording(context_tokens=2048))
    models = [Recording(context_tokens=1024) for _ in range(len(plan.parts) + 1)]

    spread = site.spread(plan, lambda number: models[number], range(3))

    assert spread["failures"] == {}
    for task in ("actions", "corrected", "summary"):
        shown = [mark for model in models for mark in shown_at_the_leaves(model, task)]
        assert shown == [f"s{index}" for index in range(len(words))], task


def test_answers_that_are_there_are_told_before_the_lines_are_written_anew() -> None:
    tasks = (EnrichmentTask.TITLE, EnrichmentTask.ACTIONS, EnrichmentTask.TRANSLATION)
    site = Site(marked([40] * 100), TranscriptionOptions(tasks=tasks))
    plan = site.planned(Recording(context_tokens=1024))

    site.spread(plan, lambda _number: Recording(context_tokens=1024), range(3))

    told = [answers for listener in site.listeners for _, _, answers in listener.reports if answers]
    assert set(told[0]["answers"]) == {"actions"}
    assert any(set(answers["answers"]) == {"actions", "title"} for answers in told)


def test_a_part_that_cannot_be_read_is_said_to_be_so() -> None:
    site = Site(marked([40] * 100), TranscriptionOptions())
    spread = {"plan": PLAN, "windows": 2, "failures": {}, "parts": [0]}
    model = Recording(context_tokens=1024)

    unknown = spread | {"excerpt": {"first": 1, "windows": [[100]], "lines": {}}}
    with pytest.raises(MalformedOrder):
        site.do(model, site.order(READ, spread=unknown))
    with pytest.raises(MalformedOrder):
        site.do(model, site.order(READ))
    site.known[0] = json.dumps({"kept": {"title": [{"value": [], "dropped": 0}]}})
    with pytest.raises(UnreadableFindings):
        site.do(model, site.order(FOLD, spread=spread))
