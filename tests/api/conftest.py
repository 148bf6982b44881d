import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientWebSocketResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from pydantic import SecretStr

from app.api.application import create_app
from app.api.keys import DATABASE
from app.core.access import Role
from app.db import accounts, projects
from app.db.tables import Project
from app.settings import Settings
from tests.api.instance import Instance, running_instance
from tests.api.silence import Silence
from tests.api.sound import tone
from tests.api.worker import Worker

PASSWORD = "a password for tests"
INTERNAL_KEY = "the internal key of the tests"

# Looked for in the environment and in files once, not for each of thousands of tests.
DEFAULTS = Settings()


@dataclass
class Person:
    """A user (or, without a name, a program with a key) and a client that speaks as it."""

    client: TestClient
    headers: dict[str, str]
    name: str = ""

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        headers = self.headers | options.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("POST", path, **options)

    async def put(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("PUT", path, **options)

    async def patch(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("DELETE", path, **options)

    async def upload(
        self, content: bytes | None = None, name: str = "tone.wav", headers: dict[str, str] | None = None, **fields: str
    ) -> ClientResponse:
        form = FormData()
        # Tests send the same tone again and again, and mean another transcription each time.
        for field, value in ({"reuse": "false"} | fields).items():
            form.add_field(field, value)
        form.add_field("file", tone() if content is None else content, filename=name)
        return await self.post("/api/transcriptions", data=form, headers=headers or {})

    async def uploaded(self, **fields: str) -> dict[str, Any]:
        answer = await self.upload(**fields)
        assert answer.status == 201, await answer.text()
        return await answer.json()

    async def read(self, transcription: str) -> dict[str, Any]:
        answer = await self.get(f"/api/transcriptions/{transcription}")
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def listen(self, **query: str) -> ClientWebSocketResponse:
        return await self.client.ws_connect("/api/ws/updates", headers=self.headers, params=query)


@pytest.fixture(autouse=True)
def _passwords_hashed_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # The same Argon2 with little work: dozens of users are made here, at half a second each on a busy machine.
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def settings(database_url: str, redis_url: str, models_dir: Path, tmp_path: Path) -> Settings:
    return DEFAULTS.model_copy(
        update={
            "database_url": SecretStr(database_url),
            "redis_url": SecretStr(redis_url),
            "uploads_dir": tmp_path / "uploads",
            "models_dir": models_dir,
            "internal_key": SecretStr(INTERNAL_KEY),
            "upload_limit": 64 * 1024 * 1024,
            "upload_reserve": 0,
            "database_connections": 4,
            "lease": 2,
            "reconcile_interval": 0.2,
            # All tests come from one address; what slows guessing has tests of its own.
            "login_attempts_by_name": 100_000,
            "login_attempts_by_address": 100_000,
            "credential_attempts_by_address": 100_000,
        }
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(settings))) as client:
        yield client


@pytest.fixture
def second_instance(client: TestClient, settings: Settings, tmp_path: Path) -> Iterator[Instance]:
    """Another API instance beside the first one, as production runs it: a process of its own under gunicorn."""
    with running_instance(settings, tmp_path / "second-instance.log") as instance:
        yield instance


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silence]:
    silence = Silence()
    monkeypatch.setattr(socket, "getaddrinfo", silence.getaddrinfo)
    yield silence
    silence.over.set()


MakePerson = Callable[..., Awaitable[Person]]


@pytest.fixture
def person(client: TestClient) -> MakePerson:
    """Make a user, logged in; with `role` a member of `project`."""

    async def make(
        name: str | None = None, *, project: str | None = None, role: Role = Role.EDITOR, administrator: bool = False
    ) -> Person:
        name = name or f"user-{uuid.uuid4().hex[:8]}"
        token = await client.app[DATABASE].run(_make, name, project, role, administrator)
        return Person(client, {"Authorization": f"Bearer {token}"}, name)

    return make


def _make(name: str, project: str | None, role: Role, administrator: bool) -> str:
    user = accounts.create_user(name, PASSWORD, administrator=administrator)
    if project is not None:
        found = Project.get_or_none(Project.name == project) or projects.create_project(project, None)
        projects.set_member(found, name, role)
    return accounts.open_session(name, user.password_hash, 3600)


@pytest.fixture
async def editor(person: MakePerson) -> Person:
    return await person("editor", project="first")


@pytest.fixture
async def owner(person: MakePerson) -> Person:
    return await person("owner", project="first", role=Role.OWNER)


@pytest.fixture
async def stranger(person: MakePerson) -> Person:
    """A user with a project of his own, and no other."""
    return await person("stranger", project="second", role=Role.OWNER)


@pytest.fixture
async def administrator(person: MakePerson) -> Person:
    return await person("administrator", administrator=True)


@pytest.fixture
def worker(client: TestClient) -> Worker:
    """A worker's side of the internal protocol."""
    return Worker(client, INTERNAL_KEY)
