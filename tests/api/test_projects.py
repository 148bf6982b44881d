"""Projects, members, keys and users."""

import pytest
from aiohttp.test_utils import TestClient

from app.core.access import Role
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import fields, problem


async def test_who_makes_a_project_owns_it(person: MakePerson) -> None:
    anna = await person("anna")
    made = await anna.post("/api/projects", json={"name": "Entretiens d'été"})
    project = await made.json()
    assert made.status == 201
    assert made.headers["Location"] == f"/api/projects/{project['id']}"
    assert (project["name"], project["role"]) == ("Entretiens d'été", "owner")
    read = await (await anna.get(f"/api/projects/{project['id']}")).json()
    assert read["members"] == [{"username": "anna", "role": "owner"}]


async def test_a_name_is_given_once(owner: Person, stranger: Person) -> None:
    await problem(await stranger.post("/api/projects", json={"name": "first"}), 409, "conflict")
    [mine] = (await (await stranger.get("/api/projects")).json())["items"]
    await problem(await stranger.patch(f"/api/projects/{mine['id']}", json={"name": "first"}), 409, "conflict")
    renamed = await stranger.patch(f"/api/projects/{mine['id']}", json={"name": "third"})
    assert (await renamed.json())["name"] == "third"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, 7, None, "two\nlines", "bell\x07", "nul\x00", "\ud800"])
async def test_a_name_is_one_line_of_text(owner: Person, name: object) -> None:
    await problem(await owner.post("/api/projects", json={"name": name}), 422, "invalid-fields")


async def test_members_come_change_and_go(owner: Person, person: MakePerson) -> None:
    ben = await person("ben@example.org")
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    members = f"/api/projects/{project['id']}/members"
    await problem(await owner.put(f"{members}/nobody", json={"role": "viewer"}), 404, "not-found")
    body = await problem(await owner.put(f"{members}/{ben.name}", json={"role": "king"}), 422, "invalid-fields")
    assert fields(body) == ["role"]
    for role in Role:
        assert (await owner.put(f"{members}/{ben.name}", json={"role": role})).status == 200
        [seen] = (await (await ben.get("/api/projects")).json())["items"]
        assert seen["role"] == role
    assert (await owner.delete(f"{members}/{ben.name}")).status == 204
    await problem(await owner.delete(f"{members}/{ben.name}"), 404, "not-found")
    assert (await (await ben.get("/api/projects")).json())["items"] == []


async def test_a_key_is_shown_once_and_worth_nothing_once_revoked(client: TestClient, owner: Person) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    keys = f"/api/projects/{project['id']}/keys"
    made = await (await owner.post(keys, json={"name": "call centre", "role": "viewer"})).json()
    program = Person(client, {"X-API-Key": made["key"]})
    me = await (await program.get("/api/auth/me")).json()
    known = {"id": None, "name": "key:call centre", "administrator": False, "roles": {project["id"]: "viewer"}}
    assert me == known | {"scopes": None, "expires_at": None, "password_change_due": False}
    await problem(await program.upload(), 403, "not-permitted")
    [listed] = (await (await owner.get(keys)).json())["items"]
    assert "key" not in listed
    assert made["key"].startswith(listed["prefix"])
    assert listed["last_used_at"]

    assert (await owner.delete(f"{keys}/{made['id']}")).status == 204
    await problem(await program.get("/api/auth/me"), 401, "not-authenticated")
    await problem(await owner.delete(f"{keys}/{made['id']}"), 404, "not-found")


async def test_a_project_with_recordings_is_not_deleted_in_passing(owner: Person) -> None:
    transcription = await owner.uploaded()
    project = f"/api/projects/{transcription['project_id']}"
    await problem(await owner.delete(project), 409, "conflict")
    assert (await owner.delete(f"/api/transcriptions/{transcription['id']}")).status == 204
    assert (await owner.delete(project)).status == 204
    await problem(await owner.get(project), 404, "not-found")


async def test_administrators_make_users_who_can_log_in(client: TestClient, administrator: Person) -> None:
    new = {"username": "élodie@example.org", "password": PASSWORD}
    made = await administrator.post("/api/users", json=new)
    assert made.status == 201
    told = await made.text()
    assert PASSWORD not in told
    assert "argon2" not in told
    assert (await client.post("/api/auth/token", data=new)).status == 200
    await problem(await administrator.post("/api/users", json=new), 409, "conflict")
    listed = await (await administrator.get("/api/users")).json()
    assert [user["username"] for user in listed["items"]] == ["administrator", "élodie@example.org"]


@pytest.mark.parametrize(
    ("user", "named"),
    [
        ({"username": "a b", "password": PASSWORD}, ["username"]),
        ({"username": "a\n", "password": PASSWORD}, ["username"]),
        ({"username": "a", "password": "short"}, ["password"]),
        ({"username": "a", "password": PASSWORD, "administrator": "perhaps"}, ["administrator"]),
    ],
)
async def test_a_user_who_cannot_be_is_refused(administrator: Person, user: object, named: list[str]) -> None:
    assert fields(await problem(await administrator.post("/api/users", json=user), 422, "invalid-fields")) == named
