"""What workers report, and what happens when they fall silent. One transaction a function."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import SQL

from app.core.errors import InvalidFields, JobSuperseded
from app.core.identifiers import JobId
from app.core.lifecycle import JobKind, JobState, TranscriptionState, Work
from app.core.transcript import Diarization, RecordingPlan, Segment
from app.db import events, models, transcripts, work
from app.db.events import EventKind
from app.db.models import Chunk, Enrichment, Job, Speaker, Transcription, now
from app.db.summaries import summarize
from app.db.work import Outcome, QueuedJob, Step

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


JobResult = RecordingPlan | Sequence[Segment] | Diarization | EnrichmentResult


def claim(job: JobId, worker: str, lease_seconds: int) -> tuple[dict[str, Any], Outcome]:
    """Give a queued job to a worker and return its work order; `JobSuperseded` where it is not to be had."""
    row = work.lock_by_job(job)
    lease = secrets.token_urlsafe(16)
    step = work.advance(row, lambda present: present.claim(job, lease))
    Job.update(worker=worker, lease_expires_at=_expiry(lease_seconds)).where(Job.id == job).execute()
    order = _order(row, step.after, job, lease, lease_seconds)
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
    text = _append_partial(row, held.position, segments) if segments and held.kind == JobKind.CHUNK else None
    if answers and held.kind == JobKind.ENRICHMENT:
        Enrichment.update(answers=dict(answers), updated_at=now()).where(Enrichment.transcription == row).execute()
    summary = summarize(row, work.load(row))
    if text is not None:
        events.append(EventKind.TEXT, text, project=row.project_id, transcription=row.id)
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
    step = work.advance(row, lambda before: _take_result(before, job, kind, result))
    if not step.changed:
        return work.announce(step)
    _store_result(row, job, kind, result)
    Job.update(metrics=dict(metrics), error=None).where(Job.id == job).execute()
    if step.after.text_became_complete(step.before):
        transcripts.merge(row)
    return work.announce(step)


def fail(job: JobId, lease: str, failure: Failure) -> Outcome:
    """Take a worker's word that it cannot do this job."""
    row = work.lock_by_job(job)
    step = work.advance(row, lambda present: present.fail(job, lease, retryable=failure.retryable))
    _store_failure(step, job, failure.to_dict())
    return work.announce(step)


def release(job: JobId, lease: str) -> Outcome:
    """Take a job back from a worker that was asked to stop."""
    step = work.advance(work.lock_by_job(job), lambda present: present.release(job, lease))
    return work.announce(step)


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
    _store_failure(step, job, WORKER_LOST)
    return work.announce(step)


def queued() -> list[QueuedJob]:
    """Return every job that ought to be in a queue, oldest first."""
    found = Job.select(Job.id, Job.kind).where(Job.state == JobState.QUEUED).order_by(Job.queued_at)
    return [QueuedJob(JobId(row.id), JobKind(row.kind)) for row in found]


_RESULT_OF_KIND: dict[JobKind, type | tuple[type, ...]] = {
    JobKind.PLAN: RecordingPlan,
    JobKind.CHUNK: (list, tuple),
    JobKind.DIARIZATION: Diarization,
    JobKind.ENRICHMENT: EnrichmentResult,
}


def _take_result(before: Work, job: JobId, kind: JobKind, result: Any) -> Work:
    if kind is JobKind.PLAN:
        return before.complete_plan(job, len(result.chunks), faint=result.faint)
    empty = kind is JobKind.CHUNK and not any(segment.text for segment in result)
    return before.complete(job, empty=empty)


def _store_result(row: Any, job: JobId, kind: JobKind, result: Any) -> None:
    if kind is JobKind.PLAN:
        _store_plan(row, result)
    elif kind is JobKind.CHUNK:
        position = Job.select(Job.position).where(Job.id == job).scalar()
        Chunk.update(segments=[segment.to_dict() for segment in result]).where(
            Chunk.transcription == row, Chunk.position == position
        ).execute()
    elif kind is JobKind.DIARIZATION:
        row.diarization = result.to_dict()
        row.save(only=[Transcription.diarization])
    else:
        Enrichment.update(
            answers=dict(result.answers), model=result.model, provenance=dict(result.provenance), error=None
        ).where(Enrichment.transcription == row).execute()


def _store_plan(row: Any, plan: RecordingPlan) -> None:
    row.duration_seconds = plan.duration_seconds
    row.language = plan.language
    row.language_probability = plan.language_probability
    row.save(only=[Transcription.duration_seconds, Transcription.language, Transcription.language_probability])
    Chunk.delete().where(Chunk.transcription == row).execute()
    for position, chunk in enumerate(plan.chunks):
        Chunk.create(
            transcription=row,
            position=position,
            start_seconds=chunk.start,
            end_seconds=chunk.end,
            speech=chunk.to_dict()["speech"],
        )


def _store_failure(step: Step, job: JobId, error: dict[str, str]) -> None:
    """Keep the reason with the job, and with the transcription or its part where this was the last attempt."""
    Job.update(error=error).where(Job.id == job).execute()
    ended = next(known for known in step.after.jobs if known.id == job)
    if ended.state is not JobState.FAILED:
        return
    if step.after.state is TranscriptionState.ERROR:
        step.row.error = error
        step.row.save(only=[Transcription.error])
    if ended.kind is JobKind.ENRICHMENT:
        Enrichment.update(error=error).where(Enrichment.transcription == step.row).execute()
    if step.after.text_became_complete(step.before):
        transcripts.merge(step.row)


def _update_held(job: JobId, lease: str, changes: dict[Any, Any]) -> None:
    held = Job.update(changes).where(Job.id == job, Job.state == JobState.RUNNING, Job.lease == lease).execute()
    if not held:
        raise JobSuperseded


def _append_partial(row: Any, position: int, segments: Sequence[Segment]) -> dict[str, Any] | None:
    """Put new segments behind those the chunk has, and return what listeners are told, if there is anything new."""
    chunk = Chunk.get(Chunk.transcription == row, Chunk.position == position)
    # A report whose answer was lost comes a second time.
    there = {(segment["start"], segment["end"]) for segment in chunk.segments}
    reported = [segment.to_dict() for segment in segments]
    added = [segment for segment in reported if (segment["start"], segment["end"]) not in there]
    if not added:
        return None
    offset = len(chunk.segments)
    Chunk.update(segments=chunk.segments + added).where(
        Chunk.transcription == row, Chunk.position == position
    ).execute()
    return {"transcription_id": str(row.id), "chunk": position, "offset": offset, "segments": added}


def _order(row: Any, present: Work, job: JobId, lease: str, lease_seconds: int) -> dict[str, Any]:
    claimed = next(known for known in present.jobs if known.id == job)
    return {
        "job_id": str(job),
        "kind": str(claimed.kind),
        "lease": lease,
        "lease_seconds": lease_seconds,
        "attempt": claimed.attempt,
        "transcription_id": str(row.id),
        "audio": row.audio_path,
        "options": row.options,
        "language": row.language,
        "duration_seconds": row.duration_seconds,
        "chunk": _chunk_order(row, claimed.position) if claimed.kind is JobKind.CHUNK else None,
        "segments": _text_order(row) if claimed.kind is JobKind.ENRICHMENT else None,
    }


def _chunk_order(row: Any, position: int) -> dict[str, Any]:
    chunk = Chunk.get(Chunk.transcription == row, Chunk.position == position)
    # Partial text of an attempt that came to nothing makes room for this one's.
    Chunk.update(segments=[]).where(Chunk.transcription == row, Chunk.position == position).execute()
    return {"start": chunk.start_seconds, "end": chunk.end_seconds, "speech": chunk.speech}


def _text_order(row: Any) -> list[dict[str, Any]]:
    names = {
        speaker.label: speaker.name or speaker.label for speaker in Speaker.select().where(Speaker.transcription == row)
    }
    segments = models.Segment.select().where(models.Segment.transcription == row).order_by(models.Segment.position)
    return [
        {
            "position": segment.position,
            "start": segment.start_seconds,
            "end": segment.end_seconds,
            "speaker": names.get(segment.speaker) if segment.speaker else None,
            "text": segment.text,
        }
        for segment in segments
    ]


def _expiry(lease_seconds: int) -> Any:
    return SQL("clock_timestamp() + %s * interval '1 second'", (lease_seconds,))
