"""The login of the page: a cookie that no script reads, and that no page from elsewhere can use."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, DummyCookieJar, WSServerHandshakeError
from aiohttp.test_utils import TestClient

from app.api.credentials.session_cookie import NAME
from app.settings import Settings
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import problem


class Tab:
    """A browser's tab: its cookie, and what it says of the page that asks."""

    def __init__(self, client: TestClient, session: ClientSession, token: str) -> None:
        self.client, self.session, self.token = client, session, token

    @property
    def here(self) -> str:
        return str(self.client.make_url("")).rstrip("/")

    async def ask(self, method: str, path: str, **headers: str) -> ClientResponse:
        sent = {"Cookie": f"{NAME}={self.token}"} | headers
        return await self.session.request(method, self.here + path, headers=sent, allow_redirects=False)


def cookie_of(answer: ClientResponse) -> tuple[str, set[str]]:
    """Return the value of the login's cookie, and what is said about it."""
    [line] = answer.headers.getall("Set-Cookie")
    pair, *rest = line.split("; ")
    name, _, value = pair.partition("=")
    assert name == NAME
    return value, set(rest)


@pytest.fixture
def public_url() -> str:
    return ""


@pytest.fixture
def settings(settings: Settings, public_url: str) -> Settings:
    return settings.model_copy(update={"public_url": public_url})


# A proxy before the API speaks TLS, and the operator has said so.
BEHIND_TLS = pytest.mark.parametrize("public_url", ["https://vocalyx.example.org"])


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield session


async def _log_in(client: TestClient, session: ClientSession, name: str, **headers: str) -> ClientResponse:
    login = {"username": name, "password": PASSWORD}
    return await session.post(client.make_url("/api/auth/session"), json=login, headers=headers)


@pytest.fixture
async def tab(client: TestClient, session: ClientSession, owner: Person) -> Tab:
    answer = await _log_in(client, session, owner.name)
    assert answer.status == 204, await answer.text()
    value, _ = cookie_of(answer)
    return Tab(client, session, value)


ELSEWHERE: list[dict[str, str]] = [
    {"Origin": "https://evil.example.org"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://["},
    {"Origin": "https://[::1"},
    {"Origin": "http://127.0.0.1.evil.example.org"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    # The origin says it, whatever else is said.
    {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "same-origin"},
]


async def projects(tab: Tab) -> list[Any]:
    return (await (await tab.ask("GET", "/api/projects")).json())["items"]


async def test_the_cookie_counts_in_what_our_own_page_asks(tab: Tab, owner: Person) -> None:
    me = await (await tab.ask("GET", "/api/auth/me")).json()
    assert me["name"] == owner.name
    before = await projects(tab)
    for said in ({"Origin": tab.here}, {"Sec-Fetch-Site": "same-origin"}):
        # A change with nothing in it is refused for that, and no longer for where it comes from.
        assert (await tab.ask("POST", "/api/projects", **said)).status == 400
    assert await projects(tab) == before


@pytest.mark.parametrize("said", ELSEWHERE)
async def test_a_page_from_elsewhere_can_change_nothing(tab: Tab, said: dict[str, str]) -> None:
    [project] = await projects(tab)
    for method, path in (
        ("POST", "/api/projects"),
        ("PATCH", f"/api/projects/{project['id']}"),
        ("PUT", "/api/auth/password"),
        ("DELETE", f"/api/projects/{project['id']}"),
        ("DELETE", "/api/auth/sessions"),
        ("DELETE", "/api/auth/session"),
    ):
        answer = await tab.ask(method, path, **said)
        await problem(answer, 403, "cross-site-request")
    assert await projects(tab) == [project]


async def test_a_change_has_to_say_where_it_comes_from(tab: Tab) -> None:
    answer = await tab.ask("POST", "/api/projects")
    await problem(answer, 403, "cross-site-request")


@pytest.mark.parametrize("said", [*ELSEWHERE, {}])
async def test_a_page_from_elsewhere_cannot_listen(tab: Tab, said: dict[str, str]) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await tab.session.ws_connect(f"{tab.here}/api/ws/updates", headers={"Cookie": f"{NAME}={tab.token}"} | said)
    assert refused.value.status == 403


async def test_our_own_page_listens(tab: Tab) -> None:
    headers = {"Cookie": f"{NAME}={tab.token}", "Origin": tab.here}
    async with tab.session.ws_connect(f"{tab.here}/api/ws/updates", headers=headers) as socket:
        assert (await socket.receive_json())["type"] == "snapshot"


@pytest.mark.parametrize("said", ELSEWHERE)
async def test_nobody_is_logged_in_from_elsewhere(
    client: TestClient, session: ClientSession, editor: Person, said: dict[str, str]
) -> None:
    answer = await _log_in(client, session, editor.name, **said)
    await problem(answer, 403, "cross-site-request")
    assert "Set-Cookie" not in answer.headers


async def test_no_script_reads_the_cookie(client: TestClient, session: ClientSession, editor: Person) -> None:
    answer = await _log_in(client, session, editor.name)
    assert await answer.read() == b""
    value, said = cookie_of(answer)
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= said
    assert "Secure" not in said
    # It is a login like any other: the list has it, and not its token.
    sessions = await (await Tab(client, session, value).ask("GET", "/api/auth/sessions")).json()
    assert [one["current"] for one in sessions["items"]].count(True) == 1
    assert value not in str(sessions)


@BEHIND_TLS
async def test_where_there_is_tls_the_cookie_goes_nowhere_else(
    client: TestClient, session: ClientSession, editor: Person
) -> None:
    answer = await _log_in(client, session, editor.name, Origin="https://vocalyx.example.org")
    value, said = cookie_of(answer)
    assert "Secure" in said
    ended = await Tab(client, session, value).ask("DELETE", "/api/auth/session", Origin="https://vocalyx.example.org")
    _, said = cookie_of(ended)
    assert {"Secure", "Max-Age=0"} <= said


@BEHIND_TLS
@pytest.mark.parametrize("origin", ["http://vocalyx.example.org", "https://vocalyx.example.org:8443"])
async def test_where_there_is_tls_a_page_without_it_is_another(tab: Tab, origin: str) -> None:
    await problem(await tab.ask("POST", "/api/projects", Origin=origin), 403, "cross-site-request")


async def test_a_bearer_token_and_a_key_go_before_the_cookie(tab: Tab, person: MakePerson, editor: Person) -> None:
    other = await person("another")
    me = await tab.ask("GET", "/api/auth/me", **other.headers)
    assert (await me.json())["name"] == "another"
    # What a program proves by itself needs no page: nothing is asked of where it comes from.
    assert (await tab.ask("POST", "/api/projects", **other.headers)).status == 400
    assert (await tab.ask("GET", "/api/auth/me", Authorization="Bearer wrong")).status == 401
    assert (await tab.ask("GET", "/api/auth/me", **{"X-API-Key": "vx_wrong"})).status == 401


async def test_logging_out_ends_the_login_and_the_cookie(tab: Tab) -> None:
    ended = await tab.ask("DELETE", "/api/auth/session", Origin=tab.here)
    assert ended.status == 204
    value, said = cookie_of(ended)
    assert (value.strip('"'), "Max-Age=0" in said) == ("", True)
    assert (await tab.ask("GET", "/api/auth/me")).status == 401


async def test_how_one_can_log_in_is_told_to_everybody(client: TestClient) -> None:
    answer = await client.get("/api/auth/ways")
    assert await answer.json() == {"password": True, "provider": None}
