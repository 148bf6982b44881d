"""What this instance knows of the site when it is asked: PostgreSQL, Redis, the uploads volume, itself."""

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from redis import Redis

from app.api.keys import DATABASE, DELIVERY, DOWNLOADS, HUB, METRICS, SETTINGS, UPLOADS
from app.api.metrics.source import Source
from app.core.jobs import JobKind, JobState
from app.core.standing import Backlog, RedisQueue, WorkerCard, counted, oldest
from app.db import standing
from app.queueing.queues import QueueName, kinds_of
from app.queueing.standing import read_queues, read_workers

_UNFINISHED = (JobState.HELD, JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class InRedis:
    queues: list[RedisQueue]
    workers: list[WorkerCard]


@dataclass(frozen=True, slots=True)
class Volume:
    free_bytes: int
    size_bytes: int


class Site:
    """Answers scrapes, whatever is down: what cannot be had in a moment is left out, and `vocalyx_up` says why."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self.backlog: Source[Backlog] = Source("postgresql", lambda: app[DATABASE].ask(standing.backlog))
        self.redis: Source[InRedis] = Source("redis", lambda: app[DELIVERY].ask(_in_redis))
        self.volume: Source[Volume] = Source("uploads", lambda: app[UPLOADS].use(_volume, str(app[UPLOADS].root)))

    async def exposition(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        backlog, redis, volume = await asyncio.gather(self.backlog.value(), self.redis.value(), self.volume.value())
        families = [*self._own(), *_up(backlog, redis, volume)]
        if backlog is not None:
            families += _work(backlog)
            cursor = self._app[HUB].cursor
            if cursor is not None:
                text = "Events in the log that this instance has not handed to its listeners yet."
                families.append(_gauge("events_behind", text, max(0, backlog.latest_event - cursor)))
        if redis is not None:
            families += _delivery(redis)
        if volume is not None:
            families += [
                _gauge("uploads_free_bytes", "Free space on the uploads volume.", volume.free_bytes),
                _gauge("uploads_size_bytes", "Size of the uploads volume.", volume.size_bytes),
            ]
        return generate_latest(self._app[METRICS].registry) + generate_latest(_Families(families))

    async def close(self) -> None:
        """Wait for no answer any more."""
        await asyncio.gather(self.backlog.close(), self.redis.close(), self.volume.close())

    def _own(self) -> Iterator[Metric]:
        use = self._app[DATABASE].use
        reserve = self._app[SETTINGS].upload_reserve
        yield _gauge("listeners", "WebSockets and streams that listen for changes.", self._app[HUB].listeners)
        yield _gauge("downloads_in_flight", "Recordings that are being fetched.", self._app[DOWNLOADS].running)
        yield _gauge("uploads_reserve_bytes", "Free space that uploads never eat into.", reserve)
        yield _gauge("database_connections", "Units of work that can run at the same time.", use.size)
        yield _gauge("database_busy", "Units of work that run just now.", use.busy)
        yield _gauge("database_waiting", "Units of work that wait for a connection.", use.waiting)


def _in_redis(connection: Redis) -> InRedis:
    return InRedis(read_queues(connection), read_workers(connection))


def _volume(root: str) -> Volume:
    usage = shutil.disk_usage(root)
    return Volume(usage.free, usage.total)


def _up(backlog: object, redis: object, volume: object) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "vocalyx_up", "Whether what this instance depends on answers it within moments.", labels=["dependency"]
    )
    for name, answer in (("postgresql", backlog), ("redis", redis), ("uploads", volume)):
        family.add_metric([name], float(answer is not None))
    yield family


def _work(backlog: Backlog) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "vocalyx_jobs", "Unfinished jobs, by PostgreSQL, which is the truth.", labels=["kind", "state"]
    )
    for kind in JobKind:
        for state in _UNFINISHED:
            jobs.add_metric([kind, state], backlog.jobs.get((kind, state), 0))
    yield jobs
    waits = GaugeMetricFamily(
        "vocalyx_queue_oldest_seconds",
        "How long the oldest queued job has waited; 0 where none does.",
        labels=["queue"],
    )
    for queue in QueueName:
        waits.add_metric([queue], oldest(backlog, kinds_of(queue)) or 0.0)
    yield waits
    transcriptions = GaugeMetricFamily("vocalyx_transcriptions", "Unfinished transcriptions.", labels=["state"])
    for transcription_state, number in backlog.transcriptions.items():
        transcriptions.add_metric([transcription_state], number)
    yield transcriptions


def _delivery(redis: InRedis) -> Iterator[Metric]:
    depth = GaugeMetricFamily("vocalyx_queue_depth", "Jobs that wait in Redis for a worker.", labels=["queue"])
    failed = GaugeMetricFamily(
        "vocalyx_queue_unreported", "Jobs whose worker could not even tell the API of their end.", labels=["queue"]
    )
    for queue in redis.queues:
        depth.add_metric([queue.name], queue.waiting)
        failed.add_metric([queue.name], queue.failed)
    workers = GaugeMetricFamily(
        "vocalyx_workers", "Registered workers; stale ones have not been heard of for long.", labels=["queue", "state"]
    )
    for name, states in counted(redis.workers, QueueName).items():
        for state, number in states.items():
            workers.add_metric([name, state], number)
    yield from (depth, failed, workers)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"vocalyx_{name}", text, value=value)


class _Families(Collector):
    """Families that are complete already, in the place of a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
