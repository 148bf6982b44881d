"""Who may do what: every address against everybody."""

import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.core.access import Role
from tests.api.conftest import MakePerson, Person
from tests.api.problems import problem
from tests.api.tus import begun

CAST = ("anonymous", "stranger", "viewer", "editor", "owner", "administrator", "key")

OPEN_TO_ALL_USERS = dict.fromkeys(CAST, 200) | {"anonymous": 401}


def reachable_by(needed: Role, success: int = 200) -> dict[str, int]:
    """Statuses by role: strangers are not told that there is anything; the key in the cast is an editor's."""
    roles = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "owner": Role.OWNER, "key": Role.EDITOR}
    answers = {name: success if role.covers(needed) else 403 for name, role in roles.items()}
    return answers | {"anonymous": 401, "stranger": 404, "administrator": success}


ADMINISTRATORS = dict.fromkeys(CAST, 403) | {"anonymous": 401}

# Method, path, JSON body, status by who asks. {p} is the project, {t} a queued transcription in it, {u} an upload to it.
ROUTES: list[tuple[str, str, Any, dict[str, int]]] = [
    ("GET", "/api/auth/me", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/models", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/user/transcriptions", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/user/transcriptions/count", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/user/transcriptions/{t}", None, reachable_by(Role.VIEWER)),
    ("GET", "/api/user/me", None, OPEN_TO_ALL_USERS | {"key": 403}),
    ("GET", "/api/user/projects", None, OPEN_TO_ALL_USERS | {"key": 403}),
    ("GET", "/api/tasks/{t}", None, reachable_by(Role.VIEWER)),
    ("GET", "/v1/models", None, OPEN_TO_ALL_USERS),
    ("GET", "/v1/models/whisper-1", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/projects", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/transcriptions", None, OPEN_TO_ALL_USERS),
    ("GET", "/api/projects/{p}", None, reachable_by(Role.VIEWER)),
    ("PATCH", "/api/projects/{p}", {"name": "first"}, reachable_by(Role.OWNER)),
    ("GET", "/api/projects/{p}/keys", None, reachable_by(Role.OWNER)),
    ("POST", "/api/projects/{p}/keys", {"name": "another"}, reachable_by(Role.OWNER, 201)),
    ("DELETE", "/api/projects/{p}/keys/{nothing}", None, reachable_by(Role.OWNER, 404)),
    ("PUT", "/api/projects/{p}/members/viewer", {"role": "viewer"}, reachable_by(Role.OWNER)),
    ("DELETE", "/api/projects/{p}/members/nobody", None, reachable_by(Role.OWNER, 404)),
    ("DELETE", "/api/projects/{p}", None, reachable_by(Role.OWNER, 409)),
    ("GET", "/api/projects/{p}/quota", None, reachable_by(Role.VIEWER)),
    ("PUT", "/api/projects/{p}/quota", {"bytes": None, "hours": None}, ADMINISTRATORS | {"administrator": 200}),
    ("GET", "/api/projects/{p}/vocabulary", None, reachable_by(Role.VIEWER)),
    ("PUT", "/api/projects/{p}/vocabulary", {"hotwords": None, "initial_prompt": None}, reachable_by(Role.OWNER)),
    ("GET", "/api/admin/storage", None, ADMINISTRATORS | {"administrator": 200}),
    ("OPTIONS", "/api/uploads", None, dict.fromkeys(CAST, 204) | {"anonymous": 401}),
    ("GET", "/api/uploads/{u}", None, reachable_by(Role.EDITOR)),
    ("GET", "/api/transcriptions?project={p}", None, reachable_by(Role.VIEWER)),
    ("GET", "/api/transcriptions/{t}", None, reachable_by(Role.VIEWER)),
    ("HEAD", "/api/transcriptions/{t}", None, reachable_by(Role.VIEWER)),
    ("GET", "/api/transcriptions/{t}.txt", None, reachable_by(Role.VIEWER, 409)),
    ("GET", "/api/transcriptions/{t}.docx", None, reachable_by(Role.VIEWER, 409)),
    ("GET", "/api/transcriptions/{t}/audio", None, reachable_by(Role.VIEWER)),
    ("HEAD", "/api/transcriptions/{t}/audio", None, reachable_by(Role.VIEWER)),
    ("GET", "/api/transcriptions/{t}/peaks", None, reachable_by(Role.VIEWER, 409)),
    ("POST", "/api/transcriptions/{t}/retry", None, reachable_by(Role.EDITOR, 409)),
    ("POST", "/api/transcriptions/{t}/cancel", None, reachable_by(Role.EDITOR)),
    ("DELETE", "/api/transcriptions/{nothing}", None, dict.fromkeys(CAST, 404) | {"anonymous": 401}),
    ("GET", "/api/users", None, ADMINISTRATORS | {"administrator": 200}),
    ("POST", "/api/users", {"username": "new", "password": "a long enough one"}, ADMINISTRATORS | {"administrator": 201}),
]  # fmt: skip

Cast = dict[str, Person]


@pytest.fixture
async def cast(client: TestClient, person: MakePerson) -> Cast:
    people = {
        "anonymous": Person(client, {}),
        "stranger": await person("stranger", project="second", role=Role.OWNER),
        "administrator": await person("administrator", administrator=True),
    }
    for role in Role:
        people[role] = await person(role, project="first", role=role)
    project = await project_of(people["owner"])
    made = await people["owner"].post(f"/api/projects/{project}/keys", json={"name": "program"})
    people["key"] = Person(client, {"X-API-Key": (await made.json())["key"]})
    return people


async def project_of(person: Person) -> str:
    items = (await (await person.get("/api/projects")).json())["items"]
    return next(item["id"] for item in items)


async def test_every_route_against_everybody(cast: Cast) -> None:
    places = {
        "p": await project_of(cast["owner"]),
        "t": (await cast["editor"].uploaded())["id"],
        "u": (await begun(cast["editor"], 10)).path.rpartition("/")[2],
        "nothing": uuid.uuid4(),
    }
    found = {}
    for method, path, body, _ in ROUTES:
        found[method, path] = {
            who: (await cast[who].ask(method, path.format(**places), json=body)).status for who in CAST
        }
    assert found == {(method, path): expected for method, path, _, expected in ROUTES}


async def test_deleting_and_sending_against_everybody(cast: Cast) -> None:
    project = await project_of(cast["owner"])
    expected = reachable_by(Role.EDITOR, 201)
    assert {who: (await cast[who].upload(project=project)).status for who in CAST} == expected
    found = {}
    for who in CAST:
        transcription = (await cast["editor"].uploaded())["id"]
        found[who] = (await cast[who].delete(f"/api/transcriptions/{transcription}")).status
    assert found == reachable_by(Role.EDITOR, 204)


async def test_lists_hold_what_one_may_see_and_no_more(cast: Cast) -> None:
    mine = (await cast["editor"].uploaded())["id"]
    theirs = (await cast["stranger"].uploaded())["id"]

    async def listed(who: str) -> set[str]:
        answer = await (await cast[who].get("/api/transcriptions")).json()
        return {item["id"] for item in answer["items"]}

    assert await listed("viewer") == {mine}
    assert await listed("key") == {mine}
    assert await listed("stranger") == {theirs}
    assert await listed("administrator") == {mine, theirs}


async def test_a_key_makes_no_projects(cast: Cast) -> None:
    await problem(await cast["key"].post("/api/projects", json={"name": "x"}), 403, "not-permitted")


async def test_a_project_named_like_the_id_of_another_is_not_mistaken_for_it(cast: Cast) -> None:
    victim = await project_of(cast["owner"])
    decoy = await (await cast["owner"].post("/api/projects", json={"name": victim})).json()
    assert (await (await cast["owner"].get(f"/api/projects/{victim}")).json())["name"] == "first"
    await problem(await cast["stranger"].get(f"/api/projects/{victim}"), 404, "not-found")
    assert (await cast["owner"].uploaded(project=victim))["project_id"] == victim
    assert (await cast["owner"].delete(f"/api/projects/{decoy['id']}")).status == 204


@pytest.mark.parametrize("member", ["viewer", "editor"])
async def test_a_removed_member_sees_nothing_any_more(cast: Cast, member: str) -> None:
    project = await project_of(cast["owner"])
    transcription = (await cast["editor"].uploaded())["id"]
    assert (await cast["owner"].delete(f"/api/projects/{project}/members/{member}")).status == 204
    await problem(await cast[member].get(f"/api/transcriptions/{transcription}"), 404, "not-found")
    await problem(await cast[member].get(f"/api/projects/{project}"), 404, "not-found")
