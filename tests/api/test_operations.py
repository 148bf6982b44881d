"""Workers, queues, failures and the overview, as a site's administrators see them."""

import datetime as dt
import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, REDIS
from app.db.tables import Transcription, database
from app.queueing.queues import QueueName
from tests.api.cards import put_card
from tests.api.conftest import Person
from tests.api.problems import problem
from tests.api.test_failed_parts import FAILURE
from tests.api.worker import Worker


async def listed(person: Person, what: str) -> dict[str, dict[str, Any]]:
    answer = await person.get(f"/api/admin/{what}")
    assert answer.status == 200, await answer.text()
    return {item["name"]: item for item in (await answer.json())["items"]}


async def test_a_worker_is_shown_with_what_it_says_and_what_it_is_at(
    client: TestClient, administrator: Person, editor: Person, worker: Worker
) -> None:
    created = await editor.uploaded()
    order = await worker.claim()
    await worker.report(order, "progress", stage="listening", percent=25)
    put_card(client.app[REDIS], "busy", state="busy", current_job=order["job_id"])
    found = (await listed(administrator, "workers"))["busy"]
    job = found.pop("job")
    assert 0 <= found.pop("silent_seconds") < 5
    assert found == {
        "name": "busy",
        "queue": "transcription",
        "state": "busy",
        "host": "host-1",
        "pid": 4711,
        "version": "1.2.3",
        "models": ["whisper/base", "diarization/community-campplus"],
        "threads": 4,
        "cpu_percent": 187.5,
        "memory_bytes": 900_000_000,
        "memory_limit_bytes": 8_000_000_000,
        "memory_limit_source": "MemoryMax= of a unit",
        "done": 12,
        "failed": 1,
        "recorded_seconds": 360.5,
        "working_seconds": 61.2,
        "started_at": "2026-01-02T03:04:05.000006+00:00",
        "last_heartbeat_at": "2026-01-02T04:04:05.000006+00:00",
    }
    assert job.pop("started_at")
    assert job == {
        "id": order["job_id"],
        "kind": "plan",
        "position": 0,
        "transcription_id": created["id"],
        "project_id": created["project_id"],
        "stage": "listening",
        "percent": 25.0,
        "attempt": 1,
    }


async def test_workers_are_shown_whatever_their_cards_hold(client: TestClient, administrator: Person) -> None:
    redis = client.app[REDIS]
    old = dict.fromkeys(
        [
            "release",
            "models",
            "threads",
            "cpu_percent",
            "memory_bytes",
            "memory_limit_bytes",
            "done",
            "card_seconds",
            "hold_seconds",
        ]
    )
    put_card(redis, "earlier", **old)
    put_card(
        redis,
        "odd",
        pid="x",
        models="{",
        memory_bytes="-1",
        birth="yesterday",
        current_job="no id",
        done="NaN",
        cpu_percent="inf",
    )
    put_card(redis, "lost", current_job=str(uuid.uuid4()), state="busy")
    put_card(redis, "silent", silent=45)
    put_card(redis, "left", death="2026-01-02T03:04:05Z")
    redis.sadd("rq:workers:enrichment", "rq:worker:vanished")
    found = await listed(administrator, "workers")
    assert set(found) == {"earlier", "odd", "lost", "silent", "vanished"}
    assert (found["earlier"]["state"], found["earlier"]["models"], found["earlier"]["memory_bytes"]) == (
        "idle",
        [],
        None,
    )
    told = ("pid", "models", "memory_bytes", "started_at", "job", "done", "cpu_percent")
    assert [found["odd"][name] for name in told] == [None, [], None, None, None, 0, None]
    assert (found["lost"]["state"], found["lost"]["job"]) == ("busy", None)
    assert (found["silent"]["state"], found["vanished"]["state"]) == ("stale", "stale")
    assert found["silent"]["silent_seconds"] >= 45


async def test_a_queue_is_shown_by_what_is_due_and_what_is_delivered(
    client: TestClient, administrator: Person, editor: Person, worker: Worker
) -> None:
    put_card(client.app[REDIS], "one", state="busy")
    await editor.uploaded()
    await editor.uploaded()
    await worker.claim()
    found = await listed(administrator, "queues")
    transcription, enrichment = found["transcription"], found["enrichment"]
    assert (transcription["queued"], transcription["running"], transcription["held"]) == (1, 1, 0)
    assert transcription["oldest_seconds"] >= 0
    assert transcription["workers"] == {"idle": 0, "busy": 1, "stale": 0}
    assert enrichment == {
        "name": "enrichment",
        "queued": 0,
        "running": 0,
        "held": 0,
        "oldest_seconds": None,
        "delivery": {"waiting": 0, "started": 0, "failed": 0, "deferred": 0},
        "workers": {"idle": 0, "busy": 0, "stale": 0},
    }


async def test_jobs_that_are_planned_and_not_let_in_yet_are_counted(
    administrator: Person, editor: Person, worker: Worker
) -> None:
    await editor.uploaded(diarization="false")
    await worker.plan(*((float(start), start + 1.0) for start in range(40)))
    queue = (await listed(administrator, "queues"))["transcription"]
    assert queue["held"] > 0
    assert queue["held"] + queue["queued"] == 40


async def test_what_failed_is_listed_until_it_is_tried_again(
    administrator: Person, editor: Person, worker: Worker
) -> None:
    created = await editor.uploaded()
    await worker.report(await worker.claim(), "failure", **FAILURE)
    [failed] = (await (await administrator.get("/api/admin/failures")).json())["items"]
    assert (failed["transcription_id"], failed["transcription_name"]) == (created["id"], created["name"])
    assert (failed["kind"], failed["worker"], failed["error"]["code"]) == ("plan", "test-worker", "worker-fault")
    await editor.post(f"/api/transcriptions/{created['id']}/retry")
    assert (await (await administrator.get("/api/admin/failures?limit=1")).json())["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limits=1"])
async def test_a_wrong_query_is_refused(administrator: Person, query: str) -> None:
    await problem(await administrator.get(f"/api/admin/failures?{query}"), 422, "invalid-fields")


async def test_the_overview_adds_up_by_day(client: TestClient, administrator: Person, editor: Person) -> None:
    today = dt.datetime.now(dt.UTC).date()
    ids = [(await editor.uploaded())["id"] for _ in range(6)]

    def went() -> None:
        noon = dt.datetime.combine(today, dt.time(12), dt.UTC)
        for number, (days_ago, state, again) in enumerate(
            [(2, "done", False), (2, "done", False), (2, "error", False), (1, "done", True), (1, "cancelled", False)]
        ):
            begin = noon - dt.timedelta(days=days_ago)
            Transcription.update(
                state=state,
                created_at=begin,
                started_at=begin + dt.timedelta(seconds=10 * (number + 1)),
                finished_at=begin + dt.timedelta(seconds=10 * (number + 1) + 900),
                duration_seconds=1800.0,
                retried_at=begin if again else None,
            ).where(Transcription.id == ids[number]).execute()

    await client.app[DATABASE].run(went)
    found = await (await administrator.get("/api/admin/overview?days=3")).json()
    assert (found["since"], found["until"]) == ((today - dt.timedelta(days=2)).isoformat(), today.isoformat())
    first, second, third = found["days"]
    assert first == {
        "day": (today - dt.timedelta(days=2)).isoformat(),
        "done": 2,
        "failed": 1,
        "cancelled": 0,
        "failed_jobs": 0,
        "hours": 1.0,
        "waiting_seconds": {"median": 15.0, "p95": 19.5},
        "real_time_factor": {"median": 0.5, "p95": 0.5},
    }
    assert (second["done"], second["cancelled"], second["waiting_seconds"]) == (1, 1, None)
    assert (third["done"], third["hours"], third["real_time_factor"]) == (0, 0.0, None)
    assert (found["total"]["done"], found["total"]["hours"]) == (3, 1.5)
    assert found["unfinished"] == {"pending": 0, "queued": 1, "processing": 0, "transcribed": 0}


@pytest.mark.parametrize("days", ["0", "93", "x"])
async def test_the_overview_is_bounded(administrator: Person, days: str) -> None:
    await problem(await administrator.get(f"/api/admin/overview?days={days}"), 422, "invalid-fields")


async def test_the_overview_reads_an_index_and_no_more_of_it_than_its_days(client: TestClient) -> None:
    def plan() -> str:
        database.execute_sql("set local enable_seqscan = off")
        database.execute_sql("set local enable_bitmapscan = off")
        rows = database.execute_sql(
            "explain select state, created_at, started_at, retried_at, duration_seconds from transcriptions"
            " where finished_at is not null and finished_at >= now() - interval '30 days'"
        )
        return "\n".join(row[0] for row in rows.fetchall())

    said = await client.app[DATABASE].run(plan)
    assert "Index Only Scan using transcriptions_finished" in said
    assert "Index Cond: ((finished_at IS NOT NULL) AND (finished_at >=" in said or "Index Cond: (finished_at >=" in said


async def test_without_redis_workers_are_not_known(client: TestClient, administrator: Person) -> None:
    client.app[REDIS].connection_pool.disconnect()
    client.app[REDIS].connection_pool.connection_kwargs["port"] = 1
    for what in ("admin/workers", "admin/queues", "workers"):
        await problem(await administrator.get(f"/api/{what}"), 503, "dependency-down")
    assert (await administrator.get("/api/admin/overview")).status == 200


# As the first Vocalyx


async def test_the_first_vocalyx_is_answered_in_its_shape(
    client: TestClient, editor: Person, stranger: Person, administrator: Person, worker: Worker
) -> None:
    created = await editor.uploaded()
    order = await worker.claim()
    redis = client.app[REDIS]
    put_card(redis, "busy", state="busy", current_job=order["job_id"])
    put_card(redis, "idle", QueueName.ENRICHMENT, done=0, recorded_seconds=0, total_working_time=None)
    put_card(redis, "silent", silent=50)

    async def seen_by(person: Person) -> dict[str, Any]:
        answer = await person.get("/api/workers")
        assert answer.status == 200
        return await answer.json()

    found = await seen_by(editor)
    [task] = found["workers"]["busy"]
    assert task.pop("time_start") > 0
    assert task == {"id": created["id"], "name": "plan", "args": [created["id"]], "hostname": "busy"}
    assert found["transcription_workers"].keys() == {"busy"}
    assert found["enrichment_workers"] == {"idle": []}
    counts = ("worker_count", "transcription_worker_count", "enrichment_worker_count", "active_tasks")
    assert [found[name] for name in counts] == [2, 1, 1, 1]
    assert (found["transcription_active_tasks"], found["enrichment_active_tasks"]) == (1, 0)
    assert found["stats"]["busy"]["db_stats"] == {
        "total_audio_processed_s": 360.5,
        "total_processing_time_s": 61.25,
        "total_jobs_completed": 12,
    }
    assert (await seen_by(administrator))["workers"]["busy"][0]["id"] == created["id"]

    [hidden] = (await seen_by(stranger))["workers"]["busy"]
    assert (hidden["id"], hidden["args"]) == (None, [])
    assert created["id"] not in str(await seen_by(stranger))
