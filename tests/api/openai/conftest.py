from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from openai import AsyncOpenAI

from tests.api.conftest import Person

MakeClient = Callable[..., AsyncOpenAI]


@pytest.fixture
async def project(owner: Person) -> str:
    (item,) = (await (await owner.get("/api/projects")).json())["items"]
    return item["id"]


@pytest.fixture
def key_of(owner: Person, project: str) -> Callable[[str], Awaitable[str]]:
    """Make an API key of the first project, in a role."""

    async def make(role: str) -> str:
        made = await owner.post(f"/api/projects/{project}/keys", json={"name": role, "role": role})
        return (await made.json())["key"]

    return make


@pytest.fixture
async def make_openai(client: TestClient) -> AsyncIterator[MakeClient]:
    """Make OpenAI's own client, which knows nothing of us but an address and a secret."""
    made = []

    def make(secret: str, **options: Any) -> AsyncOpenAI:
        made.append(AsyncOpenAI(api_key=secret, base_url=str(client.make_url("/v1")), **{"max_retries": 0} | options))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
async def openai(make_openai: MakeClient, key_of: Callable[[str], Awaitable[str]]) -> AsyncOpenAI:
    """OpenAI's client with an editor's API key."""
    return make_openai(await key_of("editor"))
