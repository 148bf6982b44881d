"""How the site stands and went, for its administrators."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer, Percent
from app.api.answers.transcriptions import Failure
from app.core.jobs import JobKind
from app.core.standing import WorkerState

Count = Annotated[int, Field(ge=0)]


class JobInHand(Answer):
    id: UUID
    kind: JobKind
    position: Count
    transcription_id: UUID
    project_id: UUID
    stage: str
    percent: Percent
    attempt: Count
    started_at: dt.datetime | None


class WorkerStanding(Answer):
    """A worker, as it says of itself; what one of an earlier release does not say is `null`."""

    name: str
    queue: str
    state: Annotated[WorkerState, Field(description="`stale`: not heard of for longer than a living one is silent.")]
    host: str | None
    pid: int | None
    version: str | None
    models: Annotated[list[str], Field(description="Those that it keeps loaded, as `kind/name`.")]
    threads: int | None
    cpu_percent: Annotated[float | None, Field(ge=0, description="Of one core, between its last two heartbeats.")]
    memory_bytes: Annotated[int | None, Field(description="What it has in RAM.")]
    memory_limit_bytes: Annotated[int | None, Field(description="What it may use at most.")]
    memory_limit_source: Annotated[str | None, Field(description="Who sets this limit.")]
    done: Annotated[int, Field(ge=0, description="Jobs since it started.")]
    failed: Annotated[int, Field(ge=0, description="Jobs since it started.")]
    recorded_seconds: Annotated[float, Field(ge=0, description="Of recordings that it wrote down since it started.")]
    working_seconds: Annotated[float, Field(ge=0, description="That it was busy since it started.")]
    started_at: dt.datetime | None
    last_heartbeat_at: Annotated[dt.datetime | None, Field(description="By the clock of its host.")]
    silent_seconds: Annotated[float, Field(ge=0, description="Since its last heartbeat.")]
    job: Annotated[JobInHand | None, Field(description="What it is at; `null` also between two jobs.")]


class WorkerList(Answer):
    items: list[WorkerStanding]


class QueueDelivery(Answer):
    """What Redis holds of a queue."""

    waiting: Count
    started: Count
    failed: Annotated[int, Field(ge=0, description="Those whose worker could not even tell the API of their end.")]
    deferred: Count


class WorkerCounts(Answer):
    idle: Count
    busy: Count
    stale: Count


class QueueStanding(Answer):
    name: str
    held: Annotated[int, Field(ge=0, description="Jobs that are planned, and let into the queue as there is room.")]
    queued: Count
    running: Count
    oldest_seconds: Annotated[
        float | None, Field(description="How long the oldest queued job waits; `null`: none does.")
    ]
    delivery: QueueDelivery
    workers: WorkerCounts


class QueueList(Answer):
    items: list[QueueStanding]


class FailedJob(Answer):
    """A job that came to nothing; retrying its transcription tries it again."""

    id: UUID
    kind: JobKind
    position: Count
    transcription_id: UUID
    transcription_name: str
    project_id: UUID
    worker: str | None
    attempt: Count
    error: Failure | None
    finished_at: dt.datetime | None


class FailedJobList(Answer):
    items: list[FailedJob]


class Volume(Answer):
    total_bytes: Count
    used_bytes: Count
    free_bytes: Annotated[int, Field(ge=0, description="What programs may still write.")]


class UploadsVolume(Volume):
    reserve_bytes: Annotated[int, Field(ge=0, description="Free space that uploads never eat into.")]


class Storage(Answer):
    """The volumes, as this instance of the API sees them. Two folders may lie on one volume."""

    uploads: UploadsVolume
    models: Volume


class Spread(Answer):
    median: float
    p95: Annotated[float, Field(description="Which 95 of 100 do not exceed.")]


class OverviewNumbers(Answer):
    """Of the transcriptions that ended in this time."""

    done: Count
    failed: Count
    cancelled: Count
    failed_jobs: Annotated[int, Field(ge=0, description="Parts that came to nothing, of whatever transcriptions.")]
    hours: Annotated[float, Field(ge=0, description="Of recordings that are done.")]
    waiting_seconds: Annotated[
        Spread | None, Field(description="From the arrival to the first job; without those that were tried again.")
    ]
    real_time_factor: Annotated[
        Spread | None,
        Field(description="Seconds of work, enrichment included, for one of the recording; without those tried again."),
    ]


class OverviewDay(OverviewNumbers):
    """Of the transcriptions that ended on a day, in UTC."""

    day: dt.date


class Overview(Answer):
    since: dt.date
    until: dt.date
    days: Annotated[list[OverviewDay], Field(description="Each of them, the oldest first.")]
    total: OverviewNumbers
    unfinished: Annotated[dict[str, int], Field(description="How many transcriptions are on their way now, by state.")]


class OriginalWorkerNumbers(Answer):
    total_audio_processed_s: float
    total_processing_time_s: float
    total_jobs_completed: Count


class OriginalWorker(Answer):
    pid: int | None
    db_stats: Annotated[OriginalWorkerNumbers, Field(description="Since the worker started.")]


class OriginalWorkerTask(Answer):
    """What a worker is at; it has its transcription's id, which is `null` where that is not yours to see."""

    id: UUID | None
    name: str
    args: list[UUID]
    hostname: str
    time_start: Annotated[float | None, Field(description="Seconds since 1970.")]


OriginalTasks = dict[str, list[OriginalWorkerTask]]


class OriginalWorkers(Answer):
    """The workers in the shape of the first Vocalyx, each by its name; those that fell silent are left out."""

    worker_count: Count
    transcription_worker_count: Count
    enrichment_worker_count: Count
    active_tasks: Count
    transcription_active_tasks: Count
    enrichment_active_tasks: Count
    workers: OriginalTasks
    transcription_workers: OriginalTasks
    enrichment_workers: OriginalTasks
    registered_tasks: dict[str, list[str]]
    stats: dict[str, OriginalWorker]
