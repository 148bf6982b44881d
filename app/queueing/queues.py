"""The two queues: a job is put in, asked after, and taken out by its id, which is the id of its row in PostgreSQL.

Delivery is at least once. What keeps a job from being done twice at a time is the lease that the API grants or refuses
when a worker claims it; here a double only costs that one refused claim. So `enqueue` may always be called for a job
that PostgreSQL holds for queued, and a Redis that was wiped is filled again by calling it for all of them.
"""

import json
from collections.abc import Collection
from enum import StrEnum
from typing import cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError
from rq import Queue
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.defaults import RQ_KEY_PREFIX
from rq.job import Job
from rq.registry import CanceledJobRegistry, FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from app.core.enriching import ENRICHMENT_KINDS
from app.core.jobs import JobKind

PERFORM = "app.workers.entry.perform"
NO_TIMEOUT = -1
"""A recording may take hours: silence is judged by the lease and the watchdog, never length."""
FAILURE_KEPT_SECONDS = 24 * 3600
"""How long the queue dashboard shows a job whose worker could not even report its failure."""


_SWAP = """
if redis.call('lrem', KEYS[1], 1, ARGV[2]) == 0 then
    return 0
end
redis.call('lpush', KEYS[1], ARGV[1])
if redis.call('lrem', KEYS[2], 1, ARGV[1]) > 0 then
    redis.call('lpush', KEYS[2], ARGV[2])
end
return 1
"""


class QueueName(StrEnum):
    """The queues, one for each sort of worker."""

    TRANSCRIPTION = "transcription"
    ENRICHMENT = "enrichment"


_OF_LANGUAGE_MODEL = ENRICHMENT_KINDS | {JobKind.QUESTION}


def queue_of(kind: JobKind) -> QueueName:
    """Return the queue whose workers have the engine for this kind of job."""
    return QueueName.ENRICHMENT if kind in _OF_LANGUAGE_MODEL else QueueName.TRANSCRIPTION


def kinds_of(name: QueueName) -> list[JobKind]:
    """Return the kinds of job that come into this queue."""
    return [kind for kind in JobKind if queue_of(kind) is name]


def open_queue(connection: Redis, name: QueueName) -> Queue:
    """Return RQ's view of a queue, with the serializer that everything here uses."""
    return Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=NO_TIMEOUT)


def enqueue(connection: Redis, name: QueueName, job_id: str) -> bool:
    """Put a job at the end of its queue unless it waits there already; tell whether it was put.

    An entry that says anything but "waiting" is replaced, whatever it says: it may be started by a worker that died,
    failed, finished, or still be in the hands of a worker that is just handing it back.
    """
    queue = open_queue(connection, name)
    key = Job.key_for(job_id)
    with connection.pipeline() as pipe:
        while True:
            try:
                pipe.watch(key)
                if pipe.exists(key) and connection.lpos(queue.key, job_id) is not None:
                    return False
                executions = _executions(connection, job_id)
                pipe.multi()
                _forget(pipe, queue, job_id, executions)
                queue.enqueue_call(
                    PERFORM,
                    kwargs={"job_id": job_id},
                    job_id=job_id,
                    timeout=NO_TIMEOUT,
                    result_ttl=0,
                    failure_ttl=FAILURE_KEPT_SECONDS,
                    pipeline=pipe,
                )
                pipe.execute()
            except WatchError:
                continue  # another instance wrote this job's entry meanwhile: look again
            return True


def present(connection: Redis, name: QueueName, job_ids: Collection[str]) -> set[str]:
    """Return those of the given jobs that Redis still delivers: waiting in the queue, or in a living worker's hands.

    Two round trips whatever the number. A worker's hold on a job expires by Redis's clock when its heartbeats end, so
    the clocks of the hosts do not matter. A job on its way from the queue to a worker is, for some milliseconds, not
    seen: putting it back is harmless.
    """
    if not job_ids:
        return set()
    asked = list(job_ids)
    queue = open_queue(connection, name)
    with connection.pipeline(transaction=False) as pipe:
        pipe.lrange(queue.key, 0, -1)
        pipe.zrange(queue.started_job_registry.key, 0, -1)
        for job_id in asked:
            pipe.exists(Job.key_for(job_id))
        queued, held, *exists = pipe.execute()
    waiting = {entry.decode() for entry in queued}
    known = {job_id for job_id, found in zip(asked, exists, strict=True) if found and job_id in waiting}
    wanted = set(asked)
    holds = [hold for hold in (entry.decode() for entry in held) if hold.partition(":")[0] in wanted]
    return known | _with_living_hold(connection, holds)


def take_instead(connection: Redis, name: QueueName, taken: str, wanted: str) -> bool:
    """Put a job that a worker has just taken back to the head of the queue, and take another one for it.

    False, and nothing changes, where the other one does not wait any more. RQ keeps what is taken and not yet begun in
    a list of its own, in which the two change places too.
    """
    queue = open_queue(connection, name)
    swap = connection.register_script(_SWAP)
    return bool(swap(keys=[queue.key, queue.intermediate_queue_key], args=[taken, wanted]))


def count_workers(connection: Redis, name: QueueName) -> int:
    """Return how many workers are registered for a queue."""
    return connection.scard(WORKERS_BY_QUEUE_KEY % name)


def remove(connection: Redis, name: QueueName, job_id: str) -> None:
    """Take a job out: it is not delivered any more, and a worker that has it is told to stop at its next checkpoint."""
    queue = open_queue(connection, name)
    executions = _executions(connection, job_id)
    with connection.pipeline(transaction=False) as pipe:
        for execution in executions:
            pipe.hget(_execution_key(execution), "worker_name")
        workers = {worker.decode() for worker in pipe.execute() if worker}
    with connection.pipeline() as pipe:
        for worker in workers:
            pipe.publish(PUBSUB_CHANNEL_TEMPLATE % worker, json.dumps({"command": "stop-job", "job_id": job_id}))
        # A living worker's hold is left: it ends, and is cleared away, when the worker has stopped.
        _forget(pipe, queue, job_id, () if workers else executions)
        pipe.execute()


def _forget(pipe: Pipeline, queue: Queue, job_id: str, executions: Collection[str]) -> None:
    """Add to the transaction what clears every trace of the job, wherever a dead worker may have left one."""
    pipe.delete(Job.key_for(job_id))
    pipe.lrem(queue.key, 0, job_id)
    pipe.lrem(queue.intermediate_queue_key, 0, job_id)
    for registry in (FailedJobRegistry, FinishedJobRegistry, CanceledJobRegistry):
        pipe.zrem(registry(queue=queue).key, job_id)
    for execution in executions:
        pipe.zrem(StartedJobRegistry(queue=queue).key, execution)
        pipe.delete(_execution_key(execution))
    if executions:
        pipe.delete(_executions_key(job_id))


def _with_living_hold(connection: Redis, holds: list[str]) -> set[str]:
    with connection.pipeline(transaction=False) as pipe:
        for hold in holds:
            pipe.exists(_execution_key(hold))
        living = cast("list[int]", pipe.execute())
    return {hold.partition(":")[0] for hold, alive in zip(holds, living, strict=True) if alive}


def _executions(connection: Redis, job_id: str) -> list[str]:
    """Return what RQ holds for runs of the job, each as `<job id>:<execution id>`."""
    ids = cast("list[bytes]", connection.zrange(_executions_key(job_id), 0, -1))
    return [f"{job_id}:{execution.decode()}" for execution in ids]


def _execution_key(composite: str) -> str:
    return f"{RQ_KEY_PREFIX}:execution:{composite}"


def _executions_key(job_id: str) -> str:
    return f"{RQ_KEY_PREFIX}:executions:{job_id}"
