"""The queue dashboard over a real Redis, with jobs and workers as Vocalyx has them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from flask.testing import FlaskClient
from rq import Worker
from rq.serializers import JSONSerializer

from app.queue_dashboard.application import create_app
from app.queueing.queues import QueueName, enqueue, open_queue
from app.settings import Settings


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def client(redis_url: str) -> FlaskClient:
    return create_app(Settings(redis_url=redis_url)).test_client()


@pytest.fixture
def job_id(connection: redis.Redis) -> str:
    name = str(uuid4())
    enqueue(connection, QueueName.TRANSCRIPTION, name)
    return name


def test_it_shows_queues_jobs_and_workers(client: FlaskClient, connection: redis.Redis, job_id: str) -> None:
    Worker(
        [open_queue(connection, QueueName.TRANSCRIPTION)], name="w-1", connection=connection, serializer=JSONSerializer
    ).register_birth()
    queues = client.get("/0/data/queues.json").get_json()["queues"]
    assert {queue["name"]: queue["count"] for queue in queues} == {"transcription": 1}
    jobs = client.get("/0/data/jobs/transcription/queued/8/asc/1.json").get_json()
    assert [job["id"] for job in jobs["jobs"]] == [job_id]
    assert client.get(f"/0/data/job/{job_id}.json").get_json()["id"] == job_id
    assert [worker["name"] for worker in client.get("/0/data/workers.json").get_json()["workers"]] == ["w-1"]
    for page in ("/", "/0/view/workers", "/0/view/jobs", f"/0/view/job/{job_id}"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/job/{job}/delete",
        "/job/{job}/requeue",
        "/requeue/transcription",
        "/queue/transcription/queued/empty",
        "/queue/transcription/compact",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_it_changes_nothing(client: FlaskClient, connection: redis.Redis, job_id: str, path: str, method: str) -> None:
    before = {key: connection.dump(key) for key in connection.scan_iter()}
    assert client.open(path.format(job=job_id), method=method).status_code in {403, 404, 405}
    assert {key: connection.dump(key) for key in connection.scan_iter()} == before


def test_the_password_is_on_no_page(client: FlaskClient, redis_url: str, job_id: str) -> None:
    password = redis_url.partition("//:")[2].partition("@")[0]
    assert password
    for page in ("/", "/0/view/workers", "/0/view/jobs", f"/0/view/job/{job_id}", "/0/data/queues.json"):
        assert password not in client.get(page).get_data(as_text=True)
