"""What people say about a transcription: its name and its labels."""

from typing import Any

import pytest

from app.core.access import Role
from tests.api.conftest import MakePerson, Person
from tests.api.problems import fields, problem


async def sent(editor: Person) -> tuple[str, str]:
    created = await editor.uploaded()
    address = f"/api/transcriptions/{created['id']}"
    answer = await editor.get(address)
    assert answer.headers["ETag"] == (await answer.json())["etag"]
    return address, answer.headers["ETag"]


async def test_a_name_and_labels_are_given(editor: Person) -> None:
    address, etag = await sent(editor)
    body = {"name": " Comité d’été ", "labels": [" board ", "2026", "board"]}
    changed = await editor.patch(address, json=body, headers={"If-Match": etag})
    assert changed.status == 200, await changed.text()
    summary = await changed.json()
    assert (summary["name"], summary["labels"]) == ("Comité d’été", ["board", "2026"])
    assert changed.headers["ETag"] == summary["etag"] != etag
    read = await (await editor.get(address)).json()
    assert (read["name"], read["labels"], read["etag"]) == ("Comité d’été", ["board", "2026"], summary["etag"])
    only = await editor.patch(address, json={"labels": []}, headers={"If-Match": summary["etag"]})
    assert ((await only.json())["name"], (await only.json())["labels"]) == ("Comité d’été", [])


async def test_nobody_overwrites_what_they_have_not_read(editor: Person) -> None:
    address, etag = await sent(editor)
    await problem(await editor.patch(address, json={"name": "x"}), 428, "precondition-required")
    first = await editor.patch(address, json={"name": "first"}, headers={"If-Match": etag})
    refused = await editor.patch(address, json={"name": "second"}, headers={"If-Match": etag})
    body = await problem(refused, 412, "precondition-failed")
    assert body["current"]["name"] == "first"
    assert refused.headers["ETag"] == body["current"]["etag"] == first.headers["ETag"]
    for header in (f'"other", {first.headers["ETag"]}', "*"):
        assert (await editor.patch(address, json={"name": "third"}, headers={"If-Match": header})).status == 200
        first = await editor.patch(address, json={"name": "first"}, headers={"If-Match": "*"})
    weak = await editor.patch(address, json={"name": "x"}, headers={"If-Match": f"W/{first.headers['ETag']}"})
    await problem(weak, 412, "precondition-failed")
    for header in ("1", '"', '"a" "b"', "W/", '"a",', '"' + "x" * 2000 + '"'):
        refused = await editor.patch(address, json={"name": "x"}, headers={"If-Match": header})
        await problem(refused, 400, "bad-request")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"labels": [""]}, "labels.0"),
        ({"labels": ["x", "  "]}, "labels.1"),
        ({"labels": ["x" * 65]}, "labels.0"),
        ({"labels": ["x"] * 51}, "labels"),
        ({"labels": "x"}, "labels"),
        ({"labels": ["a\x00"]}, ""),
        ({"state": "done"}, "state"),
    ],
)
async def test_what_is_no_description_is_refused(editor: Person, body: Any, field: str) -> None:
    address, etag = await sent(editor)
    refused = await problem(await editor.patch(address, json=body, headers={"If-Match": etag}), 422, "invalid-fields")
    assert field in fields(refused)


async def test_listeners_are_told_of_a_change_and_of_nothing_else(editor: Person) -> None:
    address, etag = await sent(editor)
    async with await editor.listen() as socket:
        assert (await socket.receive_json())["type"] == "snapshot"
        for _ in range(2):
            answer = await editor.patch(address, json={"name": "new"}, headers={"If-Match": etag})
            etag = answer.headers["ETag"]
        await editor.delete(address)
        told = [await socket.receive_json(timeout=10) for _ in range(2)]
    assert [(message["type"], message.get("what")) for message in told] == [
        ("transcription.changed", "metadata"),
        ("transcription.deleted", None),
    ]
    assert told[0]["transcription"]["name"] == "new"


async def test_only_editors_describe(editor: Person, stranger: Person, person: MakePerson) -> None:
    address, etag = await sent(editor)
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    body, headers = {"name": "x"}, {"If-Match": etag}
    await problem(await viewer.patch(address, json=body, headers=headers), 403, "not-permitted")
    await problem(await stranger.patch(address, json=body, headers=headers), 404, "not-found")
    nobody = Person(editor.client, {})
    await problem(await nobody.patch(address, json=body, headers=headers), 401, "not-authenticated")
