"""What may stand in Redis about a job, and what enqueueing, asking and removing make of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from rq import SimpleWorker
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from app.core.jobs import JobKind
from app.queueing.queues import (
    PERFORM,
    QueueName,
    count_workers,
    enqueue,
    kinds_of,
    open_queue,
    present,
    queue_of,
    remove,
    take_instead,
)

TRANSCRIPTION = QueueName.TRANSCRIPTION


def begin(connection: Redis, job_id: str, *, hold_seconds: int = 30) -> Execution:
    """Take a job from the queue as a worker does, up to the moment in which the job's function is called."""
    worker = SimpleWorker([open_queue(connection, TRANSCRIPTION)], connection=connection, serializer=JSONSerializer)
    taken = worker.dequeue_job_and_maintain_ttl(None)
    assert taken is not None
    job, _ = taken
    assert job.id == job_id
    execution = worker.prepare_execution(job)
    worker.prepare_job_execution(job, remove_from_intermediate_queue=True)
    connection.expire(execution.key, hold_seconds)
    return execution


def test_each_kind_of_job_has_a_queue() -> None:
    assert {kind: queue_of(kind) for kind in JobKind} == {
        JobKind.PLAN: QueueName.TRANSCRIPTION,
        JobKind.CHUNK: QueueName.TRANSCRIPTION,
        JobKind.VOICES: QueueName.TRANSCRIPTION,
        JobKind.DIARIZATION: QueueName.TRANSCRIPTION,
        JobKind.ENRICHMENT: QueueName.ENRICHMENT,
        JobKind.READING: QueueName.ENRICHMENT,
        JobKind.REWRITING: QueueName.ENRICHMENT,
        JobKind.FOLDING: QueueName.ENRICHMENT,
        JobKind.QUESTION: QueueName.ENRICHMENT,
    }


def test_every_kind_is_of_its_queue() -> None:
    assert [kind for name in QueueName for kind in kinds_of(name)] == list(JobKind)


def test_a_job_changes_places_with_one_that_ought_to_come_first(connection: Redis) -> None:
    queue = open_queue(connection, TRANSCRIPTION)
    jobs = [str(uuid4()) for _ in range(4)]
    for job in jobs:
        enqueue(connection, TRANSCRIPTION, job)
    worker = SimpleWorker([queue], connection=connection, serializer=JSONSerializer)
    taken = worker.dequeue_job_and_maintain_ttl(None)
    assert taken is not None
    assert taken[0].id == jobs[0]
    assert take_instead(connection, TRANSCRIPTION, jobs[0], jobs[2])
    assert queue.job_ids == [jobs[0], jobs[1], jobs[3]]
    assert connection.lrange(queue.intermediate_queue_key, 0, -1) == [jobs[2].encode()]


def test_a_job_that_is_gone_cannot_be_had_in_place_of_another(connection: Redis) -> None:
    queue = open_queue(connection, TRANSCRIPTION)
    kept, gone = str(uuid4()), str(uuid4())
    enqueue(connection, TRANSCRIPTION, kept)
    assert not take_instead(connection, TRANSCRIPTION, str(uuid4()), gone)
    assert queue.job_ids == [kept]


def test_workers_are_counted_by_queue(connection: Redis) -> None:
    assert count_workers(connection, TRANSCRIPTION) == 0
    workers = [
        SimpleWorker([open_queue(connection, name)], connection=connection, serializer=JSONSerializer)
        for name in (TRANSCRIPTION, TRANSCRIPTION, QueueName.ENRICHMENT)
    ]
    for worker in workers:
        worker.register_birth()
    assert (count_workers(connection, TRANSCRIPTION), count_workers(connection, QueueName.ENRICHMENT)) == (2, 1)
    workers[0].register_death()
    assert count_workers(connection, TRANSCRIPTION) == 1


def test_an_entry_holds_ids_only_and_keeps_no_result(connection: Redis) -> None:
    job_id = str(uuid4())
    assert enqueue(connection, TRANSCRIPTION, job_id)
    job = Job.fetch(job_id, connection=connection, serializer=JSONSerializer)
    assert (job.func_name, list(job.args), job.kwargs) == (PERFORM, [], {"job_id": job_id})
    assert (job.result_ttl, job.timeout, job.retries_left) == (0, -1, None)


def test_enqueueing_twice_delivers_once(connection: Redis) -> None:
    job_id = str(uuid4())
    assert [enqueue(connection, TRANSCRIPTION, job_id) for _ in range(3)] == [True, False, False]
    assert open_queue(connection, TRANSCRIPTION).job_ids == [job_id]


def test_several_instances_enqueueing_at_once_deliver_once(connection: Redis) -> None:
    job_ids = [str(uuid4()) for _ in range(5)]
    with ThreadPoolExecutor(8) as threads:
        put = list(threads.map(lambda job_id: enqueue(connection, TRANSCRIPTION, job_id), job_ids * 8))
    assert sorted(open_queue(connection, TRANSCRIPTION).job_ids) == sorted(job_ids)
    assert sum(put) == len(job_ids)


def test_jobs_are_delivered_in_the_order_of_their_coming(connection: Redis) -> None:
    job_ids = [str(uuid4()) for _ in range(10)]
    for job_id in job_ids:
        enqueue(connection, TRANSCRIPTION, job_id)
    assert open_queue(connection, TRANSCRIPTION).job_ids == job_ids


def test_a_wiped_redis_has_nothing_and_takes_everything_again(connection: Redis) -> None:
    job_ids = [str(uuid4()) for _ in range(3)]
    for job_id in job_ids:
        enqueue(connection, TRANSCRIPTION, job_id)
    connection.flushall()
    assert present(connection, TRANSCRIPTION, job_ids) == set()
    assert all(enqueue(connection, TRANSCRIPTION, job_id) for job_id in job_ids)
    assert present(connection, TRANSCRIPTION, job_ids) == set(job_ids)


def test_an_id_that_lost_its_entry_is_not_present_and_is_made_whole_in_place(connection: Redis) -> None:
    job_id, other = str(uuid4()), str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    enqueue(connection, TRANSCRIPTION, other)
    connection.delete(Job.key_for(job_id))
    assert present(connection, TRANSCRIPTION, [job_id, other]) == {other}
    assert enqueue(connection, TRANSCRIPTION, job_id)
    assert sorted(open_queue(connection, TRANSCRIPTION).job_ids) == sorted([job_id, other])


def test_a_job_in_a_living_workers_hands_is_present(connection: Redis) -> None:
    job_id = str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    begin(connection, job_id)
    assert open_queue(connection, TRANSCRIPTION).job_ids == []
    assert present(connection, TRANSCRIPTION, [job_id, str(uuid4())]) == {job_id}


def test_a_job_whose_worker_died_is_not_present_and_goes_back_clean(connection: Redis) -> None:
    job_id = str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    dead = begin(connection, job_id)
    connection.delete(dead.key)  # what its expiry does, 30 seconds after the last beat
    assert present(connection, TRANSCRIPTION, [job_id]) == set()
    assert enqueue(connection, TRANSCRIPTION, job_id)
    job = Job.fetch(job_id, connection=connection, serializer=JSONSerializer)
    assert job.get_status() is JobStatus.QUEUED
    assert not job.worker_name
    assert open_queue(connection, TRANSCRIPTION).started_job_registry.get_job_ids(cleanup=False) == []


def test_a_job_that_died_between_queue_and_worker_goes_back(connection: Redis) -> None:
    job_id = str(uuid4())
    queue = open_queue(connection, TRANSCRIPTION)
    enqueue(connection, TRANSCRIPTION, job_id)
    connection.lmove(queue.key, queue.intermediate_queue_key)
    assert present(connection, TRANSCRIPTION, [job_id]) == set()
    assert enqueue(connection, TRANSCRIPTION, job_id)
    assert (queue.job_ids, queue.intermediate_queue.get_job_ids()) == ([job_id], [])


def test_a_failed_entry_goes_back_and_is_no_failure_any_more(connection: Redis) -> None:
    job_id = str(uuid4())
    queue = open_queue(connection, TRANSCRIPTION)
    enqueue(connection, TRANSCRIPTION, job_id)
    execution = begin(connection, job_id)
    worker = SimpleWorker([queue], connection=connection, serializer=JSONSerializer)
    worker.handle_job_failure(execution.job, queue, exc_string="broken", execution=execution)
    assert present(connection, TRANSCRIPTION, [job_id]) == set()
    assert enqueue(connection, TRANSCRIPTION, job_id)
    assert present(connection, TRANSCRIPTION, [job_id]) == {job_id}
    assert FailedJobRegistry(queue=queue).get_job_ids() == []


def test_a_job_that_its_worker_just_hands_back_is_delivered_at_once(connection: Redis) -> None:
    job_id = str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    begin(connection, job_id)
    assert enqueue(connection, TRANSCRIPTION, job_id)
    assert open_queue(connection, TRANSCRIPTION).job_ids == [job_id]


def test_a_removed_job_leaves_nothing(connection: Redis) -> None:
    job_id = str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    remove(connection, TRANSCRIPTION, job_id)
    remove(connection, TRANSCRIPTION, job_id)
    assert open_queue(connection, TRANSCRIPTION).job_ids == []
    assert list(connection.scan_iter(f"*{job_id}*")) == []


def test_removing_a_running_job_tells_its_worker(connection: Redis) -> None:
    job_id = str(uuid4())
    enqueue(connection, TRANSCRIPTION, job_id)
    execution = begin(connection, job_id)
    with connection.pubsub(ignore_subscribe_messages=True) as commands:
        commands.subscribe(f"rq:pubsub:{execution.worker_name}")
        commands.get_message(timeout=1)
        remove(connection, TRANSCRIPTION, job_id)
        message = commands.get_message(timeout=5)
    assert message is not None
    assert json.loads(message["data"]) == {"command": "stop-job", "job_id": job_id}
    assert present(connection, TRANSCRIPTION, [job_id]) == {job_id}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["enqueue", "take", "wipe", "remove"]), st.integers(0, 2)), max_size=15)
)
def test_whatever_happened_an_enqueued_job_is_delivered_exactly_once(
    connection: Redis, steps: list[tuple[str, int]]
) -> None:
    connection.flushall()
    job_ids = [str(uuid4()) for _ in range(3)]
    queue = open_queue(connection, TRANSCRIPTION)
    for step, number in steps:
        if step == "enqueue":
            enqueue(connection, TRANSCRIPTION, job_ids[number])
        elif step == "remove":
            remove(connection, TRANSCRIPTION, job_ids[number])
        elif step == "wipe":
            connection.flushall()
        elif queue.job_ids:
            begin(connection, queue.job_ids[0])
    for job_id in job_ids:
        enqueue(connection, TRANSCRIPTION, job_id)
    assert sorted(queue.job_ids) == sorted(job_ids)
    assert present(connection, TRANSCRIPTION, job_ids) == set(job_ids)


@pytest.mark.parametrize("name", QueueName)
def test_asking_after_nothing_asks_nothing(connection: Redis, name: QueueName) -> None:
    assert present(connection, name, []) == set()
