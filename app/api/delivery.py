"""What follows a transaction: its jobs into their queues, its listeners awake.

PostgreSQL has committed by then, so nothing here may fail the request, or hold it up for long: what Redis does not take
now, the reconciler brings later, and listeners read the log every few seconds in any case.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

from app.api.work_log import tell
from app.core.errors import DependencyDown
from app.core.identifiers import EventId
from app.db.work import Outcome, QueuedJob
from app.queueing.queues import QueueName, count_workers, enqueue, present, queue_of, remove
from app.queueing.stream import publish

_THREADS = 4
_PATIENCE_SECONDS = 2.0
_PAUSE_AFTER_LOSS_SECONDS = 2.0

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Delivery:
    """Puts into Redis what a committed transaction says is due, in threads of its own: a Redis that hangs stops only them."""

    def __init__(self, redis: Redis, observe: Callable[[Outcome], None] = lambda _: None) -> None:
        """`observe` is told of every outcome, before anything else follows it."""
        self._redis = redis
        self._observe = observe
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="delivery")
        self._lost_until = 0.0

    async def follow(self, outcome: Outcome) -> None:
        """Enqueue the jobs of one outcome, withdraw those that it ended, and wake the listeners."""
        self._observe(outcome)
        tell(outcome)
        event = outcome.event
        if event is not None:
            await self._patiently(lambda: self._follow(outcome, event))

    async def wake(self, event: EventId | None) -> None:
        """Wake the listeners for an event that is about no transcription."""
        if event is not None:
            await self._patiently(lambda: publish(self._redis, event, ""))

    async def replenish(self, jobs: list[QueuedJob]) -> int:
        """Put those of the jobs into their queues that Redis does not hold; return how many. Raises `RedisError`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._replenish, jobs)

    async def workers(self, queue: QueueName) -> int:
        """Return how many workers serve a queue; 1 where Redis does not say."""
        counted = 1

        def count() -> None:
            nonlocal counted
            counted = max(1, count_workers(self._redis, queue))

        await self._patiently(count)
        return counted

    async def ask(self, question: Callable[[Redis], Answer]) -> Answer:
        """Return what Redis says; `DependencyDown` where it does not within two seconds."""
        if time.monotonic() >= self._lost_until:
            asking = asyncio.get_running_loop().run_in_executor(self._executor, question, self._redis)
            asking.add_done_callback(_heard)
            done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_SECONDS)
            try:
                if done:
                    return asking.result()
            except RedisError as error:
                raise DependencyDown("Redis does not answer.") from error
            asking.cancel()  # where it was not begun, for nobody to be waited for
        raise DependencyDown("Redis does not answer.")

    def close(self) -> None:
        """Wait for what is on its way."""
        self._executor.shutdown(wait=True)

    async def _patiently(self, work: Callable[[], None]) -> None:
        if time.monotonic() < self._lost_until:
            return
        # With the request's context, for the log lines.
        context = contextvars.copy_context()
        done = asyncio.get_running_loop().run_in_executor(self._executor, context.run, self._tolerantly, work)
        await asyncio.wait({done}, timeout=_PATIENCE_SECONDS)

    def _tolerantly(self, work: Callable[[], None]) -> None:
        if time.monotonic() < self._lost_until:
            return
        try:
            work()
        except RedisError as error:
            self._lost_until = time.monotonic() + _PAUSE_AFTER_LOSS_SECONDS
            logger.warning("Redis does not answer, its jobs are brought later: %s", error)
        except Exception:
            # The transaction stands: nothing that goes wrong behind it may fail the request.
            logger.exception("delivery failed")

    def _follow(self, outcome: Outcome, event: EventId) -> None:
        for job in outcome.queued:
            enqueue(self._redis, queue_of(job.kind), str(job.id))
        publish(self._redis, event, str(outcome.transcription))
        for job in outcome.withdrawn:
            remove(self._redis, queue_of(job.kind), str(job.id))

    def _replenish(self, jobs: list[QueuedJob]) -> int:
        put_back = 0
        for queue in {queue_of(job.kind) for job in jobs}:
            of_queue = [str(job.id) for job in jobs if queue_of(job.kind) is queue]
            held = present(self._redis, queue, of_queue)
            put_back += sum(enqueue(self._redis, queue, job) for job in of_queue if job not in held)
        return put_back


def _heard(answer: asyncio.Future[Answer]) -> None:
    """Take note of what came when nobody waited any more, or asyncio complains that nobody did."""
    if not answer.cancelled():
        answer.exception()
