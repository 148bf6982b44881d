"""Sending the same request again."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import Transcription
from tests.api.conftest import Person
from tests.api.leftovers import files_of, rows_of
from tests.api.problems import fields, problem
from tests.api.sound import tone

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


async def test_the_same_again_is_the_same_transcription(client: TestClient, editor: Person) -> None:
    first = await editor.upload(headers=KEY)
    again = await editor.upload(headers=KEY)
    assert (first.status, again.status) == (201, 200)
    assert (await first.json())["id"] == (await again.json())["id"]
    assert first.headers["Location"] == again.headers["Location"]
    assert len(files_of(client)) == 1


async def test_another_recording_or_other_options_need_another_key(client: TestClient, editor: Person) -> None:
    await editor.upload(headers=KEY)
    await problem(await editor.upload(tone(0.5), headers=KEY), 409, "idempotency-key-used")
    await problem(await editor.upload(headers=KEY, language="fr"), 409, "idempotency-key-used")
    assert len(files_of(client)) == 1
    assert (await rows_of(client))["Transcription"] == 1


async def test_twins_at_the_same_time_make_one_transcription(client: TestClient, editor: Person) -> None:
    answers = await asyncio.gather(*(editor.upload(headers=KEY) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({(await answer.json())["id"] for answer in answers}) == 1
    assert len(files_of(client)) == 1
    assert (await rows_of(client))["Transcription"] == 1
    assert (await rows_of(client))["Job"] == 1


async def test_a_key_belongs_to_its_project(editor: Person, stranger: Person) -> None:
    first = await editor.upload(headers=KEY)
    second = await stranger.upload(headers=KEY)
    assert (first.status, second.status) == (201, 201)


async def test_a_key_is_free_again_once_its_transcription_is_deleted(editor: Person) -> None:
    first = await (await editor.upload(headers=KEY)).json()
    await editor.delete(f"/api/transcriptions/{first['id']}")
    assert (await editor.upload(headers=KEY)).status == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "\udcff"])
async def test_a_key_that_cannot_be_kept_is_refused(editor: Person, key: str) -> None:
    body = await problem(await editor.upload(headers={"Idempotency-Key": key}), 422, "invalid-fields")
    assert fields(body) == ["Idempotency-Key"]


async def test_a_key_from_before_an_option_was_added_still_matches(client: TestClient, editor: Person) -> None:
    first = await (await editor.upload(headers=KEY)).json()

    def as_an_older_release_stored_it() -> None:
        older = {name: value for name, value in first["options"].items() if name != "task"}
        Transcription.update(options=older).where(Transcription.id == first["id"]).execute()

    await client.app[DATABASE].run(as_an_older_release_stored_it)
    again = await editor.upload(headers=KEY)
    assert (again.status, (await again.json())["id"]) == (200, first["id"])
