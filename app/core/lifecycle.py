"""What may become of one transcription: its jobs, and every legal step from one of its states to another.

`Work` is immutable: each step returns the next one, and the caller stores the difference in one transaction. Reports
may come twice, late or out of order; the steps are written so that any such order ends in a legal state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from app.core import enriching, queue_window
from app.core.enriching import ENRICHMENT_KINDS, MOST_PARTS
from app.core.errors import IllegalTransition, JobSuperseded
from app.core.identifiers import JobId, TranscriptionId
from app.core.jobs import MAX_ATTEMPTS, Job, JobKind, JobState, job_id
from app.core.states import READABLE_STATES, STOPPED_STATES, TranscriptionState
from app.core.transcript import PlanPart


@dataclass(frozen=True, slots=True)
class Work:
    """One transcription's state and jobs. Steps raise `IllegalTransition` or `JobSuperseded` and change nothing then."""

    transcription: TranscriptionId
    state: TranscriptionState
    diarization: bool
    enrichment: bool
    jobs: tuple[Job, ...] = ()
    duration: float | None = None

    # Steps of the client

    def submit(self) -> Self:
        """The upload is complete: `pending` → `queued`, with the plan to be made."""
        if self.state is not TranscriptionState.PENDING:
            raise IllegalTransition(f"The transcription was submitted before; it is {self.state}.")
        plan = Job(job_id(self.transcription, JobKind.PLAN), JobKind.PLAN)
        return replace(self, state=TranscriptionState.QUEUED, jobs=(plan,))

    def refuse(self) -> Self:
        """The recording could not be had: `pending` → `error`, without any job."""
        if self.state is not TranscriptionState.PENDING:
            raise IllegalTransition(f"The recording is here; the transcription is {self.state}.")
        return replace(self, state=TranscriptionState.ERROR)

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
        """Queue again what failed or was cancelled, with every option of the first try. What is finished is kept.

        But for the voices, where the speakers are still to be told apart: what is known of them goes with the stop.
        """
        if self.state not in STOPPED_STATES:
            raise IllegalTransition(
                f"The transcription is {self.state}: it is still being worked on.",
                remedy="Wait for its end, or cancel it first.",
            )
        if not self.jobs:
            # Its recording never came.
            return replace(self, state=TranscriptionState.PENDING)
        again = {job.id for job in self.jobs if job.state in (JobState.FAILED, JobState.CANCELLED)}
        if not again and self.state is TranscriptionState.DONE:
            raise IllegalTransition(
                "The transcription is done and no part of it failed.",
                remedy="Send the recording again to have it transcribed with other options.",
            )
        kinds = {job.kind for job in self.jobs if job.id in again}
        of_text = kinds - ENRICHMENT_KINDS
        diarization = self.job_of(JobKind.DIARIZATION)
        if of_text and (diarization is None or diarization.state is not JobState.DONE):
            voices = {job.id for job in self.jobs if job.kind is JobKind.VOICES}
            again |= voices
            kinds |= {JobKind.VOICES} if voices else set()
        # What needs the results of others is asked for again once those stand again.
        due_later = set(ENRICHMENT_KINDS) if of_text else set()
        due_later |= {JobKind.DIARIZATION} if kinds & {JobKind.PLAN, JobKind.VOICES} else set()
        jobs = tuple(
            replace(job.requeued(attempt=0), state=JobState.HELD) if job.id in again else job
            for job in self.jobs
            if not (job.id in again and job.kind in due_later)
        )
        if of_text and enriching.enrichment_of(jobs) is None:
            jobs = enriching.unspread(jobs)
        planned = any(job.kind is JobKind.PLAN and job.state is JobState.DONE for job in jobs)
        state = TranscriptionState.PROCESSING if planned else TranscriptionState.QUEUED
        return replace(self, state=state, jobs=jobs).settled()

    def enrich_again(self) -> Self:
        """The enrichment is to be made anew: `done` → `transcribed`. It is another job: what comes late is of the old one.

        Also after a cancellation that came when the text stood already.
        """
        before = self.job_of(JobKind.ENRICHMENT)
        if self.state not in STOPPED_STATES:
            raise IllegalTransition(
                f"The transcription is {self.state}: it is still being worked on.", remedy="Wait for its end."
            )
        stands = self.state is TranscriptionState.DONE or (
            self.state is TranscriptionState.CANCELLED and before is not None
        )
        if not stands or not self.has_text:
            raise IllegalTransition(
                f"The transcription is {self.state} and has no finished text.",
                remedy="Have what failed or was cancelled done again first: POST …/retry.",
            )
        asked = self.new_job(JobKind.ENRICHMENT, before.position + 1 if before else 0, JobState.QUEUED)
        others = (job for job in self.jobs if job.kind not in ENRICHMENT_KINDS)
        return replace(self, state=TranscriptionState.TRANSCRIBED, enrichment=True, jobs=(*others, asked))

    def unspread(self) -> Self:
        """What was read of the text for its enrichment counts no more: the text is another one meanwhile."""
        return replace(self, jobs=enriching.unspread(self.jobs))

    def take_over(self, other: Self) -> Self:
        """The same recording was worked on before, with the same options: `pending` → `done`, without any work."""
        if self.state is not TranscriptionState.PENDING or other.state is not TranscriptionState.DONE:
            raise IllegalTransition(f"The transcription is {self.state}, the one of before {other.state}.")
        jobs = tuple(
            replace(job, id=job_id(self.transcription, job.kind, job.position), lease=None) for job in other.jobs
        )
        return replace(self, state=TranscriptionState.DONE, enrichment=other.enrichment, jobs=jobs)

    # Steps of the workers

    def claim(self, job: JobId, lease: str) -> Self:
        """A worker begins a queued job under a lease of its own. It may not have heard that it has, and claim it again."""
        found = self._find(job)
        if found.state is JobState.RUNNING and found.lease == lease:
            return self
        if found.state is not JobState.QUEUED:
            raise JobSuperseded(f"The job is {found.state}.")
        running = replace(found, state=JobState.RUNNING, attempt=found.attempt + 1, lease=lease)
        state = TranscriptionState.PROCESSING if self.state is TranscriptionState.QUEUED else self.state
        return replace(self, state=state, jobs=self._with(running)).settled()

    def complete_plan(self, job: JobId, part: PlanPart) -> Self:
        """A part of the plan is made: a job a chunk, one a stretch of voices, and the next part's plan.

        Without any of them nobody speaks and all is done.
        """
        found = self._find(job)
        if self._already_done(found):
            return self
        made = replace(found.ended(JobState.DONE), start=part.start, seconds=part.end - part.start)
        planned = self._held_jobs(JobKind.CHUNK, [(chunk.start, chunk.end) for chunk in part.chunks])
        if self.diarization:
            planned += self._held_jobs(JobKind.VOICES, [(stretch.start, stretch.end) for stretch in part.stretches])
        if not part.last:
            planned.append(self.new_job(JobKind.PLAN, found.position + 1, JobState.HELD, start=part.end))
        elif self.diarization and part.survey.by_channel:
            # Channels need no telling apart: the parts of the plan say who spoke when.
            planned.append(self.new_job(JobKind.DIARIZATION, 0, JobState.DONE))
        return replace(self, state=TranscriptionState.PROCESSING, jobs=(*self._with(made), *planned)).settled()

    def spread_enrichment(self, job: JobId, parts: Sequence[tuple[JobKind, float, float]]) -> Self:
        """The text is too long for one job: its enrichment waits for parts, each a kind, and from where to where it reads.

        A plan that came before is no error; the first one counts.
        """
        found = self._find(job)
        if self._already_done(found) or enriching.parts_of(self.jobs):
            return self
        first = found.position * MOST_PARTS
        made = tuple(
            self.new_job(kind, first + number, JobState.HELD, start=start, seconds=end - start)
            for number, (kind, start, end) in enumerate(parts)
        )
        return replace(self, jobs=(*self._with(enriching.waiting(found)), *made)).settled()

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

    # What it tells of itself

    def job_of(self, kind: JobKind) -> Job | None:
        """Return the one job of a kind that there is only one of, if it exists yet."""
        return next((job for job in self.jobs if job.kind is kind), None)

    def newly_queued(self, before: Self) -> tuple[Job, ...]:
        """Return the jobs that this step put into the queue, in the order in which they are to be begun."""
        queued_before = {job.id for job in before.jobs if job.state is JobState.QUEUED}
        queued = (job for job in self.jobs if job.state is JobState.QUEUED and job.id not in queued_before)
        return tuple(sorted(queued, key=queue_window.order_of_coming))

    def text_became_complete(self, before: Self) -> bool:
        """Tell whether this step was the last one in, after which words and speakers are to be merged."""
        return self.state in READABLE_STATES and before.state not in READABLE_STATES

    # Inside

    def settled(self) -> Self:
        """Draw the conclusions from the jobs' states: the last part of every step; doing it again changes nothing."""
        return self.concluded().with_window_filled()

    def concluded(self) -> Self:
        """Let the transcription go on or end as its jobs' states demand."""
        text_jobs = [job for job in self.jobs if job.kind in (JobKind.PLAN, JobKind.CHUNK)]
        if any(job.state is JobState.FAILED for job in text_jobs):
            return replace(self, state=TranscriptionState.ERROR, jobs=self._with_unfinished_cancelled())
        jobs = enriching.concluded(self.jobs)
        work = (self if jobs == self.jobs else replace(self, jobs=jobs)).voices_concluded()
        enrichment = work.job_of(JobKind.ENRICHMENT)
        if work.state is TranscriptionState.PROCESSING and work.text_is_complete:
            if enrichment is not None and not enrichment.state.finished:
                return replace(work, state=TranscriptionState.TRANSCRIBED)
            if enrichment is None and work.enrichment and work.has_text:
                asked = work.new_job(JobKind.ENRICHMENT, 0, JobState.QUEUED)
                return replace(work, state=TranscriptionState.TRANSCRIBED, jobs=(*work.jobs, asked))
            return replace(work, state=TranscriptionState.DONE)
        if work.state is TranscriptionState.TRANSCRIBED and enrichment is not None and enrichment.state.finished:
            return replace(work, state=TranscriptionState.DONE)
        return work

    def voices_concluded(self) -> Self:
        """Ask for the diarization once all voices are described; give the others up where one could not be."""
        voices = [job.state for job in self.jobs if job.kind is JobKind.VOICES]
        if JobState.FAILED in voices:
            jobs = tuple(
                job.ended(JobState.CANCELLED) if job.kind is JobKind.VOICES and not job.state.finished else job
                for job in self.jobs
            )
            return replace(self, jobs=jobs) if jobs != self.jobs else self
        complete = bool(voices) and set(voices) == {JobState.DONE} and self._planned
        if not complete or self.job_of(JobKind.DIARIZATION) or self.state is not TranscriptionState.PROCESSING:
            return self
        asked = self.new_job(JobKind.DIARIZATION, 0, JobState.QUEUED, seconds=self.duration or 0.0)
        return replace(self, jobs=(*self.jobs, asked))

    def with_window_filled(self) -> Self:
        """Let held jobs into the queue as far as there is room, unless nothing of this is to be done any more."""
        if self.state in STOPPED_STATES:
            return self
        jobs = queue_window.filled(self.jobs)
        return self if jobs == self.jobs else replace(self, jobs=jobs)

    @property
    def _planned(self) -> bool:
        """Whether the plan is complete: the next part's job is there as soon as one part is done."""
        return all(job.state is JobState.DONE for job in self.jobs if job.kind is JobKind.PLAN)

    @property
    def text_is_complete(self) -> bool:
        """Whether all is written down, and all that can be told of who spoke is told."""
        diarization = self.job_of(JobKind.DIARIZATION)
        voices = [job for job in self.jobs if job.kind is JobKind.VOICES]
        told_apart = (
            not voices or any(job.state is JobState.FAILED for job in voices)
            if diarization is None
            else diarization.state.finished
        )
        return told_apart and all(
            job.state is JobState.DONE for job in self.jobs if job.kind in (JobKind.PLAN, JobKind.CHUNK)
        )

    @property
    def has_text(self) -> bool:
        """Whether anything was written down."""
        return any(job.kind is JobKind.CHUNK and not job.empty for job in self.jobs)

    def _ended_badly(self, job: Job, *, retryable: bool) -> Self:
        again = retryable and job.attempt < MAX_ATTEMPTS
        after = job.requeued(attempt=job.attempt) if again else job.ended(JobState.FAILED)
        return replace(self, jobs=self._with(after)).settled()

    def new_job(
        self, kind: JobKind, position: int, state: JobState, *, start: float = 0.0, seconds: float = 0.0
    ) -> Job:
        """Return a job of this transcription as it is before anybody has begun it."""
        identifier = job_id(self.transcription, kind, position)
        percent = 100.0 if state is JobState.DONE else 0.0
        return Job(identifier, kind, position, state, start=start, seconds=seconds, percent=percent)

    def _held_jobs(self, kind: JobKind, bounds: Sequence[tuple[float, float]]) -> list[Job]:
        """Return one job for each (start, end), counted on from those of the parts before."""
        first = sum(job.kind is kind for job in self.jobs)
        return [
            self.new_job(kind, position, JobState.HELD, start=start, seconds=end - start)
            for position, (start, end) in enumerate(bounds, start=first)
        ]

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
