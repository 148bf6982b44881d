"""The audit log: what stands in it, who reads it, and that nothing in it changes."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import psycopg2
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from peewee import PeeweeException
from yarl import URL

from app.api.application import create_app
from app.api.keys import AUDITED_LATELY, DATABASE
from app.api.lately import Lately
from app.core.access import Role, Scope
from app.core.audit import Action, Actor, ActorKind, Source, current_source
from app.core.errors import Conflict
from app.db import accounts, api_keys, audit, projects
from app.db.database import Database
from app.db.tables import ApiKey, Project, now
from app.settings import Settings
from tests.api.conftest import PASSWORD, MakePerson, Person
from tests.api.problems import fields, problem
from tests.api.test_access import project_of
from tests.api.world import World, new_world

ENTRY = "insert into audit_entries (created_at, action, outcome, actor_kind, details) values (%s, %s, 'done', 'system', '{}')"


async def entries(reader: Person, path: str = "/api/audit", **query: Any) -> list[dict[str, Any]]:
    answer = await reader.get(path, params=query)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


async def test_an_entry_says_who_did_what_on_what_when_and_from_where(administrator: Person, owner: Person) -> None:
    project = await project_of(owner)
    before = now()
    made = await owner.post(f"/api/projects/{project}/keys", json={"name": "archive", "role": "viewer"})
    key = await made.json()
    [entry] = await entries(administrator, action="key.created")
    me = await (await owner.get("/api/auth/me")).json()
    assert before - dt.timedelta(seconds=1) <= dt.datetime.fromisoformat(entry.pop("at")) <= now()
    assert entry.pop("id") > 0
    assert entry == {
        "action": "key.created",
        "outcome": "done",
        "actor": {"kind": "user", "id": me["id"], "name": "owner"},
        "thing": {"kind": "key", "id": key["id"]},
        "project_id": project,
        "address": "127.0.0.1",
        "request_id": made.headers["X-Request-ID"],
        "details": {"name": "archive", "role": "viewer"},
    }
    program = Person(owner.client, {"X-API-Key": key["key"]})
    await problem(await program.post("/api/projects", json={"name": "x"}), 403, "not-permitted")
    [denied] = await entries(administrator, action="access.denied")
    assert denied["actor"] == {"kind": "key", "id": key["id"], "name": "key:archive"}


async def test_a_login_and_its_end(client: TestClient, administrator: Person, person: MakePerson) -> None:
    await person("anna")
    answer = await client.post("/api/auth/token", json={"username": "anna", "password": PASSWORD})
    token = (await answer.json())["access_token"]
    await client.delete("/api/auth/token", headers={"Authorization": f"Bearer {token}"})
    ended, succeeded, *_ = await entries(administrator, actor="anna")
    assert (ended["action"], succeeded["action"]) == ("login.ended", "login.succeeded")
    assert ended["thing"] == succeeded["thing"] == {"kind": "user", "id": ended["actor"]["id"]}
    assert succeeded["details"] == {"method": "password"}
    assert succeeded["request_id"] == answer.headers["X-Request-ID"]


async def test_a_login_that_fails_is_told_of_the_user_whom_it_was_for(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna = await (await (await person("anna")).get("/api/auth/me")).json()
    for username in ("anna", "a password in the wrong field"):
        answer = await client.post("/api/auth/token", json={"username": username, "password": "my secret word"})
        await problem(answer, 401, "wrong-credentials")
    unknown, known = await entries(administrator, action="login.failed")
    assert (known["thing"], unknown["thing"]) == ({"kind": "user", "id": anna["id"]}, None)
    assert known["actor"] == unknown["actor"] == {"kind": "nobody", "id": None, "name": None}
    assert {known["outcome"], unknown["outcome"]} == {"refused"}
    everything = str(await entries(administrator, limit="200"))
    assert "wrong field" not in everything
    assert "secret word" not in everything


async def test_what_was_denied_is_told_to_the_owners_of_what_it_was_about(
    administrator: Person, owner: Person, stranger: Person, person: MakePerson
) -> None:
    project = await project_of(owner)
    transcription = (await owner.uploaded())["id"]
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    for path in (f"/api/transcriptions/{transcription}", f"/api/projects/{project}", f"/api/tasks/{transcription}"):
        await problem(await stranger.get(path), 404, "not-found")
    await problem(await stranger.get("/api/transcriptions", params={"project": "first"}), 404, "not-found")
    await problem(await viewer.delete(f"/api/transcriptions/{transcription}"), 403, "not-permitted")
    found = await entries(owner, f"/api/projects/{project}/audit", action="access.denied")
    assert [(entry["actor"]["name"], entry["thing"], entry["details"]["route"]) for entry in found] == [
        ("viewer", {"kind": "transcription", "id": transcription}, "/api/transcriptions/{id}"),
        ("stranger", None, "/api/transcriptions"),
        ("stranger", {"kind": "transcription", "id": transcription}, "/api/tasks/{id}"),
        ("stranger", {"kind": "project", "id": project}, "/api/projects/{id}"),
        ("stranger", {"kind": "transcription", "id": transcription}, "/api/transcriptions/{id}"),
    ]
    assert {entry["outcome"] for entry in found} == {"refused"}
    assert [entry["details"]["code"] for entry in found] == ["not-permitted", *["not-found"] * 4]


async def test_what_is_not_there_was_not_denied(administrator: Person, stranger: Person) -> None:
    for path in (f"/api/transcriptions/{uuid.uuid4()}", f"/api/tasks/{uuid.uuid4()}", "/api/nothing", "/api/uploads/x"):
        await problem(await stranger.get(path), 404, "not-found")
    await problem(await stranger.get("/api/transcriptions", params={"project": "nothing"}), 404, "not-found")
    assert await entries(administrator, action="access.denied") == []


@pytest.mark.parametrize("name", ["%00", "%ED%A0%80", "%FF", "a%0Ab", "x" * 1000])
async def test_whatever_an_address_names_its_denial_is_told_of(
    administrator: Person, stranger: Person, name: str
) -> None:
    answer = await stranger.put(URL(f"/api/users/{name}/oidc", encoded=True), json={"subject": "x"})
    await problem(answer, 403, "not-permitted")
    [denied] = await entries(administrator, action="access.denied")
    assert denied["thing"]["kind"] == "user"
    assert len(denied["thing"]["id"]) <= 300


async def test_what_administrators_alone_may_do_is_told_to_the_owners_of_what_it_was_about(owner: Person) -> None:
    project = await project_of(owner)
    await problem(
        await owner.put(f"/api/projects/{project}/quota", json={"bytes": 1, "hours": 1}), 403, "not-permitted"
    )
    [denied] = await entries(owner, f"/api/projects/{project}/audit", action="access.denied")
    assert denied["thing"] == {"kind": "project", "id": project}


async def test_others_uploads_are_denied_in_the_words_of_what_is_not_there(client: TestClient) -> None:
    world = await new_world(client)
    outsider = Person(client, world.headers[next(caller for caller in world.headers if caller == "outsider")])
    denied = await problem(await outsider.get(f"/api/uploads/{world.things['upload']}"), 404, "not-found")
    missing = await problem(await outsider.get(f"/api/uploads/{uuid.uuid4()}"), 404, "not-found")
    for answer in (denied, missing):
        del answer["instance"], answer["request_id"]
    assert denied == missing


async def test_whoever_hammers_at_one_door_is_one_entry_a_minute(
    client: TestClient, administrator: Person, owner: Person, stranger: Person
) -> None:
    project = await project_of(owner)
    for _ in range(5):
        await stranger.get(f"/api/projects/{project}")
        await stranger.get(f"/api/projects/{project}/quota")
    assert len(await entries(administrator, action="access.denied")) == 2
    client.app[AUDITED_LATELY]._until.clear()
    await stranger.get(f"/api/projects/{project}")
    assert len(await entries(administrator, action="access.denied")) == 3


async def test_who_is_nobody_fills_the_log_with_no_names_of_things(client: TestClient, administrator: Person) -> None:
    """Each refusal names another thing; all of them come from somewhere else's page, with a cookie that may be anything."""
    for number in range(20):
        refused = await client.post(f"/api/transcriptions/{number}/cancel", headers={"Cookie": "vocalyx_session=x"})
        assert refused.status == 403
    assert len(await entries(administrator, action="access.denied")) == 1


async def test_nor_with_the_addresses_of_an_ipv6_site(settings: Settings) -> None:
    application = create_app(settings.model_copy(update={"trusted_proxies": "127.0.0.1"}))
    async with TestClient(TestServer(application)) as client:
        for address in [*(f"2001:db8::{number:x}" for number in range(1, 21)), "2001:db8:0:1::1"]:
            headers = {"Cookie": "vocalyx_session=x", "X-Forwarded-For": address}
            assert (await client.post("/api/transcriptions/1/cancel", headers=headers)).status == 403
        page = await client.app[DATABASE].run(audit.page)
    assert [entry["address"] for entry in page.items] == ["2001:db8:0:1::1", "2001:db8::1"]


@pytest.fixture
async def world(client: TestClient) -> World:
    return await new_world(client)


async def test_documents_and_recordings_that_are_taken_away(
    client: TestClient, administrator: Person, world: World
) -> None:
    reader = Person(client, world.headers[next(caller for caller in world.headers if caller == "viewer key")])
    address = f"/api/transcriptions/{world.things['transcription']}"
    assert (await reader.get(f"{address}.docx")).status == 200
    assert (await reader.get(address, headers={"Accept": "text/vtt"})).status == 200
    assert (await reader.get(f"{address}.json")).status == 200
    for first in range(5):
        assert (await reader.get(f"{address}/audio", headers={"Range": f"bytes={first}-{first + 9}"})).status == 206
    # Reading on the screen is none of it, nor asking how large something is.
    for path in (address, f"{address}/peaks", f"{address}/segments/0"):
        assert (await reader.get(path)).status == 200
    for path in (f"{address}.docx", f"{address}/audio"):
        assert (await reader.ask("HEAD", path)).status == 200
    found = await entries(administrator, action="transcription.exported")
    assert [entry["details"] for entry in found] == [{"format": name} for name in ("audio", "json", "vtt", "docx")]
    assert {entry["actor"]["name"] for entry in found} == {"key:program"}
    assert {entry["project_id"] for entry in found} == {world.things["project"]}


async def test_what_is_not_given_out_is_not_told_of(administrator: Person, editor: Person) -> None:
    transcription = (await editor.uploaded())["id"]
    await problem(await editor.get(f"/api/transcriptions/{transcription}.docx"), 409, "conflict")
    assert await entries(administrator, action="transcription.exported") == []


async def test_saying_what_is_so_already_is_no_change(administrator: Person, editor: Person) -> None:
    transcription = (await editor.uploaded())["id"]
    address, headers = f"/api/transcriptions/{transcription}", {"If-Match": "*"}
    for labels in (["a"], ["a"]):
        await editor.patch(address, json={"labels": labels}, headers=headers)
    [entry] = await entries(administrator, action="transcription.described")
    assert entry["details"] == {"changed": ["labels"]}


async def test_entries_are_narrowed_and_come_page_by_page(
    client: TestClient, administrator: Person, owner: Person
) -> None:
    project = await project_of(owner)
    for number in range(7):
        await owner.post(f"/api/projects/{project}/keys", json={"name": f"key {number}"})
    owner_id = (await (await owner.get("/api/auth/me")).json())["id"]
    seen: list[str] = []
    query: dict[str, Any] = {"actor": "owner", "action": "key.created", "limit": 3}
    while True:
        page = await (await administrator.get("/api/audit", params=query)).json()
        seen += [entry["details"]["name"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        # What comes meanwhile is in no page that is behind.
        await owner.post(f"/api/projects/{project}/keys", json={"name": "later"})
    assert seen == [f"key {number}" for number in range(6, -1, -1)]
    by_id = await entries(administrator, actor=owner_id, action="key.created", limit="200")
    assert by_id == await entries(administrator, project=project, action="key.created", limit="200")
    both = await administrator.get("/api/audit?action=key.created&action=project.created&limit=200")
    assert {entry["action"] for entry in (await both.json())["items"]} == {"key.created", "project.created"}
    newest = by_id[0]["at"].replace("+00:00", "Z")
    assert [entry["id"] for entry in await entries(administrator, after=newest, action="key.created")] == [
        by_id[0]["id"]
    ]
    earlier = await entries(administrator, before=newest, action="key.created", limit="200")
    assert [entry["id"] for entry in earlier] == [entry["id"] for entry in by_id[1:]]
    assert await entries(administrator, project=str(uuid.uuid4())) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"action": "everything"}, "action"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"after": "yesterday"}, "after"),
        ({"after": "1700000000"}, "after"),
        ({"actor": ""}, "actor"),
        ({"project": "first"}, "project"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyJhdWRpdCIsMS41XQ"}, "cursor"),
        ({"cursor": "WyJhdWRpdCIsdHJ1ZV0"}, "cursor"),
        ({"cursor": "WyJjcmVhdGVkLWRlc2MiLDFd"}, "cursor"),
        ({"everything": "yes"}, "everything"),
    ],
)
async def test_a_query_that_is_none(administrator: Person, query: dict[str, str], named: str) -> None:
    refused = await problem(await administrator.get("/api/audit", params=query), 422, "invalid-fields")
    assert fields(refused)[0].startswith(named)


async def test_owners_read_of_their_project_alone(owner: Person, stranger: Person, administrator: Person) -> None:
    project = await project_of(owner)
    found = await entries(owner, f"/api/projects/{project}/audit", limit="200")
    assert found
    assert {entry["project_id"] for entry in found} == {project}
    assert found == await entries(administrator, f"/api/projects/{project}/audit", limit="200")
    await problem(await stranger.get(f"/api/projects/{project}/audit"), 404, "not-found")
    await problem(await owner.get("/api/audit"), 403, "not-permitted")
    elsewhere = {"project": await project_of(stranger)}
    await problem(await owner.get(f"/api/projects/{project}/audit", params=elsewhere), 422, "invalid-fields")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        ("", ["203.0.113.7"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.0/8, 10.0.0.0/8", ["198.51.100.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["<script>"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
    ],
)
async def test_the_address_is_the_clients_where_a_trusted_proxy_says_so(
    settings: Settings, proxies: str, forwarded: list[str], expected: str
) -> None:
    application = create_app(settings.model_copy(update={"trusted_proxies": proxies}))
    async with TestClient(TestServer(application)) as client:
        headers = [("X-Forwarded-For", value) for value in forwarded]
        body = {"username": "x", "password": "y"}
        assert (await client.post("/api/auth/token", json=body, headers=headers)).status == 401
        page = await client.app[DATABASE].run(audit.page)
    assert [entry["address"] for entry in page.items] == [expected]


async def test_a_change_and_its_entry_stand_or_fall_together(client: TestClient, owner: Person) -> None:
    project = await project_of(owner)
    database = client.app[DATABASE]

    def fails() -> None:
        api_keys.create_key(uuid.UUID(project), "never", Role.VIEWER)
        raise Conflict

    with pytest.raises(Conflict):
        await database.run(fails)
    page = await database.run(audit.page, audit.Narrowed((Action.KEY_CREATED,)))
    assert page.items == []
    await _without_table(client)
    answer = await owner.post(f"/api/projects/{project}/keys", json={"name": "never"})
    await problem(answer, 500, "internal-error")
    assert await database.run(ApiKey.select().count) == 0


async def _without_table(client: TestClient) -> None:
    rename = "alter table audit_entries rename to audit_entries_away"
    await client.app[DATABASE].run(lambda: ApiKey._meta.database.execute_sql(rename))


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entries set details = '{}'",
        "delete from audit_entries",
        "truncate audit_entries",
        "insert into audit_entries values (1, now(), 'x', 'done', 'system', null, null, null, null, null, null, null, '{}')",
    ],
)
def test_nothing_in_it_is_changed_or_taken_out(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(ENTRY, (now(), "key.created"))
        with pytest.raises(psycopg2.DatabaseError):
            cursor.execute(statement)
        cursor.execute("select count(*) from audit_entries")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_what_is_old_leaves_by_the_one_door_and_that_is_told(database_url: str) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for days in (500, 401, 399, 0):
            cursor.execute(ENTRY, (now() - dt.timedelta(days=days), "key.created"))
    database = Database(database_url, connections=1)
    try:
        assert database.run_here(audit.purge, dt.timedelta(days=400)) == 2
        assert database.run_here(audit.purge, dt.timedelta(days=400)) == 0
        told, *kept = database.run_here(audit.page).items
        assert (told["action"], told["details"]) == ("audit.purged", {"entries": 2, "older_than_days": 400})
        assert len(kept) == 2

        def door_ajar() -> None:
            audit.purge(dt.timedelta(days=400))
            Project._meta.database.execute_sql("delete from audit_entries")

        with pytest.raises(PeeweeException, match="append-only"):
            database.run_here(door_ajar)
    finally:
        database.close()
        connection.close()


@pytest.mark.parametrize(("days", "left"), [(400, 1), (0, 2)])
async def test_an_instance_purges_by_itself(settings: Settings, database_url: str, days: int, left: int) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for age in (500, 1):
            cursor.execute(ENTRY, (now() - dt.timedelta(days=age), "key.created"))
    connection.close()
    application = create_app(settings.model_copy(update={"audit_days": days}))
    async with TestClient(TestServer(application)) as client:
        if days:
            async with asyncio.timeout(30):
                while not (await client.app[DATABASE].run(audit.page, audit.Narrowed((Action.AUDIT_PURGED,)))).items:
                    pass
        page = await client.app[DATABASE].run(audit.page, audit.Narrowed((Action.KEY_CREATED,)))
        assert len(page.items) == left


@given(
    deeds=st.lists(st.sampled_from(["create", "member", "rename", "fail"]), max_size=12),
)
@example_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_is_one_entry_a_deed_in_the_order_of_the_deeds(database_url: str, deeds: list[str]) -> None:
    database = Database(database_url, connections=1)
    mark = uuid.uuid4().hex
    source = current_source.set(Source(Actor(ActorKind.COMMAND, name=mark)))
    try:
        database.run_here(accounts.add_user, mark, "no hash")
        project = database.run_here(projects.create_project, mark, None)
        expected, role = ["user.created", "project.created"], None
        for number, deed in enumerate(deeds):
            if deed == "create":
                database.run_here(projects.create_project, f"{mark} {number}", None)
                expected.append("project.created")
            elif deed == "member":
                database.run_here(projects.set_member, project, mark, Role.VIEWER)
                expected.append("member.changed" if role else "member.added")
                role = Role.VIEWER
            elif deed == "rename":
                database.run_here(projects.change_project, project, name=f"{mark} r{number}", recognise_speakers=None)
                expected.append("project.changed")
            else:
                with pytest.raises(Conflict):
                    database.run_here(accounts.add_user, mark, "no hash")
        page = database.run_here(audit.page, audit.Narrowed(actor=mark), limit=200)
        assert [entry["action"] for entry in reversed(page.items)] == expected
    finally:
        current_source.reset(source)
        database.close()


def test_what_was_done_lately_is_forgotten_in_time_and_in_number() -> None:
    lately = Lately(most=3)
    for what in "abcd":
        lately.note(what, 60)
    assert [lately.knows(what) for what in "abcd"] == [False, True, True, True]
    lately.note("b", -1)
    assert not lately.knows("b")


async def test_a_key_without_the_scope_is_told_of_by_its_name(client: TestClient) -> None:
    world = await new_world(client)
    project = uuid.UUID(world.things["project"])
    _, secret = await client.app[DATABASE].run(
        api_keys.create_key, project, "narrow", Role.OWNER, [Scope.PROJECTS_READ]
    )
    await problem(await client.get("/api/search?q=word", headers={"X-API-Key": secret}), 403, "missing-scope")
    newest = (await client.app[DATABASE].run(audit.page)).items[0]
    assert (newest["action"], newest["outcome"], newest["actor"]["name"]) == ("access.denied", "refused", "key:narrow")
    assert newest["details"]["code"] == "missing-scope"
