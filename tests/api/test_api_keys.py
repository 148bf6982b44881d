"""Keys that end, keys that are narrowed, and keys in the place of others."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import ApiKey, now
from tests.api.conftest import Person
from tests.api.problems import fields, problem

HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def keys(owner: Person) -> str:
    """The address of the keys of the owner's project."""
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    return f"/api/projects/{project['id']}/keys"


async def made(owner: Person, keys: str, **wish: Any) -> tuple[dict[str, Any], Person]:
    answer = await owner.post(keys, json={"name": "program", "role": "owner"} | wish)
    assert answer.status == 201, await answer.text()
    key = await answer.json()
    return key, Person(owner.client, {"X-API-Key": key["key"]})


async def listed(owner: Person, keys: str) -> dict[str, dict[str, Any]]:
    return {key["id"]: key for key in (await (await owner.get(keys)).json())["items"]}


async def has_ended(client: TestClient, key: str, at: dt.datetime) -> None:
    await client.app[DATABASE].run(ApiKey.update(expires_at=at).where(ApiKey.id == key).execute)


async def test_a_key_says_what_it_may_do_and_until_when(owner: Person, keys: str) -> None:
    end = (now() + HOUR).isoformat()
    scopes = ["transcriptions:write", "transcriptions:read", "transcriptions:read"]
    key, program = await made(owner, keys, role="editor", scopes=scopes, expires_at=end)
    assert key["scopes"] == ["transcriptions:read", "transcriptions:write"]
    assert dt.datetime.fromisoformat(key["expires_at"]) == dt.datetime.fromisoformat(end)
    me = await (await program.get("/api/auth/me")).json()
    assert (me["scopes"], me["expires_at"]) == (key["scopes"], key["expires_at"])
    shown = (await listed(owner, keys))[key["id"]]
    assert (shown["scopes"], shown["expires_at"]) == (key["scopes"], key["expires_at"])


@pytest.mark.parametrize(
    "moment",
    [
        "2001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "2099-01-01T00:00:00",
        "4102444800",
        4102444800,
        "tomorrow",
        "",
        [],
        True,
    ],
)
async def test_an_end_that_cannot_be_is_refused(owner: Person, keys: str, moment: object) -> None:
    body = await problem(await owner.post(keys, json={"name": "k", "expires_at": moment}), 422, "invalid-fields")
    assert fields(body) == ["expires_at"]


async def test_the_end_of_the_calendar_is_an_end(owner: Person, keys: str) -> None:
    key, program = await made(owner, keys, expires_at="9999-12-31T23:59:59Z")
    assert (await program.get("/api/auth/me")).status == 200
    assert (await listed(owner, keys))[key["id"]]["expires_at"].startswith("9999-12-31T23:59:59")


async def test_a_key_that_has_ended_is_told_so_wherever_it_comes(client: TestClient, owner: Person, keys: str) -> None:
    key, program = await made(owner, keys)
    await has_ended(client, key["id"], now())
    for path in ("/api/auth/me", "/api/projects", "/api/nothing"):
        body = await problem(await program.get(path), 401, "key-expired")
        assert "expired on" in body["detail"]
    refused = await client.get("/v1/models", headers={"Authorization": f"Bearer {key['key']}"})
    assert (refused.status, (await refused.json())["error"]["code"]) == (401, "key-expired")
    await problem(await client.get("/api/ws/updates", headers=program.headers), 401, "key-expired")
    async with client.ws_connect("/api/ws/updates") as socket:
        await socket.send_json({"type": "authenticate", "api_key": key["key"]})
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    await problem(await owner.post(f"{keys}/{key['id']}/rotate", json={}), 409, "conflict")
    assert (await owner.delete(f"{keys}/{key['id']}")).status == 204


async def test_a_rotated_key_is_worth_nothing_at_once(owner: Person, keys: str) -> None:
    end = (now() + HOUR).isoformat()
    old, program = await made(owner, keys, role="editor", scopes=["transcriptions:read"], expires_at=end)
    async with await program.listen() as socket:
        await socket.receive_json()
        answer = await owner.post(f"{keys}/{old['id']}/rotate", json={})
        assert answer.status == 201
        new = await answer.json()
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    same = ("name", "role", "scopes", "expires_at")
    assert [new[field] for field in same] == [old[field] for field in same]
    assert new["key"] != old["key"]
    await problem(await program.get("/api/transcriptions"), 401, "not-authenticated")
    assert (await Person(owner.client, {"X-API-Key": new["key"]}).get("/api/transcriptions")).status == 200
    assert (await listed(owner, keys))[old["id"]]["revoked_at"]
    await problem(await owner.post(f"{keys}/{old['id']}/rotate", json={}), 404, "not-found")


async def test_an_overlap_lets_both_work_for_a_while(client: TestClient, owner: Person, keys: str) -> None:
    old, program = await made(owner, keys)
    answer = await owner.post(f"{keys}/{old['id']}/rotate", json={"overlap_seconds": 3600})
    new = await answer.json()
    assert new["expires_at"] is None
    for key in (old, new):
        assert (await client.get("/api/auth/me", headers={"X-API-Key": key["key"]})).status == 200
    end = dt.datetime.fromisoformat((await listed(owner, keys))[old["id"]]["expires_at"])
    assert abs(end - now() - HOUR) < dt.timedelta(minutes=1)
    await has_ended(client, old["id"], now())
    await problem(await program.get("/api/auth/me"), 401, "key-expired")


async def test_an_overlap_lengthens_no_key(owner: Person, keys: str) -> None:
    old, _ = await made(owner, keys, expires_at=(now() + HOUR).isoformat())
    wish = {"overlap_seconds": 7200, "expires_at": (now() + 2 * HOUR).isoformat()}
    new = await (await owner.post(f"{keys}/{old['id']}/rotate", json=wish)).json()
    assert (await listed(owner, keys))[old["id"]]["expires_at"] == old["expires_at"]
    assert dt.datetime.fromisoformat(new["expires_at"]) == dt.datetime.fromisoformat(wish["expires_at"])


@pytest.mark.parametrize("overlap", [-1, 30 * 24 * 3600 + 1, 1.5, "60", None, True, 10**30])
async def test_an_overlap_that_cannot_be_is_refused(owner: Person, keys: str, overlap: object) -> None:
    key, program = await made(owner, keys)
    answer = await owner.post(f"{keys}/{key['id']}/rotate", json={"overlap_seconds": overlap})
    assert fields(await problem(answer, 422, "invalid-fields")) == ["overlap_seconds"]
    assert (await program.get("/api/auth/me")).status == 200


async def test_of_many_rotations_at_once_one_puts_a_key_in_its_place(owner: Person, keys: str) -> None:
    key, _ = await made(owner, keys)
    answers = await asyncio.gather(*(owner.post(f"{keys}/{key['id']}/rotate", json={}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [201] + [404] * 5
    assert len([one for one in (await listed(owner, keys)).values() if not one["revoked_at"]]) == 1


@pytest.mark.parametrize("limit", ["scopes", "expires_at"])
async def test_a_key_with_limits_makes_none_without(owner: Person, keys: str, limit: str) -> None:
    limits = {"scopes": ["projects:manage"], "expires_at": (now() + HOUR).isoformat()}
    other, _ = await made(owner, keys)
    key, program = await made(owner, keys, **{limit: limits[limit]})
    for path in (keys, f"{keys}/{other['id']}/rotate", f"{keys}/{key['id']}/rotate"):
        await problem(await program.post(path, json={"name": "mine"}), 403, "not-permitted")
    assert len(await listed(owner, keys)) == 2
    # What it may: see them, and take them away.
    assert (await program.get(keys)).status == 200
    assert (await program.delete(f"{keys}/{other['id']}")).status == 204


async def test_a_scope_that_only_a_newer_release_knows_opens_nothing(
    client: TestClient, owner: Person, keys: str
) -> None:
    key, program = await made(owner, keys)
    update = ApiKey.update(scopes=["transcriptions:sing"]).where(ApiKey.id == key["id"])
    await client.app[DATABASE].run(update.execute)
    await problem(await program.get("/api/transcriptions"), 403, "missing-scope")
    assert (await (await program.get("/api/auth/me")).json())["scopes"] == []
