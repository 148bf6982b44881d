"""What is given to workers and taken back from them: pieces of a transcription's work, and questions.

The routes of the workers and the reconciler know one sort of job. Which it is, its id says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.errors import InvalidFields
from app.core.identifiers import JobId
from app.core.transcript import Segment
from app.db import jobs, question_jobs
from app.db.jobs import WORKER_LOST, Failure, JobResult
from app.db.question_jobs import QuestionAnswer, is_question
from app.db.work import Outcome, QueuedJob


def claim(
    job: JobId, worker: str, lease: str, lease_seconds: int, workers: int
) -> tuple[dict[str, Any] | None, Outcome]:
    """See `app.db.jobs.claim`, and `app.db.question_jobs.claim` for what has no order."""
    if is_question(job):
        return question_jobs.claim(job, worker, lease, lease_seconds)
    return jobs.claim(job, worker, lease, lease_seconds, workers)


def heartbeat(job: JobId, lease: str, lease_seconds: int) -> None:
    """See `app.db.jobs.heartbeat`."""
    if is_question(job):
        question_jobs.heartbeat(job, lease, lease_seconds)
    else:
        jobs.heartbeat(job, lease, lease_seconds)


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
    """See `app.db.jobs.progress`."""
    if is_question(job):
        return question_jobs.progress(job, lease, lease_seconds, percent=percent, answers=answers or {})
    return jobs.progress(job, lease, lease_seconds, stage=stage, percent=percent, segments=segments, answers=answers)


def complete(job: JobId, result: JobResult | QuestionAnswer, metrics: Mapping[str, float]) -> Outcome:
    """See `app.db.jobs.complete`."""
    if is_question(job) is not isinstance(result, QuestionAnswer):
        raise InvalidFields([{"field": "", "message": "This is not what a job of this kind results in."}])
    if isinstance(result, QuestionAnswer):
        return question_jobs.complete(job, result, metrics)
    return jobs.complete(job, result, metrics)


def fail(job: JobId, lease: str, failure: Failure) -> Outcome:
    """See `app.db.jobs.fail`."""
    if is_question(job):
        return question_jobs.fail(job, lease, failure.to_dict(), retryable=failure.retryable)
    return jobs.fail(job, lease, failure)


def release(job: JobId, lease: str) -> Outcome:
    """See `app.db.jobs.release`."""
    return question_jobs.release(job, lease) if is_question(job) else jobs.release(job, lease)


def silent() -> list[JobId]:
    """See `app.db.jobs.silent`."""
    return [*question_jobs.silent(), *jobs.silent()]


def expire(job: JobId) -> Outcome:
    """See `app.db.jobs.expire`."""
    if is_question(job):
        remedy = "Read the worker's log around this time; ask again once the cause is mended."
        return question_jobs.expire(job, {**WORKER_LOST, "remedy": remedy})
    return jobs.expire(job)


def queued() -> list[QueuedJob]:
    """Return every job that ought to be in a queue: questions first, then the oldest first."""
    return [*question_jobs.queued(), *jobs.queued()]
