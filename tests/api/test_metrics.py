"""What Prometheus reads: valid, true, bounded, for the right readers, and there whatever else is down."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, FormData
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from pydantic import SecretStr, ValidationError

from app.api.application import create_app
from app.api.contract import routes_of
from app.api.keys import REDIS
from app.api.metrics.instruments import METHODS
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.cards import put_card
from tests.api.conftest import Person
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.test_failed_parts import FAILURE
from tests.api.tus import PIECE, VERSION, metadata
from tests.api.worker import Worker


class Scrape:
    """One answer of /metrics, held against the format."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self.samples: list[Sample] = [sample for family in self.families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        found = [sample.value for sample in self.samples if (sample.name, sample.labels) == (name, labels)]
        assert len(found) < 2
        return found[0] if found else None

    def labels(self, name: str) -> list[dict[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == name]


async def scrape(client: TestClient) -> Scrape:
    answer = await client.get("/metrics")
    assert answer.status == 200, await answer.text()
    return Scrape(await answer.text())


async def scrape_until(client: TestClient, name: str, value: float, **labels: str) -> Scrape:
    """Scrape until a number is as it must become; what servers are asked for is kept for seconds."""
    async with asyncio.timeout(20):
        while (found := await scrape(client)).value(name, **labels) != value:  # noqa: ASYNC110 - as Prometheus does
            await asyncio.sleep(0.2)
    return found


async def test_the_text_is_what_prometheus_reads(client: TestClient, editor: Person) -> None:
    await editor.uploaded()
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = Scrape(await answer.text())
    names = [family.name for family in found.families]
    assert len(names) == len(set(names))
    assert all(family.documentation and family.type != "unknown" for family in found.families)
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in found.samples]
    assert len(series) == len(set(series))
    ours = [name for name in names if not name.startswith("process_")]
    assert all(re.fullmatch(r"vocalyx_[a-z_]+", name) for name in ours)
    assert not any(sample.name.endswith("_created") for sample in found.samples)


async def test_requests_are_counted_by_route_method_and_status(client: TestClient, editor: Person) -> None:
    created = await editor.uploaded()
    before = await scrape(client)
    for _ in range(3):
        await editor.read(created["id"])
    await client.get(f"/api/transcriptions/{created['id']}")  # without credentials
    after = await scrape(client)
    one = {"route": "/api/transcriptions/{id}", "method": "GET"}
    count = "vocalyx_http_requests_total"
    assert after.value(count, **one, status="200") == 3
    assert after.value(count, **one, status="401") == 1
    assert after.value("vocalyx_http_request_seconds_count", **one) == 4
    scraped = {"route": "/metrics", "method": "GET", "status": "200"}
    assert before.labels(count).count(scraped) == 0
    assert after.value(count, **scraped) == 1
    assert after.value("vocalyx_http_requests_in_progress") == 1  # this one


async def test_a_flood_of_odd_paths_and_methods_makes_no_more_series(client: TestClient, editor: Person) -> None:
    async def flood(mark: str) -> None:
        for path in (
            f"/{mark}",
            f"/api/{mark}/{mark}",
            f"/api/transcriptions/{mark}",
            f"/%2e%2e/{mark}%0a",
            f"/internal/{mark}",
        ):
            for method in ("GET", "POST", "PROPFIND", "MKCOL", "M-SEARCH"):
                answer = await editor.ask(method, path)
                assert answer.status in (400, 401, 404, 405, 415, 422), (method, path)
        await editor.get(f"/api/users?{mark}={mark}", headers={"X-HTTP-Method-Override": mark})

    await flood("first")
    before = await scrape(client)
    for number in range(5):
        await flood(f"n{number}" + "x" * number)
    after = await scrape(client)

    def series(found: Scrape) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        return {(sample.name, frozenset(sample.labels.items())) for sample in found.samples}

    # Scraping itself is counted once it was answered: the only thing that is new.
    new = {dict(labels)["route"] for _, labels in series(after) - series(before)}
    assert new == {"/metrics"}
    templates = {route.path for route in routes_of(client.app)} | {"unmatched"}
    for labels in after.labels("vocalyx_http_requests_total"):
        assert labels["route"] in templates
        assert labels["method"] in METHODS | {"other"}
        assert re.fullmatch(r"\d{3}|gone", labels["status"])


async def test_what_workers_report_becomes_counts_and_times(client: TestClient, editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(enrichment="false")
    order = await worker.claim()
    await worker.report(order, "release")
    await worker.plan((0.0, 2.0))
    metrics = {"transcribing_seconds": 1.5, "decoder_seconds": 0.75, "total_seconds": 1.75, "a_newer_part_seconds": 0.5}
    metrics |= {"sound_seconds": -1.0, "words": 12.0}
    chunk = await worker.claim()
    for _ in range(2):  # the second delivery of a result counts for nothing
        await worker.report(chunk, "result", **await worker.result_of(chunk), metrics=metrics)
    voices = await worker.claim()
    await worker.report(voices, "failure", **FAILURE | {"retryable": True})
    await worker.do_next()
    await worker.do_next()
    assert (await editor.read(created["id"]))["state"] == "done"

    found = await scrape(client)
    ended = {
        (labels["kind"], labels["ending"]): found.value("vocalyx_jobs_ended_total", **labels)
        for labels in found.labels("vocalyx_jobs_ended_total")
    }
    assert {key: number for key, number in ended.items() if number} == {
        ("plan", "handed-back"): 1,
        ("plan", "done"): 1,
        ("chunk", "done"): 1,
        ("voices", "again"): 1,
        ("voices", "done"): 1,
        ("diarization", "done"): 1,
    }
    assert found.value("vocalyx_job_seconds_sum", kind="chunk") == 1.75
    assert found.value("vocalyx_stage_seconds_sum", kind="chunk", stage="transcribing") == 1.5
    assert found.value("vocalyx_stage_seconds_sum", kind="chunk", stage="decoder") == 0.75
    assert found.value("vocalyx_stage_seconds_sum", kind="chunk", stage="other") == 0.5
    assert {"kind": "chunk", "stage": "sound"} not in found.labels("vocalyx_stage_seconds_sum")
    assert found.value("vocalyx_merge_seconds_count") == 1
    assert found.value("vocalyx_transcription_waiting_seconds_count") == 1
    assert found.value("vocalyx_real_time_factor_count") == 1
    assert found.value("vocalyx_transcribed_seconds_total") == 2.0


async def test_what_is_tried_again_is_not_timed_over_the_pause(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    created = await editor.uploaded(enrichment="false", diarization="false")
    await worker.report(await worker.claim(), "failure", **FAILURE)
    assert (await editor.read(created["id"]))["state"] == "error"
    assert (await editor.post(f"/api/transcriptions/{created['id']}/retry")).status == 200
    await worker.do_next()
    await worker.do_next()
    assert (await editor.read(created["id"]))["state"] == "done"
    found = await scrape(client)
    assert found.value("vocalyx_jobs_ended_total", kind="plan", ending="failed") == 1
    assert found.value("vocalyx_merge_seconds_count") == 1
    assert found.value("vocalyx_real_time_factor_count") == 0
    assert found.value("vocalyx_transcription_waiting_seconds_count") == 0


async def test_the_work_that_is_due_and_who_is_there_for_it(client: TestClient, editor: Person) -> None:
    redis = client.app[REDIS]
    put_card(redis, "one")
    put_card(redis, "two", state="busy")
    put_card(redis, "three", state="busy", silent=31)
    put_card(redis, "four", QueueName.ENRICHMENT, state="started")
    put_card(redis, "five", death="2026-01-02T03:04:05Z")
    redis.sadd("rq:workers:transcription", "rq:worker:gone")
    await editor.uploaded()
    await editor.uploaded()
    queue = {"queue": "transcription"}
    found = await scrape_until(client, "vocalyx_queue_depth", 2, **queue)
    assert found.value("vocalyx_jobs", kind="plan", state="queued") == 2
    assert found.value("vocalyx_transcriptions", state="queued") == 2
    assert found.value("vocalyx_queue_oldest_seconds", **queue) > 0
    assert found.value("vocalyx_queue_oldest_seconds", queue="enrichment") == 0
    workers = {
        (labels["queue"], labels["state"]): found.value("vocalyx_workers", **labels)
        for labels in found.labels("vocalyx_workers")
    }
    assert workers == {
        ("transcription", "idle"): 1,
        ("transcription", "busy"): 1,
        ("transcription", "stale"): 2,
        ("enrichment", "idle"): 1,
        ("enrichment", "busy"): 0,
        ("enrichment", "stale"): 0,
    }
    for dependency in ("postgresql", "redis", "uploads"):
        assert found.value("vocalyx_up", dependency=dependency) == 1
    assert found.value("vocalyx_database_connections") == 4
    assert 0 < found.value("vocalyx_uploads_free_bytes") <= found.value("vocalyx_uploads_size_bytes")
    await scrape_until(client, "vocalyx_events_behind", 0)


async def test_listeners_and_uploads_are_counted_while_they_last(client: TestClient, editor: Person) -> None:
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield tone()[:1000]
        await go_on.wait()
        yield tone()[1000:]

    form = FormData()
    # The same recording comes in pieces, too: whichever is here first would answer for the other one.
    form.add_field("reuse", "false")
    form.add_field("file", slowly(), filename="tone.wav", content_type="audio/wav")
    headers = VERSION | {"Upload-Length": str(len(tone())), "Upload-Metadata": metadata(filename="tone.wav")}
    upload = (await editor.post("/api/uploads", headers=headers)).headers["Location"]
    async with await editor.listen() as listening:
        await listening.receive_json(timeout=10)
        sending = [
            asyncio.create_task(editor.post("/api/transcriptions", data=form)),
            asyncio.create_task(editor.patch(upload, data=slowly(), headers=PIECE | {"Upload-Offset": "0"})),
        ]
        await scrape_until(client, "vocalyx_uploads_in_flight", 1, way="form")
        found = await scrape_until(client, "vocalyx_uploads_in_flight", 1, way="pieces")
        assert found.value("vocalyx_listeners") == 1
        go_on.set()
        assert [(await each).status for each in sending] == [201, 204]
    for way in ("form", "pieces"):
        await scrape_until(client, "vocalyx_uploads_in_flight", 0, way=way)
    await scrape_until(client, "vocalyx_listeners", 0)
    listened = {"route": "/api/ws/updates", "method": "GET"}
    found = await scrape_until(client, "vocalyx_http_requests_total", 1, **listened, status="gone")
    assert listened not in found.labels("vocalyx_http_request_seconds_count")


# Who may read


@asynccontextmanager
async def serving(settings: Settings, **changes: Any) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(settings.model_copy(update=changes)))) as client:
        yield client


async def asked(client: TestClient, **headers: str) -> ClientResponse:
    return await client.get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})


async def test_where_there_is_a_token_everybody_needs_it(settings: Settings) -> None:
    async with serving(settings, metrics_token=SecretStr("of the operator")) as client:
        assert (await asked(client, Authorization="Bearer of the operator")).status == 200
        for wrong in ("Bearer of the operato", "Bearer ", "Basic of the operator", "of the operator"):
            await problem(await asked(client, Authorization=wrong), 401, "not-authenticated")
        answer = await asked(client)
        body = await problem(answer, 401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "VOCALYX_METRICS_TOKEN" in body["remedy"]


async def test_a_login_is_no_token_for_metrics(settings: Settings) -> None:
    async with serving(settings, metrics_token=SecretStr("of the operator")) as client:
        await problem(
            await asked(client, Authorization="Bearer x", X_API_Key="of the operator"), 401, "not-authenticated"
        )


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_nobody_behind_a_proxy_is_near(client: TestClient, header: str) -> None:
    answer = await client.get("/metrics", headers={header: "127.0.0.1"})
    await problem(answer, 401, "not-authenticated")


@pytest.mark.parametrize(("networks", "status"), [("10.0.0.0/8", 401), ("", 401), ("10.0.0.0/8, 127.0.0.1", 200)])
async def test_other_addresses_are_given_nothing(settings: Settings, networks: str, status: int) -> None:
    async with serving(settings, metrics_networks=networks) as client:
        assert (await asked(client)).status == status


def test_a_setting_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"10\.0\.0\.0/33"):
        Settings(metrics_networks="127.0.0.1, 10.0.0.0/33")


# Whatever is down


@pytest.fixture
def black_hole() -> Iterator[socket.socket]:
    """A port where connections are taken and nothing is ever answered, until it is closed."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server


@pytest.mark.parametrize("way", ["refused", "silent"])
async def test_a_scrape_waits_for_no_redis(settings: Settings, black_hole: socket.socket, way: str) -> None:
    port = 1 if way == "refused" else black_hole.getsockname()[1]
    async with serving(settings, redis_url=SecretStr(f"redis://127.0.0.1:{port}/0")) as client:
        for _ in range(2):
            begun = time.monotonic()
            found = await scrape(client)
            assert time.monotonic() - begun < 4
            assert found.value("vocalyx_up", dependency="redis") == 0
            assert found.value("vocalyx_up", dependency="postgresql") == 1
            assert found.labels("vocalyx_queue_depth") == found.labels("vocalyx_workers") == []
            assert found.labels("vocalyx_jobs")
        black_hole.close()  # or the threads that wait for an answer would be waited for


@pytest.mark.parametrize("way", ["refused", "silent"])
async def test_a_scrape_waits_for_no_postgresql(settings: Settings, black_hole: socket.socket, way: str) -> None:
    port = 1 if way == "refused" else black_hole.getsockname()[1]
    url = SecretStr(f"postgresql://nobody@127.0.0.1:{port}/nothing?connect_timeout=2")
    async with serving(settings, database_url=url) as client:
        begun = time.monotonic()
        found = await scrape(client)
        assert time.monotonic() - begun < 4
        assert found.value("vocalyx_up", dependency="postgresql") == 0
        assert found.value("vocalyx_up", dependency="redis") == 1
        assert found.labels("vocalyx_jobs") == found.labels("vocalyx_events_behind") == []
        assert found.labels("vocalyx_queue_depth")
        black_hole.close()


async def test_scrapes_at_once_ask_once(client: TestClient, editor: Person) -> None:
    await editor.uploaded()
    async with ClientSession(str(client.make_url("/"))) as session:

        async def one() -> float:
            async with session.get("/metrics") as answer:
                return Scrape(await answer.text()).value("vocalyx_jobs", kind="plan", state="queued") or 0

        assert await asyncio.gather(*(one() for _ in range(50))) == [1] * 50
