"""One's own logins: seen, told apart, ended; and one's own password."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db import accounts, users
from app.db.tables import Session, User, now
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import fields, problem

NEW = "quite another password"


async def log_in(client: TestClient, name: str, password: str = PASSWORD, **headers: str) -> Person:
    login = {"username": name, "password": password}
    answer = await client.post("/api/auth/token", json=login, headers=headers)
    assert answer.status == 200, await answer.text()
    return Person(client, {"Authorization": f"Bearer {(await answer.json())['access_token']}"}, name)


async def sessions_of(person: Person) -> list[dict[str, Any]]:
    answer = await person.get("/api/auth/sessions")
    assert answer.status == 200, await answer.text()
    return (await answer.json())["items"]


async def is_in(person: Person) -> bool:
    return (await person.get("/api/auth/me")).status == 200


async def test_logins_are_told_apart(client: TestClient, person: MakePerson) -> None:
    anna, ben = await person("anna"), await person("ben")
    phone = await log_in(client, "anna", **{"User-Agent": "phone/1.0 (été)"})
    listed = await sessions_of(phone)
    assert [session["current"] for session in listed].count(True) == 1
    [mine] = [session for session in listed if session["current"]]
    assert (mine["user_agent"], mine["address"]) == ("phone/1.0 (été)", "127.0.0.1")
    assert len({session["id"] for session in listed}) == 2
    assert [session["id"] for session in await sessions_of(anna)] != []
    assert not {session["id"] for session in listed} & {session["id"] for session in await sessions_of(ben)}
    token = phone.headers["Authorization"].removeprefix("Bearer ")
    assert token not in str(listed)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"x" * 5000, "x" * 200),
        (b"a\tb", "a?b"),
        (b"\xff\xfe", "??"),
        (b"  ", None),
        ("a\u2028<script>".encode(), "a?<script>"),
    ],
)
async def test_what_a_login_came_with_is_kept_short_and_in_one_line(
    client: TestClient, person: MakePerson, sent: bytes, kept: str | None
) -> None:
    await person("anna")
    body = b"username=anna&password=" + PASSWORD.replace(" ", "+").encode()
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(
        b"POST /api/auth/token HTTP/1.1\r\nHost: test\r\nConnection: close\r\nUser-Agent: " + sent + b"\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    newest = Session.select().order_by(Session.created_at.desc())
    found = await client.app[DATABASE].run(newest.first)
    assert found.user_agent == kept


async def test_a_login_says_when_it_was_used_last_to_the_minute(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    [before] = await sessions_of(anna)
    await is_in(anna)
    assert (await sessions_of(anna))[0]["last_used_at"] == before["last_used_at"]
    earlier = now() - timedelta(minutes=2)
    await client.app[DATABASE].run(Session.update(last_used_at=earlier).execute)
    assert (await sessions_of(anna))[0]["last_used_at"] > before["last_used_at"]


async def test_a_login_that_is_ended_is_out_at_once_with_its_listeners(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna", project="first")
    phone = await log_in(client, "anna")
    [of_phone] = [session for session in await sessions_of(phone) if session["current"]]
    async with await phone.listen() as there, await anna.listen() as here:
        await there.receive_json()
        await here.receive_json()
        assert (await anna.delete(f"/api/auth/sessions/{of_phone['id']}")).status == 204
        await there.receive(timeout=10)
        assert there.close_code == 4401
        # The other one goes on.
        await anna.uploaded()
        assert (await here.receive_json(timeout=10))["type"] == "transcription.changed"
    assert not await is_in(phone)
    assert await is_in(anna)
    await problem(await anna.delete(f"/api/auth/sessions/{of_phone['id']}"), 404, "not-found")


async def test_all_other_logins_are_ended_together(client: TestClient, person: MakePerson) -> None:
    anna, ben = await person("anna"), await person("ben")
    others = [await log_in(client, "anna") for _ in range(3)]
    async with await others[0].listen() as socket:
        await socket.receive_json()
        assert (await anna.delete("/api/auth/sessions")).status == 204
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert [await is_in(other) for other in others] == [False] * 3
    assert await is_in(anna)
    assert await is_in(ben)
    assert (await anna.delete("/api/auth/sessions")).status == 204


async def test_one_s_own_login_may_be_ended_too(person: MakePerson) -> None:
    anna = await person("anna")
    [session] = await sessions_of(anna)
    assert (await anna.delete(f"/api/auth/sessions/{session['id']}")).status == 204
    assert not await is_in(anna)


async def test_the_logins_of_others_are_not_there(person: MakePerson, administrator: Person) -> None:
    anna, ben = await person("anna"), await person("ben")
    [of_ben] = await sessions_of(ben)
    for other in (anna, administrator):
        await problem(await other.delete(f"/api/auth/sessions/{of_ben['id']}"), 404, "not-found")
    for nothing in (uuid.uuid4(), "x", "%00"):
        await problem(await anna.delete(f"/api/auth/sessions/{nothing}"), 404, "not-found")
    assert await is_in(ben)


async def test_logins_that_have_run_out_are_not_listed(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    await log_in(client, "anna")
    old = Session.update(expires_at=now() - timedelta(seconds=1)).where(Session.address.is_null(False))
    await client.app[DATABASE].run(old.execute)
    assert len(await sessions_of(anna)) == 1


async def test_a_changed_password_ends_all_other_logins(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    phone = await log_in(client, "anna")
    async with await phone.listen() as socket:
        await socket.receive_json()
        change = {"old_password": PASSWORD, "new_password": NEW}
        assert (await anna.put("/api/auth/password", json=change)).status == 204
        await socket.receive(timeout=10)
        assert socket.close_code == 4401
    assert await is_in(anna)
    assert not await is_in(phone)
    refused = await client.post("/api/auth/token", json={"username": "anna", "password": PASSWORD})
    await problem(refused, 401, "wrong-credentials")
    assert await is_in(await log_in(client, "anna", NEW))


async def test_a_wrong_old_password_changes_nothing(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    phone = await log_in(client, "anna")
    answer = await anna.put("/api/auth/password", json={"old_password": "wrong", "new_password": NEW})
    assert fields(await problem(answer, 422, "wrong-password")) == ["old_password"]
    assert await is_in(phone)
    await log_in(client, "anna")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, ["old_password", "new_password"]),
        ({"old_password": PASSWORD, "new_password": "short"}, ["new_password"]),
        ({"old_password": "", "new_password": "x" * 1001}, ["old_password", "new_password"]),
        ({"old_password": [PASSWORD], "new_password": None}, ["old_password", "new_password"]),
    ],
)
async def test_a_password_that_cannot_be_is_refused(person: MakePerson, change: object, named: list[str]) -> None:
    anna = await person("anna")
    assert fields(await problem(await anna.put("/api/auth/password", json=change), 422, "invalid-fields")) == named


async def test_of_two_changes_at_once_one_stands(client: TestClient, person: MakePerson) -> None:
    anna = await person("anna")
    wishes = [f"{NEW} {number}" for number in range(4)]
    answers = await asyncio.gather(
        *(anna.put("/api/auth/password", json={"old_password": PASSWORD, "new_password": wish}) for wish in wishes)
    )
    statuses = [answer.status for answer in answers]
    assert sorted(statuses) == [204, 422, 422, 422]
    await log_in(client, "anna", wishes[statuses.index(204)])


async def test_no_login_survives_a_change_of_the_password_or_a_deactivation(
    client: TestClient, person: MakePerson
) -> None:
    """Logins are opened all the while: whichever comes first, the old password opens nothing that lasts."""
    anna = await person("anna")
    database = client.app[DATABASE]
    user = await database.run(User.get, User.username == "anna")

    async def opened() -> str | None:
        try:
            return await database.run(accounts.open_session, "anna", user.password_hash, 3600)
        except accounts.WrongCredentials:
            return None

    changes = [
        lambda: database.run(users.change_own_password, user.id, user.password_hash, "another hash", None),
        lambda: database.run(users.change, user.id, active=False, administrator=None),
    ]
    for change in changes:
        *tokens, _ = await asyncio.gather(*(opened() for _ in range(6)), change(), *(opened() for _ in range(6)))
        assert await opened() is None
        await database.run(User.update(active=True, password_hash=user.password_hash).execute)
        for token in tokens:
            if isinstance(token, str):
                assert not await is_in(Person(client, {"Authorization": f"Bearer {token}"}))
    assert not await is_in(anna)


# {token} is the owner's, {key} a key of the project; both are good in their places.
WRONG_PLACES = [
    ("params", {"token": "{token}"}),
    ("params", {"access_token": "{token}", "api_key": "{key}"}),
    ("headers", {"X-API-Key": "{token}"}),
    ("headers", {"Authorization": "Bearer {key}"}),
    ("headers", {"Authorization": "{token}"}),
    ("headers", {"Authorization": "Basic {token}"}),
    ("headers", {"Authorization": "Bearer {token} x"}),
    ("headers", {"Authorization": "Bearer x{token}"}),
    ("headers", {"X-API-Key": "{key}x"}),
    ("headers", {"Cookie": "token={token}; session={token}; access_token={token}"}),
    ("headers", {"X-Internal-Key": "{key}"}),
    ("headers", {"X-Forwarded-User": "administrator", "X-Remote-User": "administrator"}),
]


@pytest.mark.parametrize(("place", "values"), WRONG_PLACES)
async def test_a_token_in_a_wrong_place_opens_nothing(owner: Person, place: str, values: dict[str, str]) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    key = await (await owner.post(f"/api/projects/{project['id']}/keys", json={"name": "k"})).json()
    secrets = {"token": owner.headers["Authorization"].removeprefix("Bearer "), "key": key["key"]}
    sent = {place: {name: value.format(**secrets) for name, value in values.items()}}
    for path in ("/api/auth/me", "/api/auth/sessions", "/api/users"):
        await problem(await owner.client.get(path, **sent), 401, "not-authenticated")


async def test_a_key_has_no_logins_and_no_password(client: TestClient, owner: Person) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    new = {"name": "k", "role": "owner"}
    key = await (await owner.post(f"/api/projects/{project['id']}/keys", json=new)).json()
    program = Person(client, {"X-API-Key": key["key"]})
    await problem(await program.get("/api/auth/sessions"), 403, "not-permitted")
    await problem(await program.delete("/api/auth/sessions"), 403, "not-permitted")
    change = {"old_password": PASSWORD, "new_password": NEW}
    await problem(await program.put("/api/auth/password", json=change), 403, "not-permitted")
    assert await is_in(owner)
