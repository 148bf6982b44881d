"""A transcription that is read again and again: never as it was before, and by nobody who may not."""

import asyncio
import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api import readings
from app.api.keys import DATABASE, READINGS
from app.core.access import Role
from app.db import api_keys
from app.db.tables import Chunk, Job, Membership, Project, Segment, Speaker, Transcription
from tests.api.conftest import MakePerson, Person
from tests.api.instance import Instance
from tests.api.problems import problem
from tests.api.test_text_corrections import correct, recorded
from tests.api.worker import Worker


@pytest.fixture
async def address(editor: Person, worker: Worker) -> str:
    """A transcription that is at rest and was read before."""
    found = await recorded(editor, worker)
    await read(editor, found)
    return found


async def read(person: Person, address: str) -> dict[str, Any]:
    answer = await person.get(address)
    assert answer.status == 200, await answer.text()
    return await answer.json()


def is_kept(client: TestClient, address: str) -> bool:
    return uuid.UUID(address.rpartition("/")[2]) in client.app[READINGS]._kept


async def test_what_is_kept_is_what_there_is(client: TestClient, editor: Person, address: str) -> None:
    assert is_kept(client, address)
    first, again = await editor.get(address), await editor.get(address)
    assert await first.read() == await again.read()
    for header in ("Content-Type", "ETag", "Vary"):
        assert first.headers[header] == again.headers[header]
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]


async def test_every_change_is_in_the_next_answer(editor: Person, address: str) -> None:
    await editor.patch(address, json={"name": "Board", "labels": ["x"]}, headers={"If-Match": "*"})
    body = await read(editor, address)
    assert (body["name"], body["labels"]) == ("Board", ["x"])
    await correct(editor, address, 1, "And to you, dear colleague.")
    assert (await read(editor, address))["segments"][1]["text"] == "And to you, dear colleague."
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Zoë"})
    assert "Zoë" in [speaker["name"] for speaker in (await read(editor, address))["speakers"]]
    await editor.post(f"{address}/speakers/SPEAKER_01/merge", json={"into": "SPEAKER_00"})
    assert {segment["speaker"] for segment in (await read(editor, address))["segments"]} == {"SPEAKER_00"}


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        (Transcription, {"duration_seconds": 77.5}),
        (Segment, {"end_seconds": 99.0}),
        (Speaker, {"name": "Somebody"}),
        (Chunk, {"dropped": [{"start": 0, "end": 1, "text": "x", "reason": "silence"}]}),
        (Job, {"error": {"code": "x", "title": "x", "detail": "x", "remedy": "x"}}),
        (Project, {"name": "renamed"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_change_is_seen_whoever_made_it_and_wherever(
    client: TestClient, editor: Person, address: str, table: Any, changes: dict[str, Any]
) -> None:
    before = await read(editor, address)
    changed = await client.app[DATABASE].run(lambda: table.update(changes).execute())
    assert changed
    assert await read(editor, address) != before or table is Job
    assert (await read(editor, address)) == await fresh(client, editor, address)


async def fresh(client: TestClient, editor: Person, address: str) -> dict[str, Any]:
    client.app[READINGS]._forget(uuid.UUID(address.rpartition("/")[2]))
    return await read(editor, address)


async def test_a_change_at_another_instance_is_seen(
    editor: Person, address: str, second_instance: Instance, client: TestClient
) -> None:
    assert is_kept(client, address)
    elsewhere = await editor.client.session.patch(
        f"{second_instance.url}{address}", json={"name": "There"}, headers=editor.headers | {"If-Match": "*"}
    )
    assert elsewhere.status == 200
    assert (await read(editor, address))["name"] == "There"


async def test_who_may_read_is_asked_each_time(
    client: TestClient, editor: Person, stranger: Person, address: str, person: MakePerson
) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    assert await read(viewer, address) == await read(editor, address)
    await problem(await stranger.get(address), 404, "not-found")
    await problem(await client.get(address), 401, "not-authenticated")
    await client.app[DATABASE].run(lambda: Membership.delete().execute())
    await problem(await viewer.get(address), 404, "not-found")


async def test_a_credential_is_worth_nothing_the_moment_it_ends(
    client: TestClient, owner: Person, editor: Person, address: str
) -> None:
    project = (await read(editor, address))["project_id"]
    key, secret = await client.app[DATABASE].run(api_keys.create_key, uuid.UUID(project), "program", Role.VIEWER)
    program = Person(client, {"X-API-Key": secret})
    flood = [asyncio.create_task(program.get(address)) for _ in range(20)]
    assert {(await answer).status for answer in flood} == {200}
    flood = [asyncio.create_task(program.get(address)) for _ in range(20)]
    assert (await owner.delete(f"/api/projects/{project}/keys/{key.id}")).status == 204
    after = await asyncio.gather(*(program.get(address) for _ in range(20)))
    assert {answer.status for answer in after} == {401}
    await asyncio.gather(*flood)


async def test_what_is_deleted_is_gone(client: TestClient, editor: Person, address: str) -> None:
    assert (await editor.delete(address)).status == 204
    await problem(await editor.get(address), 404, "not-found")
    assert not is_kept(client, address)


async def test_what_is_worked_on_is_not_kept(client: TestClient, editor: Person) -> None:
    address = f"/api/transcriptions/{(await editor.uploaded())['id']}"
    await read(editor, address)
    assert not is_kept(client, address)


async def test_nothing_is_kept_for_long_and_no_more_than_there_is_room_for(
    client: TestClient, editor: Person, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "KEPT_SECONDS", 0.2)
    first = await recorded(editor, worker)
    size = len(await (await editor.get(first)).read())
    assert is_kept(client, first)
    async with asyncio.timeout(5):
        while is_kept(client, first):  # noqa: ASYNC110 - a timer tells nobody that it has struck
            await asyncio.sleep(0.02)
    monkeypatch.setattr(readings, "KEPT_SECONDS", 60.0)
    monkeypatch.setattr(readings, "KEPT_BYTES", size + 100)
    second = await recorded(editor, worker)
    await read(editor, first)
    await read(editor, second)
    assert (is_kept(client, first), is_kept(client, second)) == (False, True)
    monkeypatch.setattr(readings, "LARGEST_KEPT_BYTES", 10)
    await read(editor, first)
    assert not is_kept(client, first)
    assert client.app[READINGS]._bytes == sum(len(kept.body) for _, kept in client.app[READINGS]._kept.values())
