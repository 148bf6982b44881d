"""Guessing is slowed, nobody is told whether a name exists, and nobody is locked out for good."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.api.application import create_app
from app.api.keys import DATABASE
from app.db import accounts
from app.settings import Settings
from app.standalone import leash
from app.standalone.state import free_port
from app.standalone.valkey import ValkeyServer
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import problem
from tests.servers import running

BY_NAME, BY_ADDRESS, BY_CREDENTIALS = 3, 8, 5
PREFIX = "vocalyx:attempts:*"
WRONG = "wrong"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small numbers, an hour long: what is counted in a test does not run out while it runs, however slow the machine."""
    numbers = {
        "attempts_window": 3600,
        "login_attempts_by_name": BY_NAME,
        "login_attempts_by_address": BY_ADDRESS,
        "credential_attempts_by_address": BY_CREDENTIALS,
        "trusted_proxies": "127.0.0.1",
    }
    return settings.model_copy(update=numbers)


async def guess(client: TestClient, name: str, password: str = WRONG, address: str | None = None) -> ClientResponse:
    headers = {"X-Forwarded-For": address} if address else {}
    return await client.post("/api/auth/token", json={"username": name, "password": password}, headers=headers)


async def held_up(answer: ClientResponse) -> int:
    """Hold an answer against what a refusal to judge looks like, and return for how long."""
    await problem(answer, 429, "too-many-attempts")
    return int(answer.headers["Retry-After"])


def windows_are_over(redis_url: str) -> None:
    """Let the server's clock have gone on: what is counted is forgotten, as at its end."""
    with redis.Redis.from_url(redis_url) as server:
        for key in server.keys(PREFIX):
            server.delete(key)


@pytest.mark.parametrize("name", ["anna", "nobody"])
async def test_a_name_has_a_few_guesses_whether_or_not_it_exists(
    client: TestClient, person: MakePerson, redis_url: str, name: str
) -> None:
    await person("anna")
    for number in range(BY_NAME):
        await problem(await guess(client, name, address=f"203.0.113.{number}"), 401, "wrong-credentials")
    wait = await held_up(await guess(client, name, address="203.0.113.99"))
    assert 3590 <= wait <= 3601
    # The right password waits too, or the wait would tell which one it is.
    await held_up(await guess(client, name, PASSWORD, address="203.0.113.98"))
    windows_are_over(redis_url)
    status = {"anna": 200, "nobody": 401}[name]
    assert (await guess(client, name, PASSWORD)).status == status


async def test_refusals_are_the_same_for_known_and_unknown_names(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    told = []
    for name in ("anna", "nobody"):
        answers = [await guess(client, name, address=f"203.0.113.{number}") for number in range(BY_NAME + 2)]
        bodies = [await answer.json(content_type=None) for answer in answers]
        for body in bodies:
            del body["request_id"]
        told.append((bodies, [sorted(answer.headers) for answer in answers]))
    assert told[0] == told[1]


async def test_other_names_go_on(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    await person("ben")
    for _ in range(BY_NAME + 1):
        await guess(client, "anna")
    assert (await guess(client, "ben", PASSWORD)).status == 200


async def test_a_success_forgets_the_failures_of_its_name(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    for number in range(4):
        for _ in range(BY_NAME - 1):
            await problem(await guess(client, "anna", address=f"203.0.113.{number}"), 401, "wrong-credentials")
        assert (await guess(client, "anna", PASSWORD, address=f"203.0.113.{number}")).status == 200


async def test_an_address_has_more_guesses_over_all_names(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    for number in range(BY_ADDRESS):
        await problem(await guess(client, f"name-{number}"), 401, "wrong-credentials")
    await held_up(await guess(client, "anna", PASSWORD))
    assert (await guess(client, "anna", PASSWORD, address=ELSEWHERE)).status == 200


async def test_what_waits_for_its_name_holds_up_nobody_else_at_its_address(
    client: TestClient, person: MakePerson
) -> None:
    await person("anna")
    for _ in range(BY_NAME):
        await problem(await guess(client, "forgotten"), 401, "wrong-credentials")
    for _ in range(BY_ADDRESS + 1 - BY_NAME):
        await held_up(await guess(client, "forgotten"))
    assert (await guess(client, "anna", PASSWORD)).status == 200
    # What was judged still counts, so that guesses at many names are slowed.
    for number in range(BY_ADDRESS - BY_NAME):
        await problem(await guess(client, f"name-{number}"), 401, "wrong-credentials")
    await held_up(await guess(client, "anna", PASSWORD))


async def test_successes_of_an_address_do_not_count(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    for _ in range(BY_ADDRESS + 3):
        assert (await guess(client, "anna", PASSWORD)).status == 200


async def test_what_was_not_judged_does_not_count(
    client: TestClient, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person("anna")
    with monkeypatch.context() as broken:
        broken.setattr(accounts, "verify_password", lambda *_: 1 / 0)
        for _ in range(BY_ADDRESS + 1):
            await problem(await guess(client, "anna"), 500, "internal-error")
    for bad in ({}, {"username": "anna"}, {"username": "", "password": ""}):
        for _ in range(BY_NAME):
            assert (await client.post("/api/auth/token", json=bad)).status == 422
    for _ in range(BY_NAME):
        await problem(await guess(client, "anna"), 401, "wrong-credentials")
    await held_up(await guess(client, "anna"))


async def test_guesses_at_once_are_no_more_than_one_after_another(client: TestClient, person: MakePerson) -> None:
    await person("anna")
    answers = await asyncio.gather(*(guess(client, "anna", address=f"203.0.113.{n}") for n in range(30)))
    assert sorted(answer.status for answer in answers) == [401] * BY_NAME + [429] * (30 - BY_NAME)


async def test_a_window_ends_by_itself_after_what_was_told(
    settings: Settings, client: TestClient, person: MakePerson
) -> None:
    await person("anna")
    short = settings.model_copy(update={"attempts_window": 1})
    # Its own server of the same database: a process has one database open, so the first one ends before.
    await client.close()
    async with TestClient(TestServer(create_app(short))) as another:
        # However slow this is, one of so many is held up before the second is over.
        answers = await asyncio.gather(*(guess(another, "anna") for _ in range(BY_NAME + 3)))
        waits = [int(answer.headers["Retry-After"]) for answer in answers if answer.status == 429]
        assert waits
        assert max(waits) <= 2
        await asyncio.sleep(max(waits))
        assert (await guess(another, "anna", PASSWORD)).status == 200


async def test_a_client_cannot_hide_behind_a_header(settings: Settings, client: TestClient) -> None:
    await client.close()
    untrusting = settings.model_copy(update={"trusted_proxies": ""})
    async with TestClient(TestServer(create_app(untrusting))) as another:
        for number in range(BY_ADDRESS):
            await problem(
                await guess(another, f"name-{number}", address=f"203.0.113.{number}"), 401, "wrong-credentials"
            )
        await held_up(await guess(another, "another", address="203.0.113.200"))


async def test_an_old_password_is_guessed_no_faster(client: TestClient, person: MakePerson, redis_url: str) -> None:
    anna = await person("anna")
    change = {"old_password": "wrong", "new_password": "quite another password"}
    for _ in range(BY_NAME):
        await problem(await anna.put("/api/auth/password", json=change), 422, "wrong-password")
    await held_up(await anna.put("/api/auth/password", json=change | {"old_password": PASSWORD}))
    await held_up(await guess(client, "anna", PASSWORD))
    # Who is in stays in.
    assert (await anna.get("/api/auth/me")).status == 200
    windows_are_over(redis_url)
    assert (await anna.put("/api/auth/password", json=change | {"old_password": PASSWORD})).status == 204


WORTHLESS = [{"X-API-Key": "vx_nonsense"}, {"Authorization": "Bearer nonsense"}, {"X-API-Key": "vx_é"}]


@pytest.mark.parametrize("headers", WORTHLESS)
async def test_unknown_credentials_are_counted_by_address(
    client: TestClient, editor: Person, headers: dict[str, str]
) -> None:
    for number in range(BY_CREDENTIALS):
        path = ("/api/projects", "/api/nothing", "/api/ws/updates")[number % 3]
        await problem(await client.get(path, headers=headers), 401, "not-authenticated")
    await held_up(await client.get("/api/projects", headers=headers))
    openai = await client.get("/v1/models", headers={"Authorization": "Bearer sk-nonsense"})
    assert (openai.status, (await openai.json())["error"]["type"]) == (429, "rate_limit_error")
    assert int(openai.headers["Retry-After"]) > 0
    async with client.ws_connect("/api/ws/updates") as socket:
        await socket.send_json({"type": "authenticate", "token": "nonsense"})
        await socket.receive(timeout=10)
        assert socket.close_code == 1013
    # Neighbours behind the same address are not held up, nor are other addresses, nor is who sends nothing.
    assert (await editor.get("/api/projects")).status == 200
    elsewhere = headers | {"X-Forwarded-For": ELSEWHERE}
    await problem(await client.get("/api/projects", headers=elsewhere), 401, "not-authenticated")
    await problem(await client.get("/api/projects"), 401, "not-authenticated")
    assert (await guess(client, "editor", PASSWORD)).status == 200


async def test_nothing_that_was_typed_is_kept(
    client: TestClient, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="app"):
        for _ in range(BY_NAME + 1):
            await guess(client, "a password in the wrong field", "another secret")
        await client.get("/api/projects", headers={"X-API-Key": "vx_secret"})
    with redis.Redis.from_url(redis_url) as server:
        kept = repr([(key, server.ttl(key)) for key in server.keys(PREFIX)])
        assert kept.count("vocalyx:attempts") == 3
        assert all(0 < server.ttl(key) <= 3600 for key in server.keys(PREFIX))
    said = caplog.text
    assert "too many failed attempts" in said
    for secret in ("wrong field", "another secret", "vx_secret"):
        assert secret not in kept
        assert secret not in said


@pytest.mark.parametrize("name", ["x" * 200, "a/b:c*", "\u2028", "é" * 200, "%00"])
async def test_a_name_of_any_shape_is_counted(client: TestClient, name: str) -> None:
    for _ in range(BY_NAME):
        await problem(await guess(client, name), 401, "wrong-credentials")
    await held_up(await guess(client, name))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[ValkeyServer, ExitStack]]:
    """A Redis that can be turned off: what it has is closed with the stack."""
    server = ValkeyServer(data=tmp_path / "valkey", port=free_port(), password="tests", durable=False)
    server.initialise()
    with ExitStack() as on:
        on.enter_context(
            running._running(
                leash.command(server.command()), tmp_path / "valkey.log", server.is_ready, server.STOP_SIGNAL
            )
        )
        yield server, on


@asynccontextmanager
async def _served(settings: Settings, **update: Any) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(settings.model_copy(update=update)))) as client:
        await client.app[DATABASE].run(accounts.create_user, "anna", PASSWORD)
        yield client


async def test_without_redis_nobody_is_locked_out_and_the_gate_is_guarded(
    settings: Settings, own_redis: tuple[ValkeyServer, ExitStack], caplog: pytest.LogCaptureFixture
) -> None:
    server, on = own_redis
    async with _served(settings, redis_url=SecretStr(server.url())) as client:
        assert (await guess(client, "anna", PASSWORD)).status == 200
        await asyncio.to_thread(on.close)
        assert (await guess(client, "anna", PASSWORD)).status == 200
        for _ in range(BY_NAME):
            await problem(await guess(client, "anna"), 401, "wrong-credentials")
        assert 3590 <= await held_up(await guess(client, "anna", PASSWORD)) <= 3601
        for _ in range(BY_CREDENTIALS):
            answer = await client.get("/api/projects", headers={"X-API-Key": "vx_nonsense"})
            await problem(answer, 401, "not-authenticated")
        await held_up(await client.get("/api/projects", headers={"X-API-Key": "vx_nonsense"}))
    said = [record.getMessage() for record in caplog.records if record.name == "app.api.credentials.attempts"]
    assert len([line for line in said if "for itself alone" in line]) == 1
    assert "tests" not in "".join(said)
