"""An enrichment that several workers share out: what each of its jobs does, and hands on to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.core.enrichment_plan import EnrichmentPart, EnrichmentPlan, Questions, Spread
from app.core.jobs import JobKind
from app.workers.enrichment.excerpts import Excerpt, Plan
from app.workers.enrichment.findings import Findings
from app.workers.enrichment.run import Run
from app.workers.enrichment.tasks.task import Scope
from app.workers.orders import MalformedOrder, WorkOrder


def begin(run: Run, order: WorkOrder) -> Mapping[str, object]:
    """Answer all at once, or give the plan where that is too much for one job and the API takes one."""
    plan = run.plan()
    if order.spreads and plan.is_long:
        return {"spread": _told(run, plan, order).to_dict()}
    run.work_by(plan)
    return {"enrichment": run.outcome()}


def read(run: Run, order: WorkOrder) -> Mapping[str, object]:
    """Ask about one excerpt, or write its lines anew."""
    spread = _spread(order)
    try:
        excerpt = Excerpt.from_dict(spread.excerpt or {}, run.passages)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedOrder(f"The excerpt that is to be read is none ({error!r}).") from error
    run.resume(spread.windows, spread.failures)
    run.read(excerpt)
    return _found(run, spread)


def fold(run: Run, order: WorkOrder, found: Iterable[Mapping[str, Any]]) -> Mapping[str, object]:
    """Ask what is asked of the whole. What is handed on is all that was found so far, the parts' findings among it."""
    spread = _spread(order)
    run.resume(spread.windows, spread.failures)
    _add(run, found)
    run.fold()
    return _found(run, spread)


def join(run: Run, order: WorkOrder, found: Iterable[Mapping[str, Any]]) -> Mapping[str, object]:
    """Join what all parts found."""
    spread = _spread(order)
    run.resume(spread.windows, spread.failures)
    _add(run, found)
    run.join()
    return {"enrichment": run.outcome()}


def _spread(order: WorkOrder) -> Spread:
    if order.spread is None:
        raise MalformedOrder(f"The work order for a {order.kind} job names no plan.")
    return order.spread


def _add(run: Run, found: Iterable[Mapping[str, Any]]) -> None:
    for findings in found:
        run.found.add(Findings.from_dict(findings, run.tasks))


def _found(run: Run, spread: Spread) -> Mapping[str, object]:
    return {"findings": {"plan": spread.plan, **run.found.to_dict(run.tasks)}}


def _told(run: Run, plan: Plan, order: WorkOrder) -> EnrichmentPlan:
    """Return the plan as the API is told it: all parts are asked with this very model, of this very text."""
    parts = [_part(run, order, JobKind.READING, excerpt) for excerpt in plan.readings]
    parts += [_part(run, order, JobKind.REWRITING, excerpt) for excerpt in plan.rewritings]
    asks_whole = any(task.scope is Scope.WHOLE and task.name not in plan.failures for task in run.tasks)
    if asks_whole and len(plan.windows) > 1:
        parts.append(EnrichmentPart(JobKind.FOLDING, order.segments[0].start, order.segments[-1].end, {}))
    options = replace(order.options, llm_model=run.model_name)
    questions = Questions(options, order.task_set, order.language, order.segments)
    return EnrichmentPlan(questions, len(plan.windows), plan.failures, tuple(parts))


def _part(run: Run, order: WorkOrder, kind: JobKind, excerpt: Excerpt) -> EnrichmentPart:
    read = [order.segments[position] for position in excerpt.segments]
    start, end = min(segment.start for segment in read), max(segment.end for segment in read)
    return EnrichmentPart(kind, start, end, excerpt.to_dict(run.passages))
