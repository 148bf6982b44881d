"""Notes on passages: written, changed by whoever has read them, kept while the recording is held."""

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import reading
from app.api.documentation.access import Caller
from tests.api.problems import problem
from tests.api.world import World, new_world


@pytest.fixture
async def world(client: TestClient) -> World:
    return await new_world(client)


def _at(world: World, note: str = "") -> str:
    return f"/api/transcriptions/{world.things['transcription']}/notes{note and '/' + note}"


async def test_notes_are_read_in_order_of_time(client: TestClient, world: World) -> None:
    headers = world.headers[Caller.EDITOR]
    for start, text in ((8.0, "late"), (0.0, "early\nand on two lines")):
        answer = await client.post(_at(world), json={"start": start, "end": start, "text": text}, headers=headers)
        assert answer.status == 201
        assert answer.headers["ETag"] == (await answer.json())["etag"]
    answer = await client.get(_at(world), headers=world.headers[Caller.VIEWER])
    listed = reading.NoteList.model_validate_json(await answer.text(), strict=True)
    assert [note.text for note in listed.items] == ["early\nand on two lines", "Look here.", "late"]


async def test_nobody_overwrites_a_note_that_they_have_not_read(client: TestClient, world: World) -> None:
    headers, at = world.headers[Caller.EDITOR], _at(world, world.things["note"])
    tag = {"If-Match": '"1"'}
    assert (await client.patch(at, json={"text": "First."}, headers=headers | tag)).status == 200
    body = await problem(
        await client.patch(at, json={"text": "Second."}, headers=headers | tag), 412, "precondition-failed"
    )
    assert body["current"]["text"] == "First."


@pytest.mark.parametrize(
    "body",
    [
        {"start": 2, "end": 1, "text": "x"},
        {"start": -1, "end": 1, "text": "x"},
        {"start": 0, "end": 1e300, "text": "x"},
        {"start": 0, "end": 1, "text": "   "},
        {"start": 0, "end": 1, "text": "a\x07b"},
        {"start": 0, "end": 1, "text": "x" * 4001},
        {"start": 0, "end": 1, "text": "x", "by": "somebody else"},
    ],
)
async def test_a_note_that_is_none(client: TestClient, world: World, body: dict[str, object]) -> None:
    await problem(await client.post(_at(world), json=body, headers=world.headers[Caller.EDITOR]), 422, "invalid-fields")


async def test_while_it_is_held_no_note_is_lost(client: TestClient, world: World) -> None:
    headers, at = world.headers[Caller.OWNER], _at(world, world.things["note"])
    hold = f"/api/transcriptions/{world.things['transcription']}/legal-hold"
    assert (await client.put(hold, json={"reason": "A case."}, headers=headers)).status == 200
    await problem(await client.delete(at, headers=headers), 409, "legal-hold")
    changed = await client.patch(at, json={"text": "x"}, headers=headers | {"If-Match": "*"})
    await problem(changed, 409, "legal-hold")
    new = await client.post(_at(world), json={"start": 0, "end": 1, "text": "x"}, headers=headers)
    assert new.status == 201


async def test_a_note_is_found_in_its_recording_alone(client: TestClient, world: World) -> None:
    other = await new_world(client)
    at = _at(other, world.things["note"])
    await problem(await client.delete(at, headers=other.headers[Caller.OWNER]), 404, "not-found")
