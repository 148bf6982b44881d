"""What a project's recordings are expected to speak of, and which recordings hear of it."""

import uuid
from typing import Any

import pytest

from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.tus import begun

WORDS = {"hotwords": "Anneliese, Vocalyx", "initial_prompt": "Compte rendu de la réunion."}


@pytest.fixture
async def address(owner: Person, editor: Person) -> str:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    return f"/api/projects/{project['id']}/vocabulary"


def heard(transcription: dict[str, Any]) -> dict[str, Any]:
    return {name: transcription["options"][name] for name in WORDS}


async def test_it_is_set_by_owners_and_read_by_members(address: str, owner: Person, editor: Person) -> None:
    assert await (await editor.get(address)).json() == {"hotwords": None, "initial_prompt": None}
    answer = await owner.put(address, json={"hotwords": f"  {WORDS['hotwords']}\n", "initial_prompt": "  "})
    assert answer.status == 200, await answer.text()
    assert await answer.json() == {"hotwords": WORDS["hotwords"], "initial_prompt": None}
    assert await (await editor.get(address)).json() == await answer.json()
    await problem(await editor.put(address, json=WORDS), 403, "not-permitted")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["hotwords", "initial_prompt"]),
        ({"hotwords": 3, "initial_prompt": None}, ["hotwords"]),
        ({"hotwords": "x" * 1001, "initial_prompt": "x" * 2001}, ["hotwords", "initial_prompt"]),
        ({"hotwords": "a\x00b", "initial_prompt": None}, None),
        (WORDS | {"language": "fr"}, ["language"]),
    ],
)
async def test_what_is_none(address: str, owner: Person, body: Any, named: list[str] | None) -> None:
    found = await problem(await owner.put(address, json=body), 422, "invalid-fields")
    if named is not None:
        assert fields(found) == named


async def test_recordings_get_it_by_whatever_way_they_come(address: str, owner: Person, editor: Person) -> None:
    before = await editor.uploaded()
    await owner.put(address, json=WORDS)
    assert heard(before) == dict.fromkeys(WORDS)
    assert heard(await editor.uploaded()) == WORDS
    assert heard(await editor.uploaded(hotwords="Bruno")) == WORDS | {"hotwords": "Bruno"}
    upload = await begun(editor, 5000)
    assert heard(await (await editor.get(upload.path)).json()) == WORDS
    ordered = await editor.post("/api/transcriptions", json={"url": "http://recordings.example.invalid/x.wav"})
    assert ordered.status == 201, await ordered.text()
    assert heard(await ordered.json()) == WORDS


async def test_the_same_with_another_vocabulary_is_not_the_same(address: str, owner: Person, editor: Person) -> None:
    first = await editor.uploaded(reuse="true")
    assert (await (await editor.upload(reuse="true")).json())["id"] == first["id"]
    await owner.put(address, json=WORDS)
    assert (await editor.uploaded(reuse="true"))["id"] != first["id"]


async def test_a_key_means_the_recording_with_the_vocabulary_of_then(
    address: str, owner: Person, editor: Person
) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert (await editor.upload(headers=key)).status == 201
    assert (await editor.upload(headers=key)).status == 200
    await owner.put(address, json=WORDS)
    assert (await editor.upload(headers=key)).status == 409


async def test_the_log_says_that_it_changed_and_not_its_words(address: str, owner: Person) -> None:
    await owner.put(address, json=WORDS)
    query = {"action": "vocabulary.changed"}
    [entry] = (await (await owner.get(address.replace("vocabulary", "audit"), params=query)).json())["items"]
    assert entry["details"] == {name: len(text) for name, text in WORDS.items()}
