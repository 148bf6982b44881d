"""What may become of one transcription: its states, its jobs, and every legal step between them.

`Work` is immutable: each step returns the next one, and the caller stores the difference in one transaction. Reports
may come twice, late or out of order; the steps are written so that any such order ends in a legal state.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from app.core.errors import IllegalTransition, JobSuperseded
from app.core.identifiers import JobId, TranscriptionId

MAX_ATTEMPTS = 3
"""How often a job is begun before it counts as failed: a recording that kills its worker must not kill all of them."""


class TranscriptionState(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    TRANSCRIBED = "transcribed"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


class PartState(StrEnum):
    """The state of a part that may fail without taking the text with it: the diarization, the enrichment."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    ERROR = "error"
    SKIPPED = "skipped"


class JobKind(StrEnum):
    PLAN = "plan"
    CHUNK = "chunk"
    DIARIZATION = "diarization"
    ENRICHMENT = "enrichment"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


STOPPED_STATES = frozenset({TranscriptionState.DONE, TranscriptionState.ERROR, TranscriptionState.CANCELLED})
READABLE_STATES = frozenset({TranscriptionState.TRANSCRIBED, TranscriptionState.DONE})

_PART_STATE_OF_JOB = {
    JobState.QUEUED: PartState.PENDING,
    JobState.RUNNING: PartState.PROCESSING,
    JobState.DONE: PartState.DONE,
    JobState.FAILED: PartState.ERROR,
    JobState.CANCELLED: PartState.SKIPPED,
}

# The share of the whole that each kind has in the percentage shown, from the measured real-time factors of base
# Whisper and pyannote on CPU: near one another, with planning small beside them.
_PLAN_SHARE, _CHUNKS_SHARE, _DIARIZATION_SHARE = 4.0, 50.0, 46.0


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work for one worker. `position` orders the chunks; `empty` marks a chunk in which nothing was said."""

    id: JobId
    kind: JobKind
    position: int = 0
    state: JobState = JobState.QUEUED
    attempt: int = 0
    lease: str | None = None
    stage: str = ""
    percent: float = 0.0
    empty: bool = False

    def requeued(self, *, attempt: int) -> Self:
        return replace(self, state=JobState.QUEUED, attempt=attempt, lease=None, stage="", percent=0.0)

    def ended(self, state: JobState) -> Self:
        percent = 100.0 if state is JobState.DONE else self.percent
        return replace(self, state=state, lease=None, stage="", percent=percent)


def job_id(transcription: TranscriptionId, kind: JobKind, position: int = 0) -> JobId:
    """Return the one id that this piece of this transcription's work ever has, so that doing it twice shows."""
    return JobId(uuid.uuid5(transcription, f"{kind}/{position}"))


@dataclass(frozen=True, slots=True)
class Work:
    """One transcription's state and jobs. Steps raise `IllegalTransition` or `JobSuperseded` and change nothing then."""

    transcription: TranscriptionId
    state: TranscriptionState
    diarization: bool
    enrichment: bool
    jobs: tuple[Job, ...] = ()

    # Steps of the client

    def submit(self) -> Self:
        """The upload is complete: `pending` → `queued`, with the plan to be made."""
        if self.state is not TranscriptionState.PENDING:
            raise IllegalTransition(f"The transcription was submitted before; it is {self.state}.")
        plan = Job(job_id(self.transcription, JobKind.PLAN), JobKind.PLAN)
        return replace(self, state=TranscriptionState.QUEUED, jobs=(plan,))

    def cancel(self) -> Self:
        """Stop all that is not finished. What is finished is kept. Cancelling twice is no error."""
        if self.state is TranscriptionState.CANCELLED:
            return self
        if self.state in STOPPED_STATES:
            raise IllegalTransition(
                f"The transcription is {self.state}: there is nothing left to cancel.",
                remedy="Delete it if it is no longer needed.",
            )
        return replace(self, state=TranscriptionState.CANCELLED, jobs=self._with_unfinished_cancelled())

    def retry(self) -> Self:
        """Queue again what failed or was cancelled, with every option of the first try. What is finished is kept."""
        if self.state not in STOPPED_STATES:
            raise IllegalTransition(
                f"The transcription is {self.state}: it is still being worked on.",
                remedy="Wait for its end, or cancel it first.",
            )
        again = {job.id for job in self.jobs if job.state in (JobState.FAILED, JobState.CANCELLED)}
        if not again and self.state is TranscriptionState.DONE:
            raise IllegalTransition(
                "The transcription is done and no part of it failed.",
                remedy="Send the recording again to have it transcribed with other options.",
            )
        jobs = tuple(job.requeued(attempt=0) if job.id in again else job for job in self.jobs)
        if any(job.id in again and job.kind is not JobKind.ENRICHMENT for job in jobs):
            # The language model reads the merged text: it is asked again once that text stands again.
            jobs = tuple(job for job in jobs if not (job.kind is JobKind.ENRICHMENT and job.id in again))
        planned = any(job.kind is JobKind.PLAN and job.state is JobState.DONE for job in jobs)
        state = TranscriptionState.PROCESSING if planned else TranscriptionState.QUEUED
        return replace(self, state=state, jobs=jobs).settled()

    # Steps of the workers

    def claim(self, job: JobId, lease: str) -> Self:
        """A worker begins a queued job under a lease of its own."""
        found = self._find(job)
        if found.state is not JobState.QUEUED:
            raise JobSuperseded(f"The job is {found.state}.")
        running = replace(found, state=JobState.RUNNING, attempt=found.attempt + 1, lease=lease)
        state = TranscriptionState.PROCESSING if self.state is TranscriptionState.QUEUED else self.state
        return replace(self, state=state, jobs=self._with(running))

    def complete_plan(self, job: JobId, chunks: int, *, faint: bool = False) -> Self:
        """The plan is made: one job a chunk, and one for the diarization.

        Without any chunk nobody speaks and all is done, unless a `faint` voice is left to the diarization.
        """
        found = self._find(job)
        if self._already_done(found):
            return self
        done = self._with(found.ended(JobState.DONE))
        planned = [Job(job_id(self.transcription, JobKind.CHUNK, n), JobKind.CHUNK, n) for n in range(chunks)]
        if self.diarization and (chunks or faint):
            # Second in the queue: text appears first, and a second worker takes the longest job at once.
            planned.insert(1, Job(job_id(self.transcription, JobKind.DIARIZATION), JobKind.DIARIZATION))
        return replace(self, state=TranscriptionState.PROCESSING, jobs=(*done, *planned)).settled()

    def complete(self, job: JobId, *, empty: bool = False) -> Self:
        """A chunk, the diarization or the enrichment is finished. A result that came before is no error.

        The result of a worker whose lease ran out meanwhile is as good as the next one's, and is taken.
        """
        found = self._find(job)
        if self._already_done(found):
            return self
        return replace(self, jobs=self._with(replace(found.ended(JobState.DONE), empty=empty))).settled()

    def fail(self, job: JobId, lease: str, *, retryable: bool) -> Self:
        """A worker gives up on the job it holds; it is queued again while attempts are left and it makes sense."""
        return self._ended_badly(self._held(job, lease), retryable=retryable)

    def expire(self, job: JobId) -> Self:
        """The worker that held the job has not been heard of for longer than its lease."""
        found = self._find(job)
        if found.state is not JobState.RUNNING:
            raise JobSuperseded(f"The job is {found.state}.")
        return self._ended_badly(found, retryable=True)

    def release(self, job: JobId, lease: str) -> Self:
        """A worker that was asked to stop hands its job back; this attempt does not count."""
        held = self._held(job, lease)
        return replace(self, jobs=self._with(held.requeued(attempt=held.attempt - 1)))

    # What a reader sees

    @property
    def percent(self) -> float:
        """How much of the transcript is there, 0 to 100; the enrichment is counted apart."""
        if self.state in READABLE_STATES:
            return 100.0
        plan = _mean_percent(job for job in self.jobs if job.kind is JobKind.PLAN)
        chunks = _mean_percent(job for job in self.jobs if job.kind is JobKind.CHUNK)
        diarization = _mean_percent(job for job in self.jobs if job.kind is JobKind.DIARIZATION)
        share = _DIARIZATION_SHARE if self.diarization else 0.0
        whole = _PLAN_SHARE + _CHUNKS_SHARE + share
        return (_PLAN_SHARE * plan + _CHUNKS_SHARE * chunks + share * diarization) / whole

    @property
    def stage(self) -> str:
        """What is being done just now, in the workers' words; the state's own name where no worker is at it."""
        running = [job.stage for job in self.jobs if job.state is JobState.RUNNING and job.stage]
        return running[0] if running else str(self.state)

    @property
    def diarization_state(self) -> PartState:
        return self._part_state(JobKind.DIARIZATION, wanted=self.diarization)

    @property
    def enrichment_state(self) -> PartState:
        return self._part_state(JobKind.ENRICHMENT, wanted=self.enrichment)

    def job_of(self, kind: JobKind) -> Job | None:
        """Return the one job of a kind that there is only one of, if it exists yet."""
        return next((job for job in self.jobs if job.kind is kind), None)

    def newly_queued(self, before: Self) -> tuple[Job, ...]:
        """Return the jobs that this step put into the queue, in their order."""
        queued_before = {job.id for job in before.jobs if job.state is JobState.QUEUED}
        return tuple(job for job in self.jobs if job.state is JobState.QUEUED and job.id not in queued_before)

    def text_became_complete(self, before: Self) -> bool:
        """Tell whether this step was the last one in, after which words and speakers are to be merged."""
        return self.state in READABLE_STATES and before.state not in READABLE_STATES

    # Inside

    def settled(self) -> Self:
        """Draw the conclusions from the jobs' states: the last part of every step; doing it again changes nothing."""
        text_jobs = [job for job in self.jobs if job.kind in (JobKind.PLAN, JobKind.CHUNK)]
        if any(job.state is JobState.FAILED for job in text_jobs):
            return replace(self, state=TranscriptionState.ERROR, jobs=self._with_unfinished_cancelled())
        enrichment = self.job_of(JobKind.ENRICHMENT)
        if self.state is TranscriptionState.PROCESSING and self._text_jobs_finished(text_jobs):
            if enrichment is not None and not enrichment.state.finished:
                return replace(self, state=TranscriptionState.TRANSCRIBED)
            if enrichment is None and self.enrichment and self._has_text:
                asked = Job(job_id(self.transcription, JobKind.ENRICHMENT), JobKind.ENRICHMENT)
                return replace(self, state=TranscriptionState.TRANSCRIBED, jobs=(*self.jobs, asked))
            return replace(self, state=TranscriptionState.DONE)
        if self.state is TranscriptionState.TRANSCRIBED and enrichment is not None and enrichment.state.finished:
            return replace(self, state=TranscriptionState.DONE)
        return self

    def _text_jobs_finished(self, text_jobs: list[Job]) -> bool:
        diarization = self.job_of(JobKind.DIARIZATION)
        return all(job.state is JobState.DONE for job in text_jobs) and (
            diarization is None or diarization.state.finished
        )

    @property
    def _has_text(self) -> bool:
        return any(job.kind is JobKind.CHUNK and not job.empty for job in self.jobs)

    def _ended_badly(self, job: Job, *, retryable: bool) -> Self:
        again = retryable and job.attempt < MAX_ATTEMPTS
        after = job.requeued(attempt=job.attempt) if again else job.ended(JobState.FAILED)
        return replace(self, jobs=self._with(after)).settled()

    def _part_state(self, kind: JobKind, *, wanted: bool) -> PartState:
        job = self.job_of(kind)
        if job is not None:
            return _PART_STATE_OF_JOB[job.state]
        return PartState.PENDING if wanted and self.state not in STOPPED_STATES else PartState.SKIPPED

    def _find(self, job: JobId) -> Job:
        found = next((candidate for candidate in self.jobs if candidate.id == job), None)
        if found is None:
            raise JobSuperseded("The job is not part of this transcription's work any more.")
        return found

    def _held(self, job: JobId, lease: str) -> Job:
        found = self._find(job)
        if found.state is not JobState.RUNNING or found.lease != lease:
            raise JobSuperseded(f"The job is {found.state} and this lease is not the present one.")
        return found

    def _already_done(self, job: Job) -> bool:
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            raise JobSuperseded(f"The job is {job.state}.")
        return job.state is JobState.DONE

    def _with(self, changed: Job) -> tuple[Job, ...]:
        return tuple(changed if job.id == changed.id else job for job in self.jobs)

    def _with_unfinished_cancelled(self) -> tuple[Job, ...]:
        return tuple(job if job.state.finished else job.ended(JobState.CANCELLED) for job in self.jobs)


def _mean_percent(jobs: Iterable[Job]) -> float:
    values = [job.percent for job in jobs]
    return sum(values) / len(values) if values else 0.0
