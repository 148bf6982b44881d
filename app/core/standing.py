"""How a site stands: its workers, its queues, what they are at. Facts from Redis and PostgreSQL, put together."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from app.core.jobs import JobKind, JobState
from app.core.states import TranscriptionState


class WorkerState(StrEnum):
    """`stale`: its heart has not beaten for longer than a living worker's may pause."""

    IDLE = "idle"
    BUSY = "busy"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCard:
    """What a worker says of itself in Redis. What it does not say, as one of an earlier release, is None or empty.

    `models`: those that it keeps loaded, as `kind/name`. `cpu_percent`: of one core, lately. `done`, `failed` and the seconds, of the recordings that it wrote
    down and of its work, count from its start. `job`: the id of the one in its hands. `silent_seconds`: since its last beat.
    """

    name: str
    queue: str
    state: WorkerState
    host: str | None = None
    pid: int | None = None
    version: str | None = None
    models: tuple[str, ...] = ()
    threads: int | None = None
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    memory_limit_source: str | None = None
    done: int = 0
    failed: int = 0
    recorded_seconds: float = 0.0
    working_seconds: float = 0.0
    started_at: str | None = None
    last_heartbeat_at: str | None = None
    silent_seconds: float = 0.0
    job: str | None = None


@dataclass(frozen=True, slots=True)
class RedisQueue:
    """A queue as Redis has it: jobs to be delivered, in workers' hands, failed without a word to the API, deferred."""

    name: str
    waiting: int
    started: int
    failed: int
    deferred: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The unfinished work as PostgreSQL has it: how many jobs of a kind and state, how old the oldest queued one is."""

    jobs: Mapping[tuple[JobKind, JobState], int]
    oldest_seconds: Mapping[JobKind, float]
    transcriptions: Mapping[TranscriptionState, int]
    latest_event: int


def counted(cards: Iterable[WorkerCard], queues: Iterable[str]) -> dict[str, dict[WorkerState, int]]:
    """Return how many workers of each queue are in each state, zeros among them."""
    found = Counter((card.queue, card.state) for card in cards)
    return {queue: {state: found[queue, state] for state in WorkerState} for queue in queues}


def workers_shown(cards: Iterable[WorkerCard], jobs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the workers as operators see them, each with the job in its hands, which `jobs` has by its id."""
    return [
        asdict(card)
        | {
            "state": str(card.state),
            "models": list(card.models),
            "working_seconds": round(card.working_seconds, 1),
            "job": jobs.get(card.job) if card.job else None,
        }
        for card in sorted(cards, key=lambda card: (card.queue, card.name))
    ]


def queues_shown(
    queues: Sequence[RedisQueue],
    cards: Sequence[WorkerCard],
    backlog: Backlog,
    kinds_of: Callable[[str], Sequence[JobKind]],
) -> list[dict[str, Any]]:
    """Return the queues as operators see them: the work that is due by PostgreSQL, and what Redis delivers of it."""
    workers = counted(cards, [queue.name for queue in queues])
    return [
        {
            "name": queue.name,
            **{str(state): jobs_in(backlog, kinds_of(queue.name), state) for state in _UNFINISHED},
            "oldest_seconds": oldest(backlog, kinds_of(queue.name)),
            "delivery": {
                "waiting": queue.waiting,
                "started": queue.started,
                "failed": queue.failed,
                "deferred": queue.deferred,
            },
            "workers": {str(state): number for state, number in workers[queue.name].items()},
        }
        for queue in queues
    ]


def jobs_in(backlog: Backlog, kinds: Sequence[JobKind], state: JobState) -> int:
    """Return how many jobs of these kinds are in a state."""
    return sum(backlog.jobs.get((kind, state), 0) for kind in kinds)


def oldest(backlog: Backlog, kinds: Sequence[JobKind]) -> float | None:
    """Return for how many seconds the oldest queued job of these kinds has waited; None where none waits."""
    ages = [backlog.oldest_seconds[kind] for kind in kinds if kind in backlog.oldest_seconds]
    return round(max(ages), 1) if ages else None


_UNFINISHED = (JobState.HELD, JobState.QUEUED, JobState.RUNNING)
