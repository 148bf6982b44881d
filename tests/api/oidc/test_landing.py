"""Logins by a provider that end on a page of the site, as a dashboard wants them."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db import accounts
from app.db.tables import LoginCode, Session, User, now
from tests.api.conftest import Person
from tests.api.oidc.browser import Browser
from tests.api.oidc.conftest import PUBLIC_URL
from tests.api.oidc.provider import Provider
from tests.api.problems import problem

NewBrowser = Callable[[], Any]


class TestLanding:
    """A login that ends on a page of the site, as a dashboard wants it."""

    @pytest.fixture
    def oidc_settings(self) -> dict[str, Any]:
        return {"oidc_landing": "/login?from=oidc"}

    async def landed(self, provider: Provider, browser: Browser) -> str:
        await provider.name("anna-sub", preferred_username="anna")
        answer = await browser.log_in("anna-sub")
        assert answer.status == 303, await answer.text()
        page, _, fragment = answer.headers["Location"].partition("#")
        assert page == f"{PUBLIC_URL}/login?from=oidc"
        assert await answer.read() == b""
        return fragment.removeprefix("code=")

    async def test_the_page_exchanges_its_code_for_a_token_once(
        self, client: TestClient, provider: Provider, browser: Browser, logged_in: Any
    ) -> None:
        code = await self.landed(provider, browser)
        # No token was made yet: what stands in the address is worth nothing to whoever else reads it.
        assert await client.app[DATABASE].run(Session.select().count) == 0
        _, me = await logged_in(await browser.ask("POST", "/api/auth/oidc/token", json={"code": code}))
        assert me["name"] == "anna"
        again = await browser.ask("POST", "/api/auth/oidc/token", json={"code": code})
        await problem(again, 400, "oidc-login-unknown")

    async def test_the_page_exchanges_its_code_for_a_cookie_once(
        self, client: TestClient, provider: Provider, browser: Browser
    ) -> None:
        assert await (await client.get("/api/auth/ways")).json() == {
            "password": True,
            "provider": "/api/auth/oidc/login?ending=page",
        }
        code = await self.landed(provider, browser)
        kept = await browser.ask("POST", "/api/auth/oidc/session", json={"code": code})
        assert (kept.status, await kept.read(), kept.headers["Cache-Control"]) == (204, b"", "no-store")
        [line] = [line for line in kept.headers.getall("Set-Cookie") if line.startswith("vocalyx_session=")]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(line.split("; "))
        me = await (await browser.ask("GET", "/api/auth/me")).json()
        assert me["name"] == "anna"
        again = await browser.ask("POST", "/api/auth/oidc/session", json={"code": code})
        await problem(again, 400, "oidc-login-unknown")

    async def test_another_browser_cannot_and_does_not_end_it(
        self, provider: Provider, browser: Browser, new_browser: NewBrowser, logged_in: Any
    ) -> None:
        code = await self.landed(provider, browser)
        stolen = await (await new_browser()).ask("POST", "/api/auth/oidc/token", json={"code": code})
        await problem(stolen, 400, "oidc-login-unknown")
        await logged_in(await browser.ask("POST", "/api/auth/oidc/token", json={"code": code}))

    async def test_a_code_has_a_minute_and_a_user_who_may_log_in(
        self, client: TestClient, provider: Provider, browser: Browser
    ) -> None:
        code = await self.landed(provider, browser)
        found = await client.app[DATABASE].run(LoginCode.get)
        assert found.expires_at - now() <= dt.timedelta(seconds=60)
        await client.app[DATABASE].run(LoginCode.update(expires_at=now() - dt.timedelta(seconds=1)).execute)
        late = await browser.ask("POST", "/api/auth/oidc/token", json={"code": code})
        await problem(late, 400, "oidc-login-unknown")
        code = await self.landed(provider, browser)
        await client.app[DATABASE].run(User.update(active=False).execute)
        out = await browser.ask("POST", "/api/auth/oidc/token", json={"code": code})
        await problem(out, 400, "oidc-login-unknown")

    @pytest.mark.parametrize("ended", ["unlinked", "logged out", "given a password", "on the host"])
    async def test_a_code_ends_with_the_logins_of_its_user(
        self, client: TestClient, provider: Provider, browser: Browser, administrator: Person, ended: str
    ) -> None:
        code = await self.landed(provider, browser)
        anna = (await client.app[DATABASE].run(User.get, User.username == "anna")).id
        if ended == "on the host":
            # As `vocalyx admin reset-password` does.
            await client.app[DATABASE].run(accounts.set_password, "anna", "correct horse battery")
        else:
            answer = await self.end(administrator, anna, ended)
            assert answer.status in (200, 204), await answer.text()
        late = await browser.ask("POST", "/api/auth/oidc/token", json={"code": code})
        await problem(late, 400, "oidc-login-unknown")

    async def end(self, administrator: Person, anna: UUID, ended: str) -> ClientResponse:
        return await {
            "unlinked": lambda: administrator.delete("/api/users/anna/oidc"),
            "logged out": lambda: administrator.delete(f"/api/users/{anna}/sessions"),
            "given a password": lambda: administrator.put(
                f"/api/users/{anna}/password", json={"password": "correct horse battery"}
            ),
        }[ended]()

    async def test_a_program_has_its_token_as_json_all_the_same(
        self, provider: Provider, browser: Browser, logged_in: Any
    ) -> None:
        await provider.name("anna-sub", preferred_username="anna")
        _, me = await logged_in(await browser.log_in("anna-sub", ending="json"))
        assert me["name"] == "anna"


async def test_a_page_that_the_site_does_not_have(browser: Browser) -> None:
    for ending in ("page", "elsewhere"):
        answer = await browser.ask("GET", f"/api/auth/oidc/login?ending={ending}")
        await problem(answer, 422, "invalid-fields")
