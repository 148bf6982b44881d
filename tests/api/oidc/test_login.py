"""Logging in by a provider: a real one, with a browser that does what browsers do."""

import asyncio
import contextlib
import datetime as dt
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from app.api.keys import DATABASE
from app.core.audit import Action
from app.db import identities
from app.db.events import _COMMIT_ORDER_LOCK
from app.db.identities import Claimed
from app.db.tables import Identity, PendingLogin, Session, User, now
from app.settings import Settings
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.oidc.browser import Browser
from tests.api.oidc.conftest import PUBLIC_URL
from tests.api.oidc.provider import Provider
from tests.api.problems import problem

NewBrowser = Callable[[], Any]


async def users(client: TestClient) -> list[str]:
    return await client.app[DATABASE].run(lambda: [user.username for user in User.select().order_by(User.username)])


async def test_a_first_login_makes_a_user_and_a_second_finds_it(
    client: TestClient, provider: Provider, browser: Browser, logged_in: Any, audited: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    _, first = await logged_in(await browser.log_in("anna-sub"))
    assert (first["name"], first["administrator"], first["roles"]) == ("anna", False, {})
    await provider.name("anna-sub", preferred_username="anna-renamed")
    _, second = await logged_in(await browser.log_in("anna-sub"))
    assert second == first
    assert await users(client) == ["anna"]
    # Every code was exchanged with the verifier of its own challenge, and the client's secret was in no form.
    assert provider.verified == 2
    assert all(given and given.startswith("Basic ") for given in provider.authorizations)
    # What the provider says of itself is asked for once.
    assert (provider.asked["/.well-known/openid-configuration"], provider.asked["/jwks"]) == (1, 1)
    [made] = await audited(Action.USER_CREATED)
    assert (made["thing"]["id"], made["actor"]["name"]) == (first["id"], "oidc")
    logins = await audited(Action.LOGIN_SUCCEEDED)
    assert [(entry["actor"]["name"], entry["details"]) for entry in logins] == [("anna", {"method": "oidc"})] * 2


async def test_what_the_provider_is_asked(provider: Provider, browser: Browser) -> None:
    address = await browser.begin()
    assert str(address.origin()) == provider.url
    query = dict(address.query)
    for random in ("state", "nonce", "code_challenge"):
        assert re.fullmatch(r"[\w-]{43}", query.pop(random))
    assert query == {
        "response_type": "code",
        "client_id": "vocalyx",
        "redirect_uri": f"{PUBLIC_URL}/api/auth/oidc/callback",
        "scope": "openid profile email",
        "code_challenge_method": "S256",
    }


async def test_a_browser_holds_the_secret_where_no_script_reads_it(client: TestClient, browser: Browser) -> None:
    answer = await browser.ask("GET", "/api/auth/oidc/login")
    [cookie] = answer.headers.getall("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0]
    kept = await client.app[DATABASE].run(lambda: repr(list(PendingLogin.select().dicts())))
    for told in (secret, *URL(answer.headers["Location"], encoded=True).query.values()):
        assert told not in kept


@pytest.mark.parametrize("oidc_settings", [{"public_url": "https://vocalyx.example.org"}])
async def test_where_there_is_tls_no_other_host_can_plant_the_cookie(client: TestClient, browser: Browser) -> None:
    answer = await browser.ask("GET", "/api/auth/oidc/login")
    [cookie] = answer.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-vocalyx-oidc-")
    assert "Secure" in cookie.split("; ")
    assert "Domain" not in cookie


async def test_a_state_that_is_not_the_one_given(client: TestClient, provider: Provider, browser: Browser) -> None:
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    for state in ("", "other", "x" * 43):
        answer = await browser.come_back(address.update_query(state=state))
        await problem(answer, 400, "oidc-login-unknown")
    for state in ("\u00e9", "x" * 201):
        await problem(await browser.come_back(address.update_query(state=state)), 422, "invalid-fields")
    assert provider.asked["/oauth2/token"] == 0
    assert await users(client) == []


async def test_what_came_back_once_does_not_come_back_again(
    client: TestClient, provider: Provider, browser: Browser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    await logged_in(await browser.come_back(address))
    await problem(await browser.come_back(address), 400, "oidc-login-unknown")
    assert provider.asked["/oauth2/token"] == 1


async def test_a_code_that_was_used_is_taken_by_no_other_login(
    provider: Provider, browser: Browser, logged_in: Any, audited: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    await logged_in(await browser.come_back(address))
    again = await browser.decide(await browser.begin(), sub="anna-sub")
    await problem(await browser.come_back(again.update_query(code=address.query["code"])), 403, "oidc-denied")
    [failed] = await audited(Action.LOGIN_FAILED)
    assert (failed["outcome"], failed["details"]["code"]) == ("refused", "oidc-denied")


async def test_a_code_of_anothers_login_is_worth_nothing_in_ours(
    client: TestClient, provider: Provider, browser: Browser, new_browser: NewBrowser
) -> None:
    attacker = await new_browser()
    stolen = await browser.decide(await browser.begin(), sub="anna-sub")
    own = await attacker.decide(await attacker.begin(), sub="eve-sub")
    await problem(await attacker.come_back(own.update_query(code=stolen.query["code"])), 403, "oidc-denied")
    # It was PKCE that held: the code was fresh, and the server's own.
    assert (provider.asked["/oauth2/token"], provider.verified) == (1, 0)
    assert await users(client) == []


async def test_another_browser_cannot_finish_a_login_and_does_not_end_it(
    provider: Provider, browser: Browser, new_browser: NewBrowser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    other = await new_browser()
    await problem(await other.come_back(address), 400, "oidc-login-unknown")
    await other.begin()
    await problem(await other.come_back(address), 400, "oidc-login-unknown")
    await logged_in(await browser.come_back(address))


async def test_two_windows_of_a_browser_do_not_disturb_one_another(
    provider: Provider, browser: Browser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    await provider.name("ben-sub", preferred_username="ben")
    first, second = await browser.begin(), await browser.begin()
    for address, sub, name in ((second, "ben-sub", "ben"), (first, "anna-sub", "anna")):
        _, me = await logged_in(await browser.come_back(await browser.decide(address, sub=sub)))
        assert me["name"] == name


async def test_a_login_has_ten_minutes(client: TestClient, provider: Provider, browser: Browser) -> None:
    address = await browser.decide(await browser.begin(), sub="anna-sub")
    pending = await client.app[DATABASE].run(PendingLogin.get)
    assert abs(pending.expires_at - now() - dt.timedelta(minutes=10)) < dt.timedelta(seconds=30)
    await client.app[DATABASE].run(PendingLogin.update(expires_at=now() - dt.timedelta(seconds=1)).execute)
    await problem(await browser.come_back(address), 400, "oidc-login-unknown")
    # What nobody comes back for does not stay.
    await browser.begin()
    assert await client.app[DATABASE].run(PendingLogin.select().count) == 1


async def test_who_does_not_agree_is_not_logged_in(client: TestClient, provider: Provider, browser: Browser) -> None:
    begun = await browser.begin()
    denied = await browser.decide(begun, action="deny")
    assert denied.query["error"] == "access_denied"
    body = await problem(await browser.come_back(denied), 403, "oidc-denied")
    assert "access_denied" in body["detail"]
    # With the state, as the standard has it, the login has ended.
    with_state = denied.update_query(state=begun.query["state"])
    await problem(await browser.come_back(with_state), 403, "oidc-denied")
    late = URL(f"{PUBLIC_URL}/api/auth/oidc/callback").with_query(state=begun.query["state"], code="x")
    await problem(await browser.come_back(late), 400, "oidc-login-unknown")
    assert provider.asked["/oauth2/token"] == 0


async def test_a_providers_longer_words_are_not_passed_on(browser: Browser) -> None:
    address = URL("/api/auth/oidc/callback").with_query(error="<script>", error_description="call 0800 12345")
    body = await problem(await browser.come_back(address), 403, "oidc-denied")
    assert "script" not in str(body)
    assert "0800" not in str(body)


async def test_a_code_is_needed(browser: Browser) -> None:
    begun = await browser.begin()
    address = URL("/api/auth/oidc/callback").with_query(state=begun.query["state"])
    await problem(await browser.come_back(address), 422, "invalid-fields")


async def test_a_user_of_the_same_name_is_not_taken_over(
    client: TestClient,
    provider: Provider,
    browser: Browser,
    person: MakePerson,
    administrator: Person,
    logged_in: Any,
    audited: Any,
) -> None:
    anna = await person("anna", project="first")
    await provider.name("eve-sub", preferred_username="anna", email="anna@example.org", email_verified=True)
    body = await problem(await browser.log_in("eve-sub"), 409, "oidc-name-taken")
    assert "anna" in body["detail"]
    assert (await client.post("/api/auth/token", json={"username": "anna", "password": PASSWORD})).status == 200
    assert await client.app[DATABASE].run(Identity.select().count) == 0
    # The way out: an administrator finds the subject in the audit log, and decides.
    [failed] = await audited(Action.LOGIN_FAILED)
    assert failed["details"] | {"subject": "eve-sub", "issuer": provider.url} == failed["details"]
    linked = await administrator.put("/api/users/anna/oidc", json={"subject": failed["details"]["subject"]})
    assert (linked.status, (await linked.json())["last_login_at"]) == (200, None)
    _, me = await logged_in(await browser.log_in("eve-sub"))
    assert me == await (await anna.get("/api/auth/me")).json()


async def test_a_link_is_one_users_and_goes_with_the_logins(
    client: TestClient, provider: Provider, browser: Browser, person: MakePerson, administrator: Person, logged_in: Any
) -> None:
    for name in ("anna", "ben"):
        await person(name)
    await provider.name("sub-1", preferred_username="whoever")
    for _ in range(2):
        assert (await administrator.put("/api/users/anna/oidc", json={"subject": "sub-1"})).status == 200
    await problem(await administrator.put("/api/users/ben/oidc", json={"subject": "sub-1"}), 409, "conflict")
    await problem(await administrator.put("/api/users/nobody/oidc", json={"subject": "sub-2"}), 404, "not-found")
    there, _ = await logged_in(await browser.log_in("sub-1"))
    assert (await administrator.delete("/api/users/anna/oidc")).status == 204
    await problem(await there.get("/api/auth/me"), 401, "not-authenticated")
    await problem(await administrator.delete("/api/users/anna/oidc"), 404, "not-found")
    _, me = await logged_in(await browser.log_in("sub-1"))
    assert me["name"] == "whoever"


async def test_a_user_without_a_password_has_none_that_could_be_guessed(
    client: TestClient, provider: Provider, browser: Browser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    await logged_in(await browser.log_in("anna-sub"))
    for password in (" ", "None", "null"):
        answer = await client.post("/api/auth/token", json={"username": "anna", "password": password})
        await problem(answer, 401, "wrong-credentials")


async def test_who_was_deactivated_here_stays_out(
    client: TestClient, provider: Provider, browser: Browser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    await logged_in(await browser.log_in("anna-sub"))
    await client.app[DATABASE].run(User.update(active=False).execute)
    before = await client.app[DATABASE].run(Session.select().count)
    await problem(await browser.log_in("anna-sub"), 403, "oidc-user-inactive")
    assert await client.app[DATABASE].run(Session.select().count) == before


@pytest.mark.parametrize("name", [None, "", "two words", "a\nb", "x" * 201, 7, ["anna"], "<b>"])
async def test_a_name_that_nobody_can_have(
    client: TestClient, provider: Provider, browser: Browser, name: object
) -> None:
    await provider.name("anna-sub", preferred_username=name)
    await problem(await browser.log_in("anna-sub"), 502, "oidc-name-missing")
    assert await users(client) == []


@pytest.mark.parametrize("oidc_settings", [{"oidc_name_claim": "email"}])
async def test_another_claim_may_name_users(provider: Provider, browser: Browser, logged_in: Any) -> None:
    await provider.name("anna-sub", preferred_username="x", email="anna@example.org")
    _, me = await logged_in(await browser.log_in("anna-sub"))
    assert me["name"] == "anna@example.org"


@pytest.mark.parametrize("oidc_settings", [{"oidc_administrator_claim": "groups=vocalyx admins"}])
async def test_a_claim_makes_administrators_and_unmakes_them(
    provider: Provider, browser: Browser, administrator: Person, logged_in: Any, audited: Any
) -> None:
    for groups, expected in (
        (["staff"], False),
        (["staff", "vocalyx admins"], True),
        (["vocalyx"], False),
        ("vocalyx admins", True),
        (None, False),
    ):
        await provider.name("anna-sub", preferred_username="anna", groups=groups)
        _, me = await logged_in(await browser.log_in("anna-sub"))
        assert me["administrator"] is expected, groups
    changes = [entry["details"]["administrator"] for entry in await audited(Action.USER_CHANGED)]
    assert changes == [False, True, False, True]


@pytest.mark.parametrize("oidc_settings", [{"oidc_administrator_claim": "groups=admins"}])
async def test_the_last_administrator_is_not_unmade(provider: Provider, browser: Browser, logged_in: Any) -> None:
    await provider.name("anna-sub", preferred_username="anna", groups=["admins"])
    await logged_in(await browser.log_in("anna-sub"))
    await provider.name("anna-sub", preferred_username="anna", groups=[])
    _, me = await logged_in(await browser.log_in("anna-sub"))
    assert me["administrator"] is True


@pytest.mark.parametrize("oidc_settings", [{"oidc_administrator_claim": "groups=admins"}])
async def test_of_the_last_two_administrators_one_stays_whenever_they_come(
    client: TestClient, provider: Provider, new_browser: NewBrowser, logged_in: Any
) -> None:
    for name in ("anna", "ben"):
        await provider.name(f"{name}-sub", preferred_username=name, groups=["admins"])
        await logged_in(await (await new_browser()).log_in(f"{name}-sub"))
    for name in ("anna", "ben"):
        await provider.name(f"{name}-sub", preferred_username=name, groups=[])
    database, first_decided = client.app[DATABASE], threading.Event()

    def slowly(user: User) -> None:
        first_decided.set()
        time.sleep(0.3)  # whoever did not wait for this would decide meanwhile

    def claimed(name: str) -> Claimed:
        return Claimed(provider.url, f"{name}-sub", name, administrator=False)

    first = asyncio.ensure_future(database.run(identities.log_in, claimed("anna"), slowly))
    await asyncio.to_thread(first_decided.wait, 10)
    await asyncio.gather(first, database.run(identities.log_in, claimed("ben"), lambda _: None))
    assert await database.run(User.select().where(User.administrator).count) == 1


@pytest.mark.parametrize(
    ("ended", "status", "code"), [("unlinked", 409, "oidc-name-taken"), ("deactivated", 403, "oidc-user-inactive")]
)
async def test_a_login_under_way_ends_with_the_logins_of_its_user(
    client: TestClient,
    settings: Settings,
    provider: Provider,
    browser: Browser,
    administrator: Person,
    logged_in: Any,
    ended: str,
    status: int,
    code: str,
) -> None:
    await provider.name("anna-sub", preferred_username="anna")
    anna, _ = await logged_in(await browser.log_in("anna-sub"))
    user = (await client.app[DATABASE].run(User.get, User.username == "anna")).id
    holding = psycopg2.connect(settings.database_url.get_secret_value())
    holding.autocommit = True
    with contextlib.closing(holding), holding.cursor() as cursor:
        # Whoever ends logins waits for this when all but the event that tells of it is done.
        cursor.execute("select pg_advisory_lock(%s)", (_COMMIT_ORDER_LOCK,))
        end = {
            "unlinked": lambda: administrator.delete("/api/users/anna/oidc"),
            "deactivated": lambda: administrator.patch(f"/api/users/{user}", json={"active": False}),
        }[ended]
        ending = asyncio.ensure_future(end())
        await waiting(cursor, 1)
        late = asyncio.ensure_future(browser.log_in("anna-sub"))
        await waiting(cursor, 2)
        cursor.execute("select pg_advisory_unlock(%s)", (_COMMIT_ORDER_LOCK,))
        assert (await ending).status in (200, 204)
        await problem(await late, status, code)
    assert (await anna.get("/api/auth/me")).status == 401
    assert await client.app[DATABASE].run(Session.select().where(Session.user == user).count) == 0


async def waiting(cursor: Any, transactions: int) -> None:
    """Wait until so many transactions wait for another one."""
    async with asyncio.timeout(60):
        while True:
            cursor.execute(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            if cursor.fetchone()[0] >= transactions:
                return
            await asyncio.sleep(0.02)


async def test_without_that_setting_no_claim_makes_an_administrator(
    provider: Provider, browser: Browser, logged_in: Any
) -> None:
    await provider.name("anna-sub", preferred_username="anna", groups=["admins"], administrator=True)
    _, me = await logged_in(await browser.log_in("anna-sub"))
    assert me["administrator"] is False
