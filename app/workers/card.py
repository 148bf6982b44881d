"""What a worker says of itself in Redis, beside what RQ does: operators read it, and nothing depends on it."""

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app import __version__
from app.workers.memory import MemoryLimit, resident_bytes
from app.workers.orders import WorkOrder

# Two beats in one moment tell nothing of how busy it was in between.
_SHORTEST_SECONDS = 0.05


class _Spent(NamedTuple):
    """Seconds by the clock, and those in which cores worked for this process."""

    passed: float
    worked: float


class Card:
    """Written with every heartbeat, by a thread of its own: what it reads of the engines is never more than a name.

    `models` names those that are loaded just now, as `kind/name`.
    """

    def __init__(
        self,
        *,
        models: Callable[[], Sequence[str]] = tuple,
        limit: MemoryLimit | None = None,
        threads: int | None = None,
    ) -> None:
        self._models = models
        self._limit = limit
        self._threads = threads or len(os.sched_getaffinity(0))
        self._done = self._failed = 0
        self._recorded_seconds = 0.0
        self._before = _spent()

    def count_done(self, order: WorkOrder) -> None:
        """A job was finished and delivered."""
        self._done += 1
        if order.chunk is not None:
            self._recorded_seconds += order.chunk.end - order.chunk.start

    def count_failed(self) -> None:
        """A job was given up."""
        self._failed += 1

    def fields(self) -> dict[str, str | int | float]:
        """Return what stands on it, as Redis takes it."""
        before, self._before = self._before, _spent()
        passed = max(self._before.passed - before.passed, _SHORTEST_SECONDS)
        said: dict[str, str | int | float] = {
            "release": __version__,
            "models": json.dumps(list(self._models())),
            "threads": self._threads,
            "cpu_percent": round(100 * (self._before.worked - before.worked) / passed, 1),
            "memory_bytes": resident_bytes(),
            "done": self._done,
            "failed": self._failed,
            "recorded_seconds": round(self._recorded_seconds, 3),
        }
        if self._limit is not None:
            said |= {"memory_limit_bytes": self._limit.bytes, "memory_limit_source": self._limit.source}
        return said


def _spent() -> _Spent:
    return _Spent(time.monotonic(), time.process_time())
