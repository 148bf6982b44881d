"""An enrichment that is spread over workers: its plan, what each part is told, and what it found. Inside other units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.enriching import PART_KINDS, part_number, parts_of
from app.core.enrichment_plan import EnrichmentPlan as Plan
from app.core.errors import JobSuperseded, NotFound
from app.core.identifiers import JobId
from app.core.jobs import Job as WorkJob
from app.core.jobs import JobKind, JobState
from app.core.lifecycle import Work
from app.db import speakers
from app.db.tables import EnrichmentPart, EnrichmentPlan, Job


@dataclass(frozen=True, slots=True)
class Findings:
    """What one part of an enrichment found, in words of the enrichment workers; `plan` is the one that it is of."""

    plan: UUID
    values: Mapping[str, Any]


def store(row: Any, plan: Plan) -> None:
    """Keep a plan in place of any before."""
    forget(row)
    EnrichmentPlan.create(
        transcription=row, questions=plan.questions.to_dict(), windows=plan.windows, failures=dict(plan.failures)
    )
    for number, part in enumerate(plan.parts):
        EnrichmentPart.create(transcription=row, number=number, kind=part.kind, excerpt=dict(part.excerpt))


def forget(row: Any) -> None:
    """Remove what the parts were told and found: it is joined, or not wanted any more."""
    for table in (EnrichmentPart, EnrichmentPlan):
        table.delete().where(table.transcription == row).execute()


def order(row: Any, job: WorkJob) -> dict[str, Any]:
    """Return what a part is told, or the job that joins all of them."""
    plan: Any = EnrichmentPlan.get(EnrichmentPlan.transcription == row)
    questions: dict[str, Any] = plan.questions
    spread = {"plan": str(plan.id), "windows": plan.windows, "failures": plan.failures}
    if job.kind in (JobKind.READING, JobKind.REWRITING):
        return questions | {"spread": spread | {"excerpt": _part(row, job).excerpt}}
    return questions | {"spread": spread | {"parts": _needed(row, job.kind)}}


def keep(row: Any, job: WorkJob, findings: Findings) -> None:
    """Keep what a part found. Raises `JobSuperseded` where it is a part of another plan."""
    same = EnrichmentPlan.select().where(EnrichmentPlan.transcription == row, EnrichmentPlan.id == findings.plan)
    if not same.exists():
        raise JobSuperseded("The enrichment was planned anew.")
    EnrichmentPart.update(findings=dict(findings.values)).where(
        EnrichmentPart.transcription == row, EnrichmentPart.number == part_number(job)
    ).execute()


def found(job: JobId, lease: str, number: int) -> dict[str, Any]:
    """Return what a part found, for the job of the same enrichment that holds this lease.

    Raises `JobSuperseded` where the lease is not the present one, `NotFound` where there is no such part.
    """
    held: Any = Job.get_or_none(
        Job.id == job,
        Job.state == JobState.RUNNING,
        Job.lease == lease,
        Job.kind.in_([JobKind.FOLDING, JobKind.ENRICHMENT]),
    )
    if held is None:
        raise JobSuperseded
    part: Any = EnrichmentPart.get_or_none(
        EnrichmentPart.transcription == held.transcription_id, EnrichmentPart.number == number
    )
    if part is None or part.findings is None:
        raise NotFound("There is no such part of the enrichment.")
    described: dict[str, Any] = part.findings
    return described


def check_is_none(job: JobId) -> None:
    """Raise `JobSuperseded` for a part of an enrichment: the worker that asks would not know what to do with it."""
    if Job.select(Job.kind).where(Job.id == job).scalar() in PART_KINDS:
        raise JobSuperseded("A worker of an earlier release cannot do a part of an enrichment.")


def without_parts_of_another_text(row: Any, present: Work) -> Work:
    """Return the work without the parts of its enrichment where people have changed the text that they are of."""
    if not parts_of(present.jobs):
        return present
    plan: Any = EnrichmentPlan.get_or_none(EnrichmentPlan.transcription == row)
    read = [] if plan is None else [(each["speaker"], each["text"]) for each in plan.questions["segments"]]
    told = [(each["speaker"], each["text"]) for each in speakers.told(row)]
    return present if read == told else present.unspread()


def _part(row: Any, job: WorkJob) -> Any:
    return EnrichmentPart.get(EnrichmentPart.transcription == row, EnrichmentPart.number == part_number(job))


def _needed(row: Any, kind: JobKind) -> list[int]:
    """Return the numbers of the parts whose findings a job needs: what the whole was asked has those of the readings."""
    numbers: dict[str, list[int]] = {}
    parts: Any = EnrichmentPart.select(EnrichmentPart.kind, EnrichmentPart.number)
    for part in parts.where(EnrichmentPart.transcription == row).order_by(EnrichmentPart.number):
        numbers.setdefault(part.kind, []).append(part.number)
    readings = numbers.get(JobKind.READING, [])
    if kind is JobKind.FOLDING:
        return readings
    return [*numbers.get(JobKind.FOLDING, readings), *numbers.get(JobKind.REWRITING, [])]
