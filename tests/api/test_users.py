"""The site's users, as administrators manage them."""

import asyncio
import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.api.keys import DATABASE
from app.core.errors import LastAdministrator, NotFound
from app.db import accounts, users
from app.db.tables import Transcription, User
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import fields, problem
from tests.api.test_sessions import is_in, log_in

NOBODY = "/api/users/00000000-0000-0000-0000-000000000000"


async def address_of(administrator: Person, name: str) -> str:
    listed = await (await administrator.get("/api/users", params={"search": name})).json()
    [user] = [user for user in listed["items"] if user["username"] == name]
    return f"/api/users/{user['id']}"


async def names(by: Person, **query: str) -> list[str]:
    """The names on all pages of a list."""
    found, more = [], True
    while more:
        answer = await by.get("/api/users", params=query)
        assert answer.status == 200, await answer.text()
        page = await answer.json()
        found += [user["username"] for user in page["items"]]
        query["cursor"] = page["next_cursor"]
        more = page["next_cursor"] is not None
    return found


async def test_users_are_listed_by_name_a_page_at_a_time(client: TestClient, administrator: Person) -> None:
    others = ["Zoé", "anna", "Élodie", "élodie", "elodie", "ben_", "ben%", "Anna"]
    for name in others:
        await client.app[DATABASE].run(accounts.add_user, name, "x")
    everybody = await names(administrator)
    assert sorted(everybody) == sorted([*others, "administrator"])
    assert [name.lower().replace("é", "e") for name in everybody] == sorted(
        name.lower().replace("é", "e") for name in everybody
    )
    for limit in ("1", "2", "5"):
        assert await names(administrator, limit=limit) == everybody
    assert set(await names(administrator, search="ELO", limit="1")) == {"Élodie", "élodie", "elodie"}
    assert await names(administrator, search="%") == ["ben%"]
    assert await names(administrator, search="_") == ["ben_"]
    assert await names(administrator, search="nobody\\") == []
    assert await names(administrator, administrator="true") == ["administrator"]
    assert await names(administrator, active="false") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"active": "perhaps"},
        {"search": ""},
        {"search": "x" * 201},
        {"search": "\x00"},
        {"cursor": "x"},
        {"cursor": "W10"},
        {"cursor": "WyJ1c2VycyIsIDEsIDJd"},
        {"cursor": "WyJ1c2VycyIsImEiLCJ4Il0"},
        {"cursor": "WyJ1c2VycyIsIlx1MDAwMCIsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd"},
        {"cursor": "WyJ1c2VycyIsIlx1ZDgwMCIsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd"},
        {"anything": "else"},
    ],
)
async def test_a_query_that_cannot_be_is_refused(administrator: Person, query: dict[str, str]) -> None:
    await problem(await administrator.get("/api/users", params=query), 422, "invalid-fields")


async def test_a_user_is_made_and_read_again(administrator: Person) -> None:
    made = await administrator.post("/api/users", json={"username": "ben", "password": PASSWORD})
    ben = await made.json()
    assert made.headers["Location"] == f"/api/users/{ben['id']}"
    assert await (await administrator.get(made.headers["Location"])).json() == ben
    await problem(await administrator.get(NOBODY), 404, "not-found")
    await problem(await administrator.get("/api/users/x"), 404, "not-found")


async def test_who_is_deactivated_is_out_at_once_with_their_listeners(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna = await person("anna", project="first")
    address = await address_of(administrator, "anna")
    async with await anna.listen() as socket:
        await socket.receive_json()
        changed = await administrator.patch(address, json={"active": False})
        assert (changed.status, (await changed.json())["active"]) == (200, False)
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert not await is_in(anna)
    login = {"username": "anna", "password": PASSWORD}
    await problem(await client.post("/api/auth/token", json=login), 401, "wrong-credentials")
    assert await names(administrator, active="false") == ["anna"]
    # Let in again, they log in anew: what was ended does not come back.
    assert (await administrator.patch(address, json={"active": True})).status == 200
    assert not await is_in(anna)
    assert await is_in(await log_in(client, "anna"))


async def test_who_is_made_an_administrator_sees_everything_until_it_is_taken_back(
    administrator: Person, owner: Person, person: MakePerson
) -> None:
    anna = await person("anna")
    address = await address_of(administrator, "anna")
    transcription = await owner.uploaded()
    async with await anna.listen() as socket:
        assert (await socket.receive_json())["transcriptions"] == []
        assert (await administrator.patch(address, json={"administrator": True})).status == 200
        seen = (await socket.receive_json(timeout=10))["transcriptions"]
        assert [item["id"] for item in seen] == [transcription["id"]]
        assert (await anna.get("/api/users")).status == 200
        assert (await administrator.patch(address, json={"administrator": False})).status == 200
        assert (await socket.receive_json(timeout=10))["transcriptions"] == []
    await problem(await anna.get("/api/users"), 403, "not-permitted")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, [""]),
        ({"active": None, "administrator": None}, [""]),
        ({"active": "no"}, ["active"]),
        ({"active": 0, "administrator": 1}, ["active", "administrator"]),
    ],
)
async def test_a_change_that_cannot_be_is_refused(administrator: Person, change: object, named: list[str]) -> None:
    address = await address_of(administrator, "administrator")
    assert fields(await problem(await administrator.patch(address, json=change), 422, "invalid-fields")) == named


@pytest.mark.parametrize(
    "change", [{"active": False}, {"administrator": False}, {"active": False, "administrator": True}, None]
)
async def test_the_last_administrator_stays(
    client: TestClient, administrator: Person, person: MakePerson, change: dict[str, bool] | None
) -> None:
    address = await address_of(administrator, "administrator")
    # One who cannot log in is none to count on.
    former = await person("former", administrator=True)
    await administrator.patch(await address_of(administrator, former.name), json={"active": False})

    async def leave() -> Any:
        return await (administrator.delete(address) if change is None else administrator.patch(address, json=change))

    body = await problem(await leave(), 409, "last-administrator")
    assert "somebody else" in body["remedy"]
    assert (await administrator.get("/api/users")).status == 200
    await administrator.patch(await address_of(administrator, former.name), json={"active": True})
    assert (await leave()).status in (200, 204)
    remaining = await log_in(client, "former")
    assert (await remaining.get("/api/users")).status == 200


@pytest.mark.parametrize("ways", [("demote", "demote"), ("deactivate", "delete"), ("delete", "demote")])
async def test_of_two_last_administrators_who_take_each_other_s_place_one_stays(
    client: TestClient, administrator: Person, person: MakePerson, ways: tuple[str, str]
) -> None:
    other = await person("other", administrator=True)
    pairs = [
        (administrator, await address_of(administrator, "other"), ways[0]),
        (other, await address_of(administrator, "administrator"), ways[1]),
    ]
    bodies = {"demote": {"administrator": False}, "deactivate": {"active": False}}

    async def try_it(who: Person, address: str, way: str) -> int:
        answer = await (who.delete(address) if way == "delete" else who.patch(address, json=bodies[way]))
        return answer.status

    statuses = await asyncio.gather(*(try_it(*pair) for pair in pairs))
    assert sum(status in (200, 204) for status in statuses) == 1
    # The other one was too late: no administrator, or nobody, any more; or told that they are the last.
    assert next(status for status in statuses if status not in (200, 204)) in (401, 403, 409)
    assert await client.app[DATABASE].run(_administrators) == 1


async def test_however_many_leave_at_once_one_administrator_stays(client: TestClient, administrator: Person) -> None:
    """The units of work themselves, without the requests before them that would see who has gone already."""
    database = client.app[DATABASE]
    for number in range(7):
        await database.run(accounts.add_user, f"a{number}", "x", administrator=True)
    rows = await database.run(lambda: list(User.select().where(User.administrator)))
    ways = [
        lambda user: users.change(user, active=None, administrator=False),
        lambda user: users.change(user, active=False, administrator=None),
        users.delete,
    ]
    results = await asyncio.gather(
        *(database.run(ways[number % 3], row.id) for number, row in enumerate(rows)), return_exceptions=True
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [LastAdministrator]
    assert await database.run(_administrators) == 1


def _administrators() -> int:
    return User.select().where(User.administrator, User.active).count()


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["activate", "deactivate", "promote", "demote", "delete"])),
    max_size=12,
)


async def test_whatever_is_done_to_users_an_administrator_can_log_in(client: TestClient) -> None:
    database = client.app[DATABASE]
    changes: dict[str, dict[str, bool | None]] = {
        "activate": {"active": True, "administrator": None},
        "deactivate": {"active": False, "administrator": None},
        "promote": {"active": None, "administrator": True},
        "demote": {"active": None, "administrator": False},
    }

    def walk(steps: list[tuple[int, str]]) -> None:
        User.delete().execute()
        there = [accounts.add_user(f"u{number}", "x", administrator=number == 0).id for number in range(3)]
        # What should be, beside what is: active and administrator by user; None: deleted.
        model: dict[int, tuple[bool, bool] | None] = {0: (True, True), 1: (True, False), 2: (True, False)}
        for number, step in steps:
            before = model[number]
            wanted = _wanted(before, step)
            others = any(state == (True, True) for other, state in model.items() if other != number)
            try:
                if step == "delete":
                    users.delete(there[number])
                else:
                    users.change(there[number], **changes[step])
            except NotFound:
                assert before is None
            except LastAdministrator:
                assert before == (True, True)
                assert wanted != (True, True)
                assert not others
            else:
                assert before is not None
                assert others or before != (True, True) or wanted == (True, True)
                model[number] = wanted
            found = {row.id: (row.active, row.administrator) for row in User.select()}
            assert found == {there[one]: state for one, state in model.items() if state is not None}
            assert _administrators() >= 1

    cases: list[list[tuple[int, str]]] = []

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def gathered(steps: list[tuple[int, str]]) -> None:
        cases.append(steps)

    gathered()
    for steps in cases:
        await database.run(walk, steps)


def _wanted(state: tuple[bool, bool] | None, step: str) -> tuple[bool, bool] | None:
    if state is None or step == "delete":
        return None
    active, administrator = state
    return {
        "activate": (True, administrator),
        "deactivate": (False, administrator),
        "promote": (active, True),
        "demote": (active, False),
    }[step]


async def test_a_new_password_ends_the_logins_of_before(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna = await person("anna")
    address = await address_of(administrator, "anna")
    async with await anna.listen() as socket:
        await socket.receive_json()
        new = {"password": "a password from the administrator"}
        assert (await administrator.put(f"{address}/password", json=new)).status == 204
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert not await is_in(anna)
    assert await is_in(await log_in(client, "anna", new["password"]))
    await problem(await administrator.put(f"{NOBODY}/password", json=new), 404, "not-found")
    short = await administrator.put(f"{address}/password", json={"password": "short"})
    assert fields(await problem(short, 422, "invalid-fields")) == ["password"]


async def test_all_logins_of_a_user_are_ended_together(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna = await person("anna")
    again = await log_in(client, "anna")
    address = await address_of(administrator, "anna")
    async with await again.listen() as socket:
        await socket.receive_json()
        assert (await administrator.delete(f"{address}/sessions")).status == 204
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert [await is_in(login) for login in (anna, again, administrator)] == [False, False, True]
    assert (await administrator.delete(f"{address}/sessions")).status == 204
    await problem(await administrator.delete(f"{NOBODY}/sessions"), 404, "not-found")


async def test_a_removed_user_is_out_and_what_they_sent_stays(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna = await person("anna", project="first")
    transcription = await anna.uploaded()
    address = await address_of(administrator, "anna")
    async with await anna.listen() as socket:
        await socket.receive_json()
        assert (await administrator.delete(address)).status == 204
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert not await is_in(anna)
    await problem(await administrator.delete(address), 404, "not-found")
    assert (await administrator.read(transcription["id"]))["name"] == "tone.wav"
    author = Transcription.select(Transcription.created_by).where(Transcription.id == uuid.UUID(transcription["id"]))
    assert await client.app[DATABASE].run(author.scalar) is None
    # The name is free again, and is nobody's return.
    await administrator.post("/api/users", json={"username": "anna", "password": PASSWORD})
    again = await log_in(client, "anna")
    await problem(await again.get(f"/api/transcriptions/{transcription['id']}"), 404, "not-found")
