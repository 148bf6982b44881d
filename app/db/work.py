"""Where the pure `Work` of the domain meets its rows: lock, load, step, store."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core import progress
from app.core.enriching import PART_KINDS
from app.core.errors import NotFound
from app.core.identifiers import EventId, JobId, TranscriptionId
from app.core.jobs import Job as WorkJob
from app.core.jobs import JobKind, JobState
from app.core.lifecycle import Work
from app.core.options import TranscriptionOptions
from app.core.states import READABLE_STATES, STOPPED_STATES, PartState, TranscriptionState
from app.db import events, tables
from app.db.events import EventKind
from app.db.summaries import summarize
from app.db.tables import Enrichment, Transcription, Voices, now

# Without what jobs cost and why they failed: read with every report of every worker.
_COLUMNS_OF_WORK = (
    tables.Job.id,
    tables.Job.transcription,
    tables.Job.kind,
    tables.Job.position,
    tables.Job.state,
    tables.Job.start_seconds,
    tables.Job.length_seconds,
    tables.Job.attempt,
    tables.Job.lease,
    tables.Job.stage,
    tables.Job.percent,
    tables.Job.empty,
)


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job that is due in its queue once the transaction stands."""

    id: JobId
    kind: JobKind


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: the row, the work before and after it, and the jobs now due in the queues."""

    row: Any
    before: Work
    after: Work

    @property
    def changed(self) -> bool:
        return self.after is not self.before


class JobEnding(StrEnum):
    """How a worker's hold on a job came to its end. `again`: it failed, or its worker was lost, and is queued again."""

    DONE = "done"
    FAILED = "failed"
    AGAIN = "again"
    HANDED_BACK = "handed-back"


@dataclass(frozen=True, slots=True)
class EndedJob:
    """What a job came to, for those who count. `seconds` is where the worker's time went, part by part."""

    kind: JobKind
    ending: JobEnding
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CompletedText:
    """What a text cost that has become complete, in seconds: of the recording, until its first job, from there, merging.

    Of one that was tried again `waiting` and `working` are None: the time until somebody tried is in them.
    """

    recording: float | None
    waiting: float | None
    working: float | None
    merging: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has to follow a transaction once it stands: whom to wake, and which jobs to put into or out of their queues.

    `event` is the newest event written, None where nothing changed. `withdrawn` jobs are nobody's work any more. `state`
    is what the transcription has become, None where that did not change; `request_id` that of the request which sent it.
    """

    transcription: UUID
    event: EventId | None
    queued: Sequence[QueuedJob] = ()
    withdrawn: Sequence[QueuedJob] = ()
    state: TranscriptionState | None = None
    request_id: str | None = None
    ended: EndedJob | None = None
    completed: CompletedText | None = None

    @property
    def changed(self) -> bool:
        return self.event is not None


def lock(transcription: UUID) -> Any:
    """Return the transcription's row, locked to the end of the transaction; `NotFound` where there is none."""
    row = Transcription.without_turns().where(Transcription.id == transcription).for_update().first()
    if row is None:
        raise NotFound
    return row


def lock_by_job(job: UUID) -> Any:
    """Return the locked row of the transcription that a job belongs to."""
    found = tables.Job.get_or_none(tables.Job.id == job)
    if found is None:
        raise NotFound("There is no such job.", remedy="Drop the job; its transcription was deleted.")
    return lock(found.transcription_id)


def load(row: Any) -> Work:
    """Rebuild the domain's view of a transcription from its rows."""
    return _load([row])[0]


def load_to_show(rows: Sequence[Any]) -> list[Work]:
    """Return many transcriptions, in their order, with one query for all of them: for summaries, not for steps.

    Of those whose text stands, the jobs that made it are left out: a day's are hundreds, and nothing shown needs them.
    """
    readable = [row.id for row in rows if row.state in READABLE_STATES]
    enriched = [row.id for row in rows if row.state == TranscriptionState.DONE]
    is_done = tables.Job.state == JobState.DONE
    made_it = tables.Job.kind.in_([JobKind.PLAN, JobKind.CHUNK, JobKind.VOICES]) & is_done
    enriched_it = tables.Job.kind.in_(sorted(PART_KINDS)) & is_done
    return _load(
        rows,
        ~(tables.Job.transcription.in_(readable) & made_it),
        ~(tables.Job.transcription.in_(enriched) & enriched_it),
    )


def _load(rows: Sequence[Any], *conditions: Any) -> list[Work]:
    jobs = (
        tables.Job.select(*_COLUMNS_OF_WORK)
        .where(tables.Job.transcription.in_([row.id for row in rows]), *conditions)
        .order_by(tables.Job.queued_at, tables.Job.position)
    )
    jobs_of: defaultdict[UUID, list[WorkJob]] = defaultdict(list)
    for job in jobs:
        jobs_of[job.transcription_id].append(_work_job(job))
    return [_work(row, jobs_of[row.id]) for row in rows]


def _work(row: Any, jobs: list[WorkJob]) -> Work:
    options = TranscriptionOptions.from_dict(row.options)
    return Work(
        transcription=TranscriptionId(row.id),
        state=TranscriptionState(row.state),
        diarization=options.diarization,
        # It may be asked for later, too.
        enrichment=options.enrichment or any(job.kind is JobKind.ENRICHMENT for job in jobs),
        jobs=tuple(jobs),
        duration=row.duration_seconds,
    )


def _work_job(job: Any) -> WorkJob:
    return WorkJob(
        id=JobId(job.id),
        kind=JobKind(job.kind),
        position=job.position,
        state=JobState(job.state),
        start=job.start_seconds,
        seconds=job.length_seconds,
        attempt=job.attempt,
        lease=job.lease,
        stage=job.stage,
        percent=job.percent,
        empty=job.empty,
    )


def advance(row: Any, take: Callable[[Work], Work]) -> Step:
    """Take one step of the locked row's work and store what it changed. Announce it afterwards with `announce`."""
    before = load(row)
    step = Step(row, before, take(before))
    store(step)
    return step


def store(step: Step) -> None:
    """Store what a step of a locked row's work changed."""
    row, before, after = step.row, step.before, step.after
    if not step.changed:
        return
    _store_jobs(row, before, after)
    _store_state(row, before, after)
    _store_enrichment_state(row, after)
    if after.state in STOPPED_STATES and before.state not in STOPPED_STATES:
        # Biometric data: nobody knows when somebody will retry, and then they are described anew.
        Voices.update(description=None).where(Voices.transcription == row).execute()


def announce(step: Step) -> Outcome:
    """Write the step into the event log: last in its transaction, as writers of events wait for one another."""
    row = step.row
    if not step.changed:
        return Outcome(row.id, None)
    if step.after.state in STOPPED_STATES and step.before.state not in STOPPED_STATES:
        events.sweep_passing(row.id)
    summary = summarize(row, step.after)
    event = events.append(EventKind.CHANGED, {"transcription": summary}, project=row.project_id, transcription=row.id)
    queued = [QueuedJob(job.id, job.kind) for job in step.after.newly_queued(step.before)]
    state = step.after.state if step.after.state is not step.before.state else None
    return Outcome(row.id, event, queued, _withdrawn(step), state, row.request_id)


def unfinished(work: Work) -> list[QueuedJob]:
    """Return the jobs that wait in a queue or are in a worker's hands."""
    return [QueuedJob(job.id, job.kind) for job in work.jobs if job.state in (JobState.QUEUED, JobState.RUNNING)]


def _withdrawn(step: Step) -> list[QueuedJob]:
    cancelled = {job.id for job in step.after.jobs if job.state is JobState.CANCELLED}
    return [job for job in unfinished(step.before) if job.id in cancelled]


def _store_jobs(row: Any, before: Work, after: Work) -> None:
    known = {job.id: job for job in before.jobs}
    moment = now()
    # A later microsecond for each: this is the order in which they are to be begun.
    queued_at = {
        job.id: moment + dt.timedelta(microseconds=order) for order, job in enumerate(after.newly_queued(before))
    }
    for job in after.jobs:
        earlier = known.pop(job.id, None)
        if earlier is None:
            tables.Job.create(
                id=job.id,
                transcription=row,
                kind=job.kind,
                position=job.position,
                state=job.state,
                start_seconds=job.start,
                length_seconds=job.seconds,
                percent=job.percent,
                empty=job.empty,
                finished_at=moment if job.state.finished else None,
                queued_at=queued_at.get(job.id, moment),
            )
        elif job != earlier:
            changes = _changes(earlier, job, moment)
            # What was in a worker's hands already keeps its place.
            if job.id in queued_at and earlier.state is not JobState.RUNNING:
                changes[tables.Job.queued_at] = queued_at[job.id]
            tables.Job.update(changes).where(tables.Job.id == job.id).execute()
    if known:
        tables.Job.delete().where(tables.Job.id.in_(list(known))).execute()


def _changes(earlier: WorkJob, job: WorkJob, moment: dt.datetime) -> dict[Any, Any]:
    fields = tables.Job
    changes: dict[Any, Any] = {
        fields.state: job.state,
        fields.attempt: job.attempt,
        fields.lease: job.lease,
        fields.stage: job.stage,
        fields.percent: job.percent,
        fields.empty: job.empty,
        fields.start_seconds: job.start,
        fields.length_seconds: job.seconds,
    }
    if job.lease is None:
        changes[fields.lease_expires_at] = None
    if job.state is JobState.RUNNING:
        changes[fields.started_at] = moment
    if not job.state.finished and earlier.state.finished:
        changes |= {fields.error: None, fields.finished_at: None}
    if job.state.finished:
        changes[fields.finished_at] = moment
    return changes


def _store_state(row: Any, before: Work, after: Work) -> None:
    row.state = after.state
    if after.state is TranscriptionState.PROCESSING and row.started_at is None:
        row.started_at = now()
    if after.state in STOPPED_STATES:
        row.finished_at = row.finished_at if before.state is after.state and row.finished_at else now()
    else:
        row.finished_at = None
    if after.state is not TranscriptionState.ERROR:
        row.error = None
    row.save(only=[Transcription.state, Transcription.started_at, Transcription.finished_at, Transcription.error])


def _store_enrichment_state(row: Any, after: Work) -> None:
    if not after.enrichment:
        return
    state = progress.enrichment_state(after)
    changes: dict[Any, Any] = {Enrichment.state: state, Enrichment.updated_at: now()}
    if state in (PartState.PENDING, PartState.PROCESSING):
        changes[Enrichment.error] = None
    Enrichment.insert(transcription=row, state=state).on_conflict(
        conflict_target=[Enrichment.transcription], update=changes
    ).execute()
