"""What workers report, and what happens when they fall silent. One transaction a function."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from peewee import SQL

from app.core.enriching import ENRICHMENT_KINDS, PART_KINDS
from app.core.enrichment_plan import EnrichmentPlan
from app.core.errors import InvalidFields, JobSuperseded, NotFound
from app.core.identifiers import JobId
from app.core.jobs import Job as WorkJob
from app.core.jobs import JobKind, JobState
from app.core.lifecycle import Work
from app.core.states import TranscriptionState
from app.core.transcript import ChunkText, Diarization, PlanPart, Segment, SpeakerTurn
from app.db import (
    enrichment_parts,
    enrichment_versions,
    events,
    partial_text,
    speakers,
    transcripts,
    voiceprints,
    waveforms,
    work,
    work_orders,
)
from app.db.enrichment_parts import Findings
from app.db.events import EventKind
from app.db.summaries import iso, summarize
from app.db.tables import Chunk, Enrichment, Job, Transcription, Voices, now
from app.db.work import CompletedText, EndedJob, JobEnding, Outcome, QueuedJob, Step

# Leases are measured by the one clock that all API instances share.
_DATABASE_NOW = SQL("clock_timestamp()")

WORKER_LOST = {
    "code": "worker-lost",
    "detail": "The worker that held this job stopped answering.",
    "remedy": "Read the worker's log around this time; retry the transcription once the cause is mended.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker gives a job up."""

    code: str
    detail: str
    remedy: str
    retryable: bool

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class EnrichmentResult:
    """The language model's answers, and where they come from (model, prompt version, seconds, failures)."""

    answers: Mapping[str, Any]
    model: str
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VoicesOfStretch:
    """What the voices in a stretch sound like, in the words of the diarization engine."""

    description: Mapping[str, Any]


JobResult = PlanPart | ChunkText | VoicesOfStretch | Diarization | EnrichmentResult | EnrichmentPlan | Findings


def claim(job: JobId, worker: str, lease: str, lease_seconds: int, workers: int) -> tuple[dict[str, Any], Outcome]:
    """Give a queued job to a worker and return its work order; `JobSuperseded` where it is not to be had.

    A worker that did not hear the answer claims the job again under the same lease, and gets the same order.
    `workers` is how many of them there are: a plan cuts the recording so that all have something to do.
    """
    row = work.lock_by_job(job)
    step = work.advance(row, lambda present: present.claim(job, lease))
    Job.update(worker=worker, lease_expires_at=_expiry(lease_seconds)).where(Job.id == job).execute()
    order = work_orders.order(row, step.after, job, lease, lease_seconds) | {"workers": workers}
    return order, work.announce(step)


def heartbeat(job: JobId, lease: str, lease_seconds: int) -> None:
    """Keep the lease for longer; `JobSuperseded` where it is not the present one."""
    _update_held(job, lease, {Job.lease_expires_at: _expiry(lease_seconds)})


def progress(
    job: JobId,
    lease: str,
    lease_seconds: int,
    *,
    stage: str,
    percent: float,
    segments: Sequence[Segment] = (),
    answers: Mapping[str, Any] | None = None,
) -> Outcome:
    """Record how far a job is, with the text or the answers that are new since the last report."""
    # Locked, so that no listener is told of progress after it was told of the end.
    row = work.lock_by_job(job)
    _update_held(job, lease, {Job.lease_expires_at: _expiry(lease_seconds), Job.stage: stage, Job.percent: percent})
    held = Job.select(Job.kind, Job.position).where(Job.id == job).get()
    if answers and held.kind in ENRICHMENT_KINDS:
        Enrichment.update(answers=dict(answers), updated_at=now()).where(Enrichment.transcription == row).execute()
    present = work.load(row)
    summary = summarize(row, present)
    if segments and held.kind == JobKind.CHUNK:
        partial_text.add(row, present, held.position, segments)
    event = events.append(
        EventKind.PROGRESSED, {"transcription": summary}, project=row.project_id, transcription=row.id
    )
    return Outcome(row.id, event)


def complete(job: JobId, result: JobResult, metrics: Mapping[str, float]) -> Outcome:
    """Take a job's result. One that came before leaves everything as it is (`Outcome.changed` is false then)."""
    row = work.lock_by_job(job)
    present = work.load(row)
    kind = next((known.kind for known in present.jobs if known.id == job), None)
    if kind is None:
        raise JobSuperseded
    if not isinstance(result, _RESULT_OF_KIND[kind]):
        raise InvalidFields([{"field": "", "message": f"This is not what a job of the kind '{kind}' results in."}])
    step = Step(row, present, _take_result(present, job, kind, result))
    if not step.changed:
        return work.announce(step)
    untold = partial_text.finish(row, _position(job), result) if isinstance(result, ChunkText) else None
    _store_result(row, job, kind, result)
    step, completed = _completed(step, _merged)
    # Once, now that it is known whether the enrichment is made anew: of each state that is stored webhooks are told.
    work.store(step)
    Job.update(metrics=dict(metrics), error=None).where(Job.id == job).execute()
    if isinstance(result, EnrichmentPlan):
        return work.announce(step)  # the job is not ended: it waits
    if kind is JobKind.CHUNK:
        partial_text.tell(row, step.after, untold)
    return replace(work.announce(step), ended=EndedJob(kind, JobEnding.DONE, metrics), completed=completed)


def fail(job: JobId, lease: str, failure: Failure) -> Outcome:
    """Take a worker's word that it cannot do this job."""
    row = work.lock_by_job(job)
    step = work.advance(row, lambda present: present.fail(job, lease, retryable=failure.retryable))
    return _announce_failure(step, job, failure.to_dict())


def release(job: JobId, lease: str) -> Outcome:
    """Take a job back from a worker that was asked to stop."""
    step = work.advance(work.lock_by_job(job), lambda present: present.release(job, lease))
    kind = _job_after(step, job).kind
    return replace(work.announce(step), ended=EndedJob(kind, JobEnding.HANDED_BACK, {}))


def silent() -> list[JobId]:
    """Return the jobs whose workers have not been heard of for longer than their leases."""
    found = Job.select(Job.id).where(Job.state == JobState.RUNNING, Job.lease_expires_at < _DATABASE_NOW)
    return [JobId(row.id) for row in found]


def expire(job: JobId) -> Outcome:
    """Take a silent worker's job back, unless the worker was heard of just now or another instance has done so."""
    row = work.lock_by_job(job)
    still_silent = (
        Job.select().where(Job.id == job, Job.state == JobState.RUNNING, Job.lease_expires_at < _DATABASE_NOW).exists()
    )
    if not still_silent:
        return Outcome(row.id, None)
    step = work.advance(row, lambda present: present.expire(job))
    return _announce_failure(step, job, WORKER_LOST)


def queued() -> list[QueuedJob]:
    """Return every job that ought to be in a queue, oldest first."""
    found = Job.select(Job.id, Job.kind).where(Job.state == JobState.QUEUED).order_by(Job.queued_at)
    return [QueuedJob(JobId(row.id), JobKind(row.kind)) for row in found]


def voices(job: JobId, lease: str, position: int) -> dict[str, Any]:
    """Return what is known of the voices in one stretch, for the diarization that holds this lease.

    Raises `JobSuperseded` where the lease is not the present one, `NotFound` where there is no such stretch.
    """
    held = Job.get_or_none(
        Job.id == job, Job.state == JobState.RUNNING, Job.lease == lease, Job.kind == JobKind.DIARIZATION
    )
    if held is None:
        raise JobSuperseded
    stretch = Voices.get_or_none(Voices.transcription == held.transcription_id, Voices.position == position)
    if stretch is None or stretch.description is None:
        raise NotFound("There is no such stretch of voices.")
    described: dict[str, Any] = stretch.description
    return described


def of_transcription(row: Any) -> list[dict[str, Any]]:
    """Return the jobs of a transcription in the order in which they were begun, with what they cost."""
    found = Job.select().where(Job.transcription == row).order_by(Job.started_at.asc(nulls="last"), Job.queued_at)
    return [
        {
            "id": str(job.id),
            "kind": job.kind,
            "position": job.position,
            "state": job.state,
            "start": job.start_seconds,
            "seconds": job.length_seconds,
            "attempt": job.attempt,
            "worker": job.worker,
            "stage": job.stage,
            "percent": round(job.percent, 1),
            "error": job.error,
            "metrics": job.metrics,
            "queued_at": iso(job.queued_at),
            "started_at": iso(job.started_at),
            "finished_at": iso(job.finished_at),
        }
        for job in found
    ]


_RESULT_OF_KIND: dict[JobKind, type | tuple[type, ...]] = {
    JobKind.PLAN: PlanPart,
    JobKind.CHUNK: ChunkText,
    JobKind.VOICES: VoicesOfStretch,
    JobKind.DIARIZATION: Diarization,
    JobKind.ENRICHMENT: (EnrichmentResult, EnrichmentPlan),
    JobKind.READING: Findings,
    JobKind.REWRITING: Findings,
    JobKind.FOLDING: Findings,
}


def _take_result(before: Work, job: JobId, kind: JobKind, result: Any) -> Work:
    if kind is JobKind.PLAN:
        return before.complete_plan(job, result)
    if isinstance(result, EnrichmentPlan):
        return before.spread_enrichment(job, [(part.kind, part.start, part.end) for part in result.parts])
    empty = kind is JobKind.CHUNK and not any(segment.text for segment in result.segments)
    return before.complete(job, empty=empty)


def _store_result(row: Any, job: JobId, kind: JobKind, result: Any) -> None:
    if kind is JobKind.PLAN:
        _store_plan(row, result)
    elif kind is JobKind.VOICES:
        Voices.update(description=dict(result.description)).where(
            Voices.transcription == row, Voices.position == _position(job)
        ).execute()
    elif kind is JobKind.DIARIZATION:
        row.diarization = voiceprints.store(row, result).to_dict()
        row.save(only=[Transcription.diarization])
        Voices.update(description=None).where(Voices.transcription == row).execute()
    elif isinstance(result, EnrichmentPlan):
        enrichment_parts.store(row, result)
    elif kind in PART_KINDS:
        part = next(known for known in work.load(row).jobs if known.id == job)
        enrichment_parts.keep(row, part, result)
    elif kind is JobKind.ENRICHMENT:
        enrichment_parts.forget(row)
        Enrichment.update(
            answers=dict(result.answers), model=result.model, provenance=dict(result.provenance), error=None
        ).where(Enrichment.transcription == row).execute()
        enrichment_versions.keep(row)


def _merged(step: Step) -> Step:
    """Put the text together; where there is an enrichment of another text (a part was retried), ask for it anew."""
    row, enrichment = step.row, step.after.job_of(JobKind.ENRICHMENT)
    enriched = step.after.state is TranscriptionState.DONE and enrichment and enrichment.state is JobState.DONE
    if not enriched:
        transcripts.merge(row)
        return step
    before = speakers.told(row)
    transcripts.merge(row)
    if speakers.told(row) == before:
        return step
    return replace(step, after=step.after.enrich_again())


def _position(job: JobId) -> int:
    position: int = Job.select(Job.position).where(Job.id == job).scalar()
    return position


def _store_plan(row: Any, plan: PlanPart) -> None:
    row.duration_seconds = plan.duration or row.duration_seconds
    row.survey = plan.survey.to_dict()
    if plan.survey.language is not None:
        row.language = plan.survey.language
        row.language_probability = plan.survey.language_probability
    earlier = Transcription.select(Transcription.planned_turns).where(Transcription.id == row.id).scalar() or []
    row.planned_turns = earlier + [turn.to_dict() for turn in plan.turns]
    if plan.last and plan.survey.by_channel:
        turns = tuple(SpeakerTurn.from_dict(turn) for turn in row.planned_turns)
        row.diarization = Diarization(turns, ()).to_dict()
        row.save(only=[Transcription.diarization])
    row.save(
        only=[
            Transcription.duration_seconds,
            Transcription.survey,
            Transcription.language,
            Transcription.language_probability,
            Transcription.planned_turns,
        ]
    )
    waveforms.store(row, plan)
    first = Chunk.select().where(Chunk.transcription == row).count()
    for position, chunk in enumerate(plan.chunks, start=first):
        Chunk.create(
            transcription=row,
            position=position,
            start_seconds=chunk.start,
            end_seconds=chunk.end,
            speech=chunk.to_dict()["speech"],
            channel=chunk.channel,
        )
    first = Voices.select().where(Voices.transcription == row).count()
    for position, stretch in enumerate(plan.stretches, start=first):
        Voices.create(transcription=row, position=position, start_seconds=stretch.start, end_seconds=stretch.end)


def _announce_failure(step: Step, job: JobId, error: dict[str, str]) -> Outcome:
    """Keep the reason with the job, and with the transcription or its part where this was the last attempt."""
    Job.update(error=error).where(Job.id == job).execute()
    ended = _job_after(step, job)
    if ended.state is not JobState.FAILED:
        return replace(work.announce(step), ended=EndedJob(ended.kind, JobEnding.AGAIN, {}))
    if step.after.state is TranscriptionState.ERROR:
        step.row.error = error
        step.row.save(only=[Transcription.error])
    if ended.kind in ENRICHMENT_KINDS:
        Enrichment.update(error=error).where(Enrichment.transcription == step.row).execute()
        enrichment_versions.fall_back(step.row)
    step, completed = _completed(step, _as_it_is)
    return replace(work.announce(step), ended=EndedJob(ended.kind, JobEnding.FAILED, {}), completed=completed)


def _completed(step: Step, merge: Callable[[Step], Step]) -> tuple[Step, CompletedText | None]:
    """Put the text together where this step was the last one in; return what follows, and what it cost."""
    if not step.after.text_became_complete(step.before):
        return step, None
    begun = time.monotonic()
    step = merge(step)
    row, merging = step.row, time.monotonic() - begun
    if row.retried_at is not None or row.started_at is None:
        return step, CompletedText(row.duration_seconds, None, None, merging)
    waiting = (row.started_at - row.created_at).total_seconds()
    return step, CompletedText(row.duration_seconds, waiting, (now() - row.started_at).total_seconds(), merging)


def _as_it_is(step: Step) -> Step:
    """Put the text together, and leave the rest: what failed is not asked for anew."""
    transcripts.merge(step.row)
    return step


def _job_after(step: Step, job: JobId) -> WorkJob:
    return next(known for known in step.after.jobs if known.id == job)


def _update_held(job: JobId, lease: str, changes: dict[Any, Any]) -> None:
    held = Job.update(changes).where(Job.id == job, Job.state == JobState.RUNNING, Job.lease == lease).execute()
    if not held:
        raise JobSuperseded


def _expiry(lease_seconds: int) -> Any:
    return SQL("clock_timestamp() + %s * interval '1 second'", (lease_seconds,))
