"""Logging in, logging out, and what credentials are worth."""

from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import ApiKey, Session, User, now
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import fields, problem


@pytest.mark.parametrize("how", ["data", "json"])
async def test_a_name_and_its_password_give_a_token(client: TestClient, person: MakePerson, how: str) -> None:
    await person("anna", project="first")
    answer = await client.post("/api/auth/token", **{how: {"username": "anna", "password": PASSWORD}})
    body = await answer.json()
    assert answer.status == 200
    assert (body["token_type"], body["expires_in"]) == ("bearer", 12 * 3600)
    me = await client.get("/api/auth/me", headers={"Authorization": f"bearer {body['access_token']}"})
    assert (await me.json())["name"] == "anna"


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("Anna", PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_look_the_same(
    client: TestClient, person: MakePerson, name: str, password: str
) -> None:
    await person("anna")
    answer = await client.post("/api/auth/token", json={"username": name, "password": password})
    body = await problem(answer, 401, "wrong-credentials")
    assert body["detail"] == "No active user has this name and password."


async def test_a_user_who_was_deactivated_is_out_at_once(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    await client.app[DATABASE].run(User.update(active=False).where(User.username == "anna").execute)
    await problem(await anna.get("/api/auth/me"), 401, "not-authenticated")
    answer = await client.post("/api/auth/token", data={"username": "anna", "password": PASSWORD})
    await problem(answer, 401, "wrong-credentials")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["username", "password"]),
        ({"username": "anna"}, ["password"]),
        ({"username": "", "password": "x"}, ["username"]),
        ({"username": 7, "password": ["x"]}, ["username", "password"]),
    ],
)
async def test_a_login_names_the_fields_that_are_wrong(client: TestClient, body: object, named: list[str]) -> None:
    assert fields(await problem(await client.post("/api/auth/token", json=body), 422, "invalid-fields")) == named


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded; charset=no-such-charset"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "application/json"},
    ],
)
async def test_a_login_that_cannot_be_read_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = await client.post("/api/auth/token", data=b"--broken\r\n\xff", headers=headers)
    assert answer.status in (400, 422)
    assert answer.content_type == "application/problem+json"


async def test_logging_out_ends_the_token_and_no_other(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    again = await client.post("/api/auth/token", data={"username": "anna", "password": PASSWORD})
    other = {"Authorization": f"Bearer {(await again.json())['access_token']}"}
    assert (await anna.delete("/api/auth/token")).status == 204
    await problem(await anna.get("/api/auth/me"), 401, "not-authenticated")
    assert (await client.get("/api/auth/me", headers=other)).status == 200
    assert (await anna.delete("/api/auth/token")).status == 204


async def test_a_login_runs_out(client: TestClient, editor: Person) -> None:
    await client.app[DATABASE].run(Session.update(expires_at=now() - timedelta(seconds=1)).execute)
    answer = await editor.get("/api/projects")
    await problem(answer, 401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_neither_tokens_nor_keys_nor_passwords_are_kept(client: TestClient, owner: Person) -> None:
    project = (await (await owner.get("/api/projects")).json())["items"][0]["id"]
    key = await (await owner.post(f"/api/projects/{project}/keys", json={"name": "k"})).json()

    def kept() -> str:
        rows = [*User.select().dicts(), *Session.select().dicts(), *ApiKey.select().dicts()]
        return repr(rows)

    text = await client.app[DATABASE].run(kept)
    assert owner.headers["Authorization"].removeprefix("Bearer ") not in text
    assert key["key"] not in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer nonsense"},
        {"X-API-Key": "vx_nonsense"},
        {"X-API-Key": "vx_\udcff\udcfe"},
        {"Authorization": "Bearer \udcff"},
    ],
)
async def test_without_valid_credentials_nothing_is_told(client: TestClient, headers: dict[str, str]) -> None:
    for path in ("/api/projects", "/api/auth/me", "/api/no-such-address"):
        await problem(await client.get(path, headers=headers), 401, "not-authenticated")


async def test_the_internal_key_is_needed_for_the_internal_routes_and_opens_no_other(
    client: TestClient, editor: Person
) -> None:
    claim = f"/internal/jobs/{'0' * 32}/claim"
    for headers in ({}, editor.headers, {"X-Internal-Key": "wrong"}, {"X-Internal-Key": "\udcff"}):
        await problem(await client.post(claim, json={"worker": "w"}, headers=headers), 401, "not-authenticated")
    internal = {"X-Internal-Key": "the internal key of the tests"}
    await problem(await client.post(claim, json={"worker": "w"}, headers=internal), 404, "not-found")
    await problem(await client.get("/api/projects", headers=internal), 401, "not-authenticated")
