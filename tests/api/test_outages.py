"""PostgreSQL and Redis go away and come back, under an instance that stays."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.api.application import create_app
from app.db.migrate import migrate
from app.settings import Settings
from app.standalone import leash
from app.standalone.postgres import PostgresServer
from app.standalone.state import free_port
from app.standalone.valkey import ValkeyServer
from tests.api.conftest import INTERNAL_KEY, MakePerson
from tests.api.leftovers import files_of
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.servers import running


@dataclass
class Switch:
    """A server that can be turned off and on again, with its data or, for Redis, without."""

    server: PostgresServer | ValkeyServer
    folder: Path
    _on: ExitStack = field(default_factory=ExitStack)

    def turn_on(self) -> None:
        command = leash.command(
            self.server.command(), shed_root=isinstance(self.server, PostgresServer) and leash.runs_as_root()
        )
        log = self.folder / f"{type(self.server).__name__}.log"
        self._on.enter_context(running._running(command, log, self.server.is_ready, self.server.STOP_SIGNAL))

    def turn_off(self) -> None:
        self._on.close()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it give neither answer nor error, as one does to which no packet passes."""
        [postmaster, *_] = (self.server.data / "postmaster.pid").read_text().split()
        process = psutil.Process(int(postmaster))
        stopped = [process, *process.children(recursive=True)]
        for one in stopped:
            one.suspend()
        try:
            yield
        finally:
            for one in stopped:
                one.resume()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Switch]:
    server = PostgresServer(data=tmp_path / "postgres", port=free_port(), password="tests", durable=False)
    server.initialise()
    switch = Switch(server, tmp_path)
    switch.turn_on()
    server.ensure_database()
    migrate(server.url())
    yield switch
    switch.turn_off()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Switch]:
    server = ValkeyServer(data=tmp_path / "valkey", port=free_port(), password="tests", durable=False)
    server.initialise()
    switch = Switch(server, tmp_path)
    switch.turn_on()
    yield switch
    switch.turn_off()


@pytest.fixture
async def client(own_postgres: Switch, own_redis: Switch, settings: Settings) -> AsyncIterator[TestClient]:
    own = {
        "database_url": SecretStr(own_postgres.server.url()),
        "redis_url": SecretStr(own_redis.server.url()),
    }
    async with TestClient(TestServer(create_app(settings.model_copy(update=own)))) as client:
        yield client


async def readiness(client: TestClient) -> tuple[int, list[str]]:
    answer = await client.get("/health/ready")
    body = await answer.json()
    assert (body["status"] == "ready") is (answer.status == 200)
    assert set(body["checks"]) == {"postgresql", "redis", "uploads"}
    return answer.status, body["down"]


async def until_ready(client: TestClient) -> None:
    async with asyncio.timeout(20):
        while await readiness(client) != (200, []):  # noqa: ASYNC110 - readiness is asked for, not told
            await asyncio.sleep(0.1)


async def test_postgresql_goes_and_comes_back(client: TestClient, own_postgres: Switch, person: MakePerson) -> None:
    anna = await person("anna", project="first")
    before = await anna.uploaded()
    worker = Worker(client, INTERNAL_KEY)
    running = await worker.claim()
    assert await readiness(client) == (200, [])
    listener = await anna.listen()
    cursor = (await listener.receive_json())["cursor"]

    await asyncio.to_thread(own_postgres.turn_off)
    assert await readiness(client) == (503, ["postgresql"])
    assert (await client.get("/health/live")).status == 200
    refused: list[Any] = [
        await anna.get("/api/transcriptions"),
        await anna.upload(),
        await client.post("/api/auth/token", data={"username": "anna", "password": "x"}),
    ]
    for answer in refused:
        body = await problem(answer, 503, "dependency-down")
        assert "PostgreSQL" in body["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    assert (await worker.report(running, "heartbeat"))[0] == 503
    # Longer than a lease: the worker lives, but cannot say so.
    await asyncio.sleep(2.5)

    await asyncio.to_thread(own_postgres.turn_on)
    await until_ready(client)
    assert (await worker.report(running, "heartbeat"))[0] == 200
    status, answer = await worker.report(running, "result", **await worker.result_of(running))
    assert (status, answer) == (200, {"accepted": True})
    after = await anna.uploaded()
    async with await anna.listen(after=cursor) as again:
        seen: set[str] = set()
        async with asyncio.timeout(15):
            while seen != {before["id"], after["id"]}:
                seen.add((await again.receive_json())["transcription"]["id"])
    await listener.close()
    assert len(files_of(client)) == 2


async def test_while_postgresql_hangs_whoever_comes_is_told_so_at_once(
    client: TestClient, own_postgres: Switch, person: MakePerson
) -> None:
    anna = await person("anna", project="first")
    sent = await anna.uploaded()
    with own_postgres.frozen():
        # It is asked before anybody knows, and waits no longer than until then.
        waiting = asyncio.create_task(anna.get(f"/api/transcriptions/{sent['id']}"))
        async with asyncio.timeout(20):
            while await readiness(client) != (503, ["postgresql"]):
                pass
        # Sooner than TCP gives up, and with more than there are threads: nobody waits behind those that do.
        async with asyncio.timeout(8):
            refused = await asyncio.gather(
                waiting, *(anna.get("/api/transcriptions") for _ in range(20)), anna.upload()
            )
        for answer in refused:
            await problem(answer, 503, "dependency-down")
            assert int(answer.headers["Retry-After"]) > 0
    await until_ready(client)
    assert (await anna.get("/api/transcriptions")).status == 200
    assert len(files_of(client)) == 1


async def test_redis_goes_and_comes_back_empty(client: TestClient, own_redis: Switch, person: MakePerson) -> None:
    anna = await person("anna", project="first")
    worker = Worker(client, INTERNAL_KEY)
    async with await anna.listen() as listener:
        await listener.receive_json()
        await asyncio.to_thread(own_redis.turn_off)
        assert await readiness(client) == (503, ["redis"])
        async with asyncio.timeout(10):
            created = await anna.uploaded(diarization="false", enrichment="false")
            told = await listener.receive_json()
        assert told["transcription"]["id"] == created["id"]

        await asyncio.to_thread(own_redis.turn_on)
        await until_ready(client)
        await worker.plan((0.0, 1.0))
        await worker.do_next()
        async with asyncio.timeout(15):
            while told["transcription"]["state"] != "done":
                told = await listener.receive_json()


async def test_an_instance_whose_passwords_hold_no_longer_does_what_it_can(
    client: TestClient, own_postgres: Switch, own_redis: Switch, person: MakePerson, tmp_path: Path
) -> None:
    anna = await person("anna", project="first")
    # PostgreSQL asks for it where a connection begins: those that there are go on.
    with closing(psycopg2.connect(own_postgres.server.url())) as connection, connection, connection.cursor() as cursor:
        cursor.execute("alter user current_user password 'another'")
    assert await readiness(client) == (200, [])
    assert (await anna.get("/api/transcriptions")).status == 200

    another = Switch(replace(own_redis.server, password="another"), tmp_path)
    await asyncio.to_thread(own_redis.turn_off)
    another.server.initialise()
    await asyncio.to_thread(another.turn_on)
    try:
        assert await readiness(client) == (503, ["redis"])
        async with asyncio.timeout(10):
            created = await anna.uploaded(diarization="false", enrichment="false")
        assert (await anna.get(f"/api/transcriptions/{created['id']}")).status == 200
    finally:
        await asyncio.to_thread(another.turn_off)


async def test_an_upload_during_which_postgresql_dies_leaves_nothing_and_succeeds_again(
    client: TestClient, own_postgres: Switch, person: MakePerson
) -> None:
    anna = await person("anna", project="first")
    key = {"Idempotency-Key": "once"}
    content = tone(2.0)
    gate = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + content[:1000]
        await gate.wait()
        yield content[1000:] + b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"} | key
    sending = asyncio.create_task(anna.post("/api/transcriptions", data=slowly(), headers=headers))
    async with asyncio.timeout(10):
        while not files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    await asyncio.to_thread(own_postgres.turn_off)
    gate.set()
    await problem(await sending, 503, "dependency-down")
    assert files_of(client) == []
    await asyncio.to_thread(own_postgres.turn_on)
    await until_ready(client)
    assert (await anna.upload(content, headers=key)).status == 201
    assert len(files_of(client)) == 1


async def test_an_instance_that_starts_before_its_servers_finds_them_later(
    own_postgres: Switch, own_redis: Switch, settings: Settings
) -> None:
    own_postgres.turn_off()
    own_redis.turn_off()
    own = {
        "database_url": SecretStr(own_postgres.server.url()),
        "redis_url": SecretStr(own_redis.server.url()),
    }
    async with TestClient(TestServer(create_app(settings.model_copy(update=own)))) as client:
        assert await readiness(client) == (503, ["postgresql", "redis"])
        await asyncio.to_thread(own_postgres.turn_on)
        await asyncio.to_thread(own_redis.turn_on)
        await until_ready(client)
