"""A worker process under everything that happens to one: stop commands, signals, death, a Redis that goes away."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from rq.command import send_stop_job_command
from rq.job import Job
from rq.serializers import JSONSerializer

from app.queueing.connections import connect
from app.queueing.queues import QueueName, enqueue, open_queue, present, remove
from app.standalone.valkey import ValkeyServer
from tests.workers.conftest import StartWorker, running
from tests.workers.internal_server import KEY, InternalServer

TRANSCRIPTION = QueueName.TRANSCRIPTION


def wait_until(true: Callable[[], object], timeout: float = 15) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


def submit(connection: Redis, server: InternalServer, **order: str) -> str:
    job_id = server.give(**order)  # type: ignore[arg-type]
    enqueue(connection, TRANSCRIPTION, job_id)
    return job_id


def test_a_job_is_worked_and_leaves_nothing_in_redis(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker(worker_name="one")
    job_ids = [submit(connection, server, audio="quick") for _ in range(3)]
    for job_id in job_ids:
        assert server.wait_for("result", job_id)["text"]["segments"] == []
    wait_until(lambda: not list(connection.scan_iter("rq:*job:*")))
    assert all(not list(connection.scan_iter(f"*{job_id}*")) for job_id in job_ids)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    assert [body["worker"] for body in server.bodies("claim")] == ["one"] * 3
    for told in ("Took a chunk job, attempt 1.", "Finished the chunk job in", f"job={job_ids[0]}", "transcription="):
        assert told in worker.log
    assert KEY not in worker.log


def test_the_job_that_the_api_advises_comes_first(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    jobs = [submit(connection, server, audio="quick") for _ in range(3)]
    server.advised = jobs[2]
    start_worker()
    server.wait_for("result", count=3)
    # Advised for a job that is done by then, the worker takes what is at the head.
    assert [job for verb, job, _ in server.told if verb == "claim"] == [jobs[2], jobs[0], jobs[1]]
    wait_until(lambda: not list(connection.scan_iter("rq:*job:*")))


def test_a_job_that_was_advised_can_be_stopped_like_any(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    first, second = submit(connection, server, audio="quick"), submit(connection, server)
    server.advised = second
    worker = start_worker()
    server.wait_for("progress", second)
    remove(connection, TRANSCRIPTION, second)
    worker.wait_until_logged("Stopped: cancelled.")
    server.wait_for("result", first)


def test_a_job_is_delivered_through_an_api_that_cannot_reach_its_database(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    server.answers |= {"first": 503, "claim": 503, "result": 503}
    worker = start_worker()
    job_id = submit(connection, server, audio="quick")
    server.wait_for("claim", job_id, count=2)
    assert present(connection, TRANSCRIPTION, [job_id]) == {job_id}
    del server.answers["first"], server.answers["claim"]
    server.wait_for("result", job_id, count=3)
    server.answers.clear()
    worker.wait_until_logged("Finished the chunk job in")
    wait_until(lambda: not list(connection.scan_iter("rq:*job:*")))
    assert open_queue(connection, TRANSCRIPTION).failed_job_registry.get_job_ids() == []
    assert server.bodies("failure") == []


def test_rqs_stop_command_stops_the_job_and_not_the_worker(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    send_stop_job_command(connection, job_id, serializer=JSONSerializer)
    worker.wait_until_logged("Stopped: cancelled.")
    next_id = submit(connection, server, audio="quick")
    server.wait_for("result", next_id)
    assert server.bodies("result", job_id) == server.bodies("failure", job_id) == server.bodies("release", job_id) == []
    wait_until(lambda: present(connection, TRANSCRIPTION, [job_id]) == set())


def test_removing_a_running_job_stops_it_within_seconds(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    begun = time.monotonic()
    remove(connection, TRANSCRIPTION, job_id)
    worker.wait_until_logged("Stopped: cancelled.")
    assert time.monotonic() - begun < 3


def test_sigterm_hands_the_job_back_and_ends(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0
    assert server.bodies("release", job_id) == [{"lease": f"lease of {job_id}"}]
    assert server.bodies("failure") == []
    assert connection.smembers("rq:workers") == set()


def test_a_job_queued_again_while_it_is_handed_back_is_worked_by_the_next(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    first = start_worker()
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    answer = server.answer

    def answer_as_the_api_does(verb: str, job: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        if verb == "release":
            server.orders[job]["audio"] = "quick"
            enqueue(connection, TRANSCRIPTION, job)
        return answer(verb, job, body)

    server.answer = answer_as_the_api_does  # type: ignore[method-assign]
    first.send(signal.SIGTERM)
    assert first.end() == 0
    assert present(connection, TRANSCRIPTION, [job_id]) == {job_id}
    start_worker()
    server.wait_for("result", job_id)


def test_an_idle_worker_ends_at_once(start_worker: StartWorker) -> None:
    worker = start_worker()
    worker.wait_until_logged("Waiting for jobs")
    begun = time.monotonic()
    worker.send(signal.SIGINT)
    assert worker.end() == 0
    assert time.monotonic() - begun < 5


def test_a_second_signal_ends_a_job_that_does_not_listen(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(connection, server, audio="stuck")
    server.wait_for("progress", job_id)
    worker.send(signal.SIGTERM)
    worker.wait_until_logged("Asked to stop (SIGTERM); the job hands itself back")
    time.sleep(1.1)  # a second signal within a second is the first one's echo
    worker.send(signal.SIGTERM)
    assert worker.end() == 75


def test_a_busy_worker_stays_alive_in_redis(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    start_worker(worker_name="busy")
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    until = time.monotonic() + 5  # more than twice as long as the hold, and longer than the card lives
    while time.monotonic() < until:
        assert connection.hget("rq:worker:busy", "state") == b"busy"
        assert present(connection, TRANSCRIPTION, [job_id]) == {job_id}
        time.sleep(0.1)


def test_what_a_killed_worker_had_is_free_soon_and_is_worked_by_the_next(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    killed = start_worker(worker_name="same")
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    killed.send(signal.SIGKILL)
    killed.process.wait()
    wait_until(lambda: present(connection, TRANSCRIPTION, [job_id]) == set(), timeout=6)
    server.orders[job_id]["audio"] = "quick"
    start_worker(worker_name="same")  # the name of one that was killed is free as soon as its process is gone
    enqueue(connection, TRANSCRIPTION, job_id)
    server.wait_for("result", job_id)
    wait_until(lambda: not Job.exists(job_id, connection=connection))
    assert open_queue(connection, TRANSCRIPTION).started_job_registry.get_job_ids(cleanup=False) == []


def test_two_workers_of_one_name_are_refused(start_worker: StartWorker) -> None:
    first = start_worker(worker_name="same")
    first.wait_until_logged("Waiting for jobs")
    second = start_worker(worker_name="same")
    assert second.end() == 78
    assert "A worker named same is alive." in second.log
    assert "VOCALYX_WORKER_NAME" in second.log
    assert first.process.poll() is None


def test_a_wiped_redis_knows_the_worker_and_its_job_again(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    start_worker(worker_name="survivor")
    job_id = submit(connection, server)
    server.wait_for("progress", job_id)
    connection.flushall()
    wait_until(lambda: present(connection, TRANSCRIPTION, [job_id]) == {job_id}, timeout=5)
    assert connection.smembers("rq:workers") == {b"rq:worker:survivor"}
    remove(connection, TRANSCRIPTION, job_id)
    next_id = submit(connection, server, audio="quick")
    server.wait_for("result", next_id)


def test_redis_dying_under_a_job_does_not_touch_it(
    server: InternalServer, start_worker: StartWorker, mortal_valkey: ValkeyServer
) -> None:
    url = mortal_valkey.url()
    with running(mortal_valkey), connect(url) as connection:
        worker = start_worker(redis_url=url)
        job_id = submit(connection, server)
        server.wait_for("progress", job_id)
    server.orders[job_id]["audio"] = "quick"
    before = len(server.bodies("progress", job_id))
    server.wait_for("progress", job_id, count=before + 2)
    worker.wait_until_logged("Redis does not answer")
    with running(mortal_valkey), connect(url) as connection:
        worker.wait_until_logged("Redis is back, and knows this worker again.")
        wait_until(lambda: present(connection, TRANSCRIPTION, [job_id]) == {job_id})
        wait_until(lambda: connection.pubsub_numsub(f"rq:pubsub:{_only_worker(connection)}")[0][1] == 1)
        remove(connection, TRANSCRIPTION, job_id)
        worker.wait_until_logged("Stopped: cancelled.")
        next_id = submit(connection, server, audio="quick")
        server.wait_for("result", next_id)
        worker.send(signal.SIGTERM)
        assert worker.end() == 0


def test_a_worker_waits_for_a_redis_that_is_not_up_yet(
    server: InternalServer, start_worker: StartWorker, mortal_valkey: ValkeyServer
) -> None:
    url = mortal_valkey.url()
    worker = start_worker(redis_url=url)
    worker.wait_until_logged("Redis does not answer")
    with running(mortal_valkey), connect(url) as connection:
        server.wait_for("result", submit(connection, server, audio="quick"))


def test_a_job_that_nobody_wants_any_more_is_dropped(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    worker = start_worker()
    enqueue(connection, TRANSCRIPTION, str(uuid4()))
    worker.wait_until_logged("Dropped")
    server.wait_for("result", submit(connection, server, audio="quick"))


def test_a_hung_worker_ends_itself(connection: Redis, server: InternalServer, start_worker: StartWorker) -> None:
    worker = start_worker(stall_timeout="10")
    submit(connection, server, audio="stuck")
    assert worker.end(30) == 75
    assert "VOCALYX_STALL_TIMEOUT" in worker.log
    assert "The job has hung" in worker.log


def test_an_order_that_cannot_be_read_is_shown_as_failed_and_may_be_queued_again(
    connection: Redis, server: InternalServer, start_worker: StartWorker
) -> None:
    start_worker()
    job_id = server.give(audio="quick")
    kind = server.orders[job_id].pop("kind")
    enqueue(connection, TRANSCRIPTION, job_id)
    failed = open_queue(connection, TRANSCRIPTION).failed_job_registry
    wait_until(lambda: failed.get_job_ids() == [job_id])
    assert present(connection, TRANSCRIPTION, [job_id]) == set()
    server.orders[job_id]["kind"] = kind
    enqueue(connection, TRANSCRIPTION, job_id)
    server.wait_for("result", job_id)
    assert failed.get_job_ids() == []


@pytest.mark.parametrize("module", ["app.workers.transcription", "app.workers.enrichment"])
def test_without_a_key_a_worker_says_so_and_ends(start_worker: StartWorker, module: str) -> None:
    worker = start_worker(module=module, internal_key="")
    assert worker.end() == 78
    assert "VOCALYX_INTERNAL_KEY is not set." in worker.log
    assert "Traceback" not in worker.log


def test_without_models_a_transcription_worker_says_so_and_ends(start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker(module="app.workers.transcription", models_dir=str(tmp_path / "none"))
    assert worker.end(60) == 78
    assert "No diarization model is installed." in worker.log
    assert "Traceback" not in worker.log


@pytest.mark.parametrize(("setting", "value"), [("threads", "none"), ("log_level", "verbose")])
def test_a_setting_that_is_none_is_named(start_worker: StartWorker, setting: str, value: str) -> None:
    worker = start_worker(**{setting: value})
    assert worker.end() == 78
    assert f"The setting VOCALYX_{setting.upper()} cannot be used: " in worker.log
    assert "Traceback" not in worker.log


def _only_worker(connection: Redis) -> str:
    (key,) = connection.smembers("rq:workers")
    return key.decode().removeprefix("rq:worker:")
