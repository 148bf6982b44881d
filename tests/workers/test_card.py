"""What a real worker process says of itself in Redis."""

import json
import signal
import time
from collections.abc import Callable

from redis import Redis

from app import __version__
from app.core.standing import WorkerCard, WorkerState
from app.queueing.queues import QueueName, enqueue
from app.queueing.standing import read_queues, read_workers
from app.workers.memory import resident_bytes
from tests.workers.conftest import StartWorker
from tests.workers.internal_server import InternalServer

LIMIT = 3_000_000_000


def until(connection: Redis, name: str, true: Callable[[WorkerCard], bool]) -> WorkerCard:
    deadline = time.monotonic() + 20
    while True:
        found = [card for card in read_workers(connection) if card.name == name]
        if found and true(found[0]):
            return found[0]
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_worker_says_what_it_is_and_what_it_is_at(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker(worker_name="one", memory_limit=str(LIMIT), threads="3")
    idle = until(connection, "one", lambda card: card.state is WorkerState.IDLE)
    assert (idle.queue, idle.version, idle.models, idle.threads) == (
        "transcription",
        __version__,
        ("whisper/patient",),
        3,
    )
    assert idle.pid == worker.process.pid
    assert idle.host
    assert 10_000_000 < (idle.memory_bytes or 0) < LIMIT
    assert (idle.cpu_percent or 0) >= 0
    assert (idle.memory_limit_bytes or 0) <= LIMIT
    assert idle.memory_limit_source
    assert (idle.done, idle.failed, idle.recorded_seconds, idle.job) == (0, 0, 0.0, None)

    quick = server.give(audio="quick")
    enqueue(connection, QueueName.TRANSCRIPTION, quick)
    server.wait_for("result", quick)
    done = until(connection, "one", lambda card: card.done == 1)
    assert done.recorded_seconds == 30.0

    long = server.give()
    enqueue(connection, QueueName.TRANSCRIPTION, long)
    busy = until(connection, "one", lambda card: card.job == long)
    assert busy.state is WorkerState.BUSY
    connection.flushall()
    # Wiped, Redis hears it all again.
    again = until(connection, "one", lambda card: card.job == long)
    assert (again.state, again.models, again.done) == (WorkerState.BUSY, ("whisper/patient",), 1)


def test_a_killed_worker_is_stale_before_it_is_forgotten(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker(worker_name="one")
    until(connection, "one", lambda card: card.state is WorkerState.IDLE)
    job_id = server.give()
    enqueue(connection, QueueName.TRANSCRIPTION, job_id)
    server.wait_for("progress", job_id)
    worker.send(signal.SIGKILL)
    worker.process.wait()
    until(connection, "one", lambda card: card.state is WorkerState.STALE)
    [transcription, enrichment] = read_queues(connection)
    assert (transcription.name, transcription.waiting, enrichment.waiting) == ("transcription", 0, 0)


def test_a_worker_that_leaves_is_no_more(connection: Redis, start_worker: StartWorker) -> None:
    worker = start_worker(worker_name="one")
    until(connection, "one", lambda card: card.state is WorkerState.IDLE)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    assert read_workers(connection) == []


def test_what_failed_is_counted_and_said_as_objects(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker(worker_name="one", log_format="json")
    server.answers["result"] = 422
    job_id = server.give(audio="quick")
    enqueue(connection, QueueName.TRANSCRIPTION, job_id)
    server.wait_for("failure", job_id)
    assert until(connection, "one", lambda card: card.failed == 1).done == 0
    said = [json.loads(line) for line in worker.log.splitlines()]
    [failed] = [line for line in said if line["level"] == "ERROR"]
    assert failed["job"] == job_id
    assert failed["transcription"] == server.orders[job_id]["transcription_id"]
    assert "answered result with 422 (request " in failed["message"]


def test_the_memory_that_is_told_is_this_process_s() -> None:
    before = resident_bytes()
    ballast = bytearray(b"x" * 64 * 1024 * 1024)
    assert resident_bytes() - before > 48 * 1024 * 1024
    assert ballast
