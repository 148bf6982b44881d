"""What is refused, in OpenAI's shape, and what is answered to whom."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient
from openai import AsyncOpenAI, AuthenticationError, NotFoundError, UnprocessableEntityError

from app.api.answers import OpenAIRefusal
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import assert_nothing_is_left
from tests.api.openai.conftest import MakeClient
from tests.api.openai.playing import SAID, answered, recording, write_down
from tests.api.sound import tone
from tests.api.worker import Worker

TRANSCRIPTIONS, TRANSLATIONS = "/v1/audio/transcriptions", "/v1/audio/translations"


async def refusal(answer: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Hold an answer against OpenAI's shape of errors, and return what is in it."""
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    body = await answer.json()
    OpenAIRefusal.model_validate(body, strict=True)
    assert body["error"]["code"] == code
    assert len(body["error"]["message"]) > 10
    assert answer.headers["X-Request-ID"]
    return body["error"]


async def send(who: Person, *fields: tuple[str, str], address: str = TRANSCRIPTIONS, **headers: str) -> ClientResponse:
    form = FormData()
    for name, value in fields:
        form.add_field(name, value)
    form.add_field("file", tone(), filename="tone.wav")
    return await who.post(address, data=form, headers=headers)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ([("response_format", "docx")], "response_format"),
        ([("temperature", "1.1")], "temperature"),
        ([("temperature", "nan")], "temperature"),
        ([("temperature", "warm")], "temperature"),
        ([("stream", "perhaps")], "stream"),
        ([("stream", "true"), ("response_format", "srt")], "stream"),
        ([("stream", "true"), ("response_format", "verbose_json")], "stream"),
        ([("timestamp_granularities[]", "word")], "timestamp_granularities"),
        ([("timestamp_granularities[]", "letter"), ("response_format", "verbose_json")], "timestamp_granularities"),
        ([("include[]", "logprobs")], "include"),
        ([("include", "logprobs")], "include"),
        ([("known_speaker_names[]", "Anna")], "known_speaker_names"),
        ([("known_speaker_references[]", "data:audio/wav;base64,AAAA")], "known_speaker_references"),
        ([("chunking_strategy", "manual")], "chunking_strategy"),
        ([("chunking_strategy", "{")], "chunking_strategy"),
        ([("chunking_strategy", "[" * 100_000)], "chunking_strategy"),
        ([("chunking_strategy", '{"type": "server_vad", "threshold": 0.5}')], "chunking_strategy"),
        ([("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5")], "chunking_strategy"),
        ([("languages[]", "en"), ("languages[]", "fr")], "languages"),
        ([("languages[]", "en"), ("language", "fr")], "languages"),
        ([("keywords[]", "x" * 600), ("keywords[]", "y" * 600)], "keywords"),
        ([("model", "m" * 101)], "model"),
        ([("model", "base"), ("model", "base")], "model"),
        ([("user", "anna")], "user"),
        ([("prompt", "\0")], "prompt"),
    ],
)
async def test_fields_that_do_not_fit(
    client: TestClient, editor: Person, fields: list[tuple[str, str]], param: str
) -> None:
    error = await refusal(await send(editor, *fields), 422, "invalid-fields")
    assert (error["param"] or "").startswith(param), error
    assert error["type"] == "invalid_request_error"
    await assert_nothing_is_left(client)


@pytest.mark.parametrize(
    ("address", "fields", "code", "param"),
    [
        (TRANSCRIPTIONS, [("language", "english")], "invalid-options", "language"),
        (TRANSCRIPTIONS, [("model", "../whisper/base")], "unknown-model", "model"),
        (TRANSCRIPTIONS, [("model", "tts-1")], "unknown-model", "model"),
        (TRANSCRIPTIONS, [("model", "tiny.en"), ("language", "fr")], "invalid-options", "language"),
        (TRANSLATIONS, [("model", "tiny.en")], "invalid-options", "task"),
        (TRANSLATIONS, [("response_format", "diarized_json")], "invalid-fields", "response_format"),
        (TRANSLATIONS, [("stream", "true")], "invalid-fields", "stream"),
        (TRANSLATIONS, [("language", "fr")], "invalid-fields", "language"),
    ],
)
async def test_what_cannot_be_done(
    client: TestClient, editor: Person, address: str, fields: list[tuple[str, str]], code: str, param: str
) -> None:
    error = await refusal(await send(editor, *fields, address=address), 422, code)
    assert error["param"] == param
    await assert_nothing_is_left(client)


async def test_bodies_that_are_no_recording(client: TestClient, editor: Person) -> None:
    no_file = FormData()
    no_file.add_field("model", "whisper-1")
    no_file.add_field("prompt", "x", content_type="text/plain")
    error = await refusal(await editor.post(TRANSCRIPTIONS, data=no_file), 422, "invalid-fields")
    assert error["param"] == "file"
    json = await editor.post(TRANSCRIPTIONS, json={"model": "whisper-1"})
    await refusal(json, 400, "bad-request")
    for content, status, code in ((b"", 422, "empty-upload"), (b"no sound" * 100, 415, "not-media")):
        form = FormData()
        form.add_field("file", content, filename="a.wav")
        error = await refusal(await editor.post(TRANSCRIPTIONS, data=form), status, code)
        assert error["type"] == "invalid_request_error"
    await refusal(await send(editor, *(("keywords[]", "x") for _ in range(100))), 400, "bad-request")
    await assert_nothing_is_left(client)


async def test_a_long_prompt_keeps_its_end(editor: Person, openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", prompt="a" * 5000 + "z" * 2000)

    async def play() -> None:
        order = await write_down(worker)
        assert order["options"]["initial_prompt"] == "z" * 2000

    assert (await answered(asking, play())).text == SAID


async def test_a_header_that_says_neither(client: TestClient, editor: Person) -> None:
    answer = await send(editor, **{"X-Vocalyx-Keep": "perhaps"})
    assert (await refusal(answer, 422, "invalid-fields"))["param"] == "X-Vocalyx-Keep"
    await assert_nothing_is_left(client)


async def test_addresses_that_are_not_there(editor: Person) -> None:
    await refusal(await editor.post("/v1/chat/completions", json={}), 404, "not-found")
    answer = await editor.get(TRANSCRIPTIONS)
    await refusal(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


# Credentials


async def test_a_key_is_a_bearer_token_here_and_nowhere_else(
    client: TestClient, key_of: Callable[[str], Awaitable[str]]
) -> None:
    key = await key_of("editor")
    bearer = Person(client, {"Authorization": f"Bearer {key}"})
    assert (await bearer.get("/v1/models")).status == 200
    assert (await Person(client, {"X-API-Key": key}).get("/v1/models")).status == 200
    for path in ("/api/models", "/api/transcriptions", "/api/auth/me"):
        assert (await bearer.get(path)).status == 401


@pytest.mark.parametrize("secret", ["vx_unknown", "sk-proj-unknown", "vx_\udcff"])
async def test_secrets_that_are_worth_nothing(client: TestClient, make_openai: MakeClient, secret: str) -> None:
    unknown = Person(client, {"Authorization": f"Bearer {secret}"})
    answer = await unknown.get("/v1/models")
    error = await refusal(answer, 401, "not-authenticated")
    assert error["type"] == "authentication_error"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert secret not in error["message"]
    if secret.isascii():
        with pytest.raises(AuthenticationError):
            await make_openai(secret).models.list()


async def test_without_credentials_there_is_nothing(client: TestClient) -> None:
    nobody = Person(client, {})
    for path in ("/v1/models", "/v1/models/whisper-1", "/v1/nothing"):
        await refusal(await nobody.get(path), 401, "not-authenticated")
    await refusal(await send(nobody), 401, "not-authenticated")


async def test_a_revoked_key_is_worth_nothing(
    owner: Person, project: str, make_openai: MakeClient, key_of: Callable[[str], Awaitable[str]]
) -> None:
    openai = make_openai(await key_of("editor"))
    await openai.models.list()
    (key,) = (await (await owner.get(f"/api/projects/{project}/keys")).json())["items"]
    assert (await owner.delete(f"/api/projects/{project}/keys/{key['id']}")).status == 204
    with pytest.raises(AuthenticationError):
        await openai.models.list()


async def test_a_login_with_several_projects_names_one(
    person: MakePerson, make_openai: MakeClient, worker: Worker
) -> None:
    anna = await person("anna", project="first")
    other = await (await anna.post("/api/projects", json={"name": "other"})).json()
    token = anna.headers["Authorization"].removeprefix("Bearer ")
    with pytest.raises(NotFoundError, match="first, other"):
        await make_openai(token).audio.transcriptions.create(file=recording(), model="whisper-1")
    key = await anna.post(f"/api/projects/{other['id']}/keys", json={"name": "k", "role": "editor"})
    of_openai = make_openai((await key.json())["key"], project="proj_of_openai")
    asking = of_openai.audio.transcriptions.create(file=recording(), model="whisper-1")
    assert (await answered(asking, write_down(worker))).text == SAID
    for name in (other["id"], "other"):
        openai = make_openai(token, project=name)
        asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1")
        assert (await answered(asking, write_down(worker))).text == SAID


async def test_nobody_sends_into_the_projects_of_others(
    client: TestClient, stranger: Person, editor: Person, make_openai: MakeClient
) -> None:
    token = stranger.headers["Authorization"].removeprefix("Bearer ")
    with pytest.raises(NotFoundError):
        await make_openai(token, project="first").audio.transcriptions.create(file=recording(), model="whisper-1")
    await assert_nothing_is_left(client)


# Models


async def test_models_by_their_names_and_by_openais(openai: AsyncOpenAI) -> None:
    listed = [model async for model in openai.models.list()]
    names = [model.id for model in listed]
    assert names[:2] == ["base", "tiny.en"]
    assert {"whisper-1", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize"} <= set(names)
    for model in listed:
        assert (model.object, model.owned_by) == ("model", "vocalyx")
        assert model.created > 0
        assert await openai.models.retrieve(model.id) == model


@pytest.mark.parametrize("name", ["whisper-large", "../base", "smollm2-135m-instruct", "%00"])
async def test_models_that_are_not_there(openai: AsyncOpenAI, name: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        await openai.models.retrieve(name)
    assert refused.value.type == "invalid_request_error"


async def test_a_model_that_is_not_there_writes_nothing_down(openai: AsyncOpenAI) -> None:
    with pytest.raises(UnprocessableEntityError, match=r"base, tiny\.en") as refused:
        await openai.audio.transcriptions.create(file=recording(), model="whisper-2")
    assert (refused.value.param, refused.value.code) == ("model", "unknown-model")
