"""The same content with the same options: answered from what is there, within a project, unless told otherwise."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import Transcription
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import files_of, rows_of
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.tus import begun

REUSE = {"reuse": "true"}


async def identity(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json())["id"]


async def test_what_is_there_answers(client: TestClient, editor: Person) -> None:
    first = await editor.uploaded(language="fr")
    again = await editor.upload(name="another-name.wav", language="fr", **REUSE)
    assert await identity(again) == (200, first["id"])
    assert again.headers["Location"] == f"/api/transcriptions/{first['id']}"
    # What is pinned to the site's default is the same option as the default named.
    assert await identity(await editor.upload(language="fr", model="base", **REUSE)) == (200, first["id"])
    assert len(files_of(client)) == 1
    assert (await rows_of(client))["Transcription"] == 1


async def test_it_is_so_by_default_and_for_an_upload_in_pieces(client: TestClient, editor: Person) -> None:
    first = await editor.uploaded()
    answer = await (await begun(editor, len(tone()))).patch(tone())
    assert (answer.status, answer.headers["X-Transcription-ID"]) == (204, first["id"])
    assert len(files_of(client)) == 1
    other = await (await begun(editor, len(tone()), reuse="false")).patch(tone())
    assert other.headers["X-Transcription-ID"] != first["id"]


@pytest.mark.parametrize("different", [{"language": "fr"}, {"prompts": '{"title": "Un titre."}'}, {"reuse": "false"}])
async def test_other_options_are_another_transcription(editor: Person, different: dict[str, str]) -> None:
    first = await editor.uploaded()
    status, second = await identity(await editor.upload(**(REUSE | different)))
    assert (status, second != first["id"]) == (201, True)


async def test_other_content_is_another_transcription(editor: Person) -> None:
    await editor.uploaded()
    assert (await editor.upload(tone(0.5), **REUSE)).status == 201


async def test_nothing_is_known_across_projects(editor: Person, stranger: Person, person: MakePerson) -> None:
    first = await editor.uploaded()
    status, theirs = await identity(await stranger.upload(**REUSE))
    assert (status, theirs != first["id"]) == (201, True)


@pytest.mark.parametrize("state", ["error", "cancelled"])
async def test_what_came_to_nothing_does_not_answer(client: TestClient, editor: Person, state: str) -> None:
    first = await editor.uploaded()
    await client.app[DATABASE].run(Transcription.update(state=state).execute)
    status, second = await identity(await editor.upload(**REUSE))
    assert (status, second != first["id"]) == (201, True)


async def test_what_an_older_release_stored_answers_too(client: TestClient, editor: Person) -> None:
    first = await editor.uploaded()
    options: dict[str, Any] = {name: value for name, value in first["options"].items() if name != "channels"}
    await client.app[DATABASE].run(Transcription.update(options=options).execute)
    assert await identity(await editor.upload(**REUSE)) == (200, first["id"])


async def test_twins_at_the_same_time_make_one_transcription(client: TestClient, editor: Person) -> None:
    answers = await asyncio.gather(*(editor.upload(**REUSE) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({(await answer.json())["id"] for answer in answers}) == 1
    assert len(files_of(client)) == 1


async def test_the_choice_is_a_boolean(editor: Person) -> None:
    assert fields(await problem(await editor.upload(reuse="perhaps"), 422, "invalid-fields")) == ["reuse"]
