from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestClient
from pydantic import SecretStr

from app.api.keys import DATABASE
from app.core.audit import Action
from app.db import audit
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.oidc.browser import Browser
from tests.api.oidc.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider_before, running_server

PUBLIC_URL = "http://localhost:8000"


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """The address of the real server."""
    with running_server() as url:
        yield url


@pytest.fixture
async def provider(upstream: str) -> AsyncIterator[Provider]:
    async with provider_before(upstream) as provider:
        yield provider


@pytest.fixture
def oidc_settings() -> dict[str, Any]:
    """What a test sets besides."""
    return {}


@pytest.fixture
def settings(settings: Settings, provider: Provider, oidc_settings: dict[str, Any]) -> Settings:
    configured = {
        "public_url": PUBLIC_URL,
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
    }
    return settings.model_copy(update=configured | oidc_settings)


@pytest.fixture
async def new_browser(client: TestClient) -> AsyncIterator[Callable[[], Any]]:
    async with AsyncExitStack() as stack:

        async def make() -> Browser:
            session = await stack.enter_async_context(ClientSession(cookie_jar=CookieJar(unsafe=True)))
            return Browser(client, session)

        yield make


@pytest.fixture
async def browser(new_browser: Callable[[], Any]) -> Browser:
    return await new_browser()


@pytest.fixture
def logged_in(client: TestClient) -> Callable[[ClientResponse], Any]:
    """Take the token out of an answer; gives what the API says of whoever has it."""

    async def take(answer: ClientResponse) -> tuple[Person, dict[str, Any]]:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        body = await answer.json()
        assert (body["token_type"], body["expires_in"]) == ("bearer", 12 * 3600)
        person = Person(client, {"Authorization": f"Bearer {body['access_token']}"})
        return person, await (await person.get("/api/auth/me")).json()

    return take


@pytest.fixture
def audited(client: TestClient) -> Callable[..., Any]:
    """Give the entries of an action, the newest first."""

    async def entries(*actions: Action) -> list[dict[str, Any]]:
        page = await client.app[DATABASE].run(audit.page, audit.Narrowed(actions))
        return page.items

    return entries
