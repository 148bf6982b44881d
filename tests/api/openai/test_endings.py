"""What becomes of a recording when its request ends: in time or not, well or not, or by the client's leaving."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp.test_utils import TestClient
from openai import APIStatusError, AsyncOpenAI, InternalServerError

from app.api.keys import HUB
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.instance import Instance
from tests.api.leftovers import assert_nothing_is_left, rows_of
from tests.api.openai.conftest import MakeClient
from tests.api.openai.playing import GOODBYE, HELLO, SAID, SECONDS, answered, assert_removed, recording, write_down
from tests.api.worker import Worker, text

KEEP = {"X-Vocalyx-Keep": "true"}


async def test_it_stays_where_that_is_asked_for(openai: AsyncOpenAI, editor: Person, worker: Worker) -> None:
    asking = openai.audio.transcriptions.with_raw_response.create(
        file=recording(), model="whisper-1", extra_headers=KEEP
    )
    answer = await answered(asking, write_down(worker))
    found = await editor.read(answer.headers["x-transcription-id"])
    assert (found["state"], found["name"]) == ("done", "greetings.wav")
    assert [segment["text"] for segment in found["segments"]] == [HELLO["text"], GOODBYE["text"]]


async def test_the_same_key_again_gives_the_same_text(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    def ask() -> Awaitable[str]:
        return openai.audio.transcriptions.create(
            file=recording(), model="whisper-1", response_format="text", extra_headers={"Idempotency-Key": "one"}
        )

    *twins, _ = await asyncio.gather(ask(), ask(), write_down(worker))
    later = await asyncio.wait_for(ask(), 10)
    assert {*twins, later} == {SAID + "\n"}
    assert (await rows_of(client))["Transcription"] == 1


async def test_nobody_is_given_what_is_to_be_deleted(
    client: TestClient, openai: AsyncOpenAI, editor: Person, worker: Worker
) -> None:
    same = {"diarization": "false", "enrichment": "false", "reuse": "true"}
    lasting = await editor.uploaded(**same)
    asking = asyncio.create_task(openai.audio.transcriptions.create(file=recording(), model="whisper-1"))
    async with asyncio.timeout(SECONDS):
        while (await rows_of(client))["Transcription"] < 2:  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(0.02)
        first, second = (await (await editor.get("/api/transcriptions")).json())["items"]
        assert first["options"] == second["options"]
        assert (await (await editor.upload(**same)).json())["id"] == lasting["id"]
        for _ in range(4):
            await worker.do_next()
        assert (await asking).text == "Words of chunk 0."
    assert (await editor.read(lasting["id"]))["state"] == "done"
    assert (await rows_of(client))["Transcription"] == 1


async def test_many_wait_at_once_and_hold_up_nobody(
    client: TestClient, openai: AsyncOpenAI, editor: Person, worker: Worker
) -> None:
    """More than there are connections to the database, or threads of any kind on a small machine."""
    waiting = [
        asyncio.create_task(openai.audio.transcriptions.create(file=recording(), model="whisper-1")) for _ in range(12)
    ]
    async with asyncio.timeout(3 * SECONDS):
        while (await rows_of(client))["Transcription"] < len(waiting):  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(0.02)
        assert (await editor.get("/api/transcriptions")).status == 200
        assert not any(task.done() for task in waiting)
        for _ in range(2 * len(waiting)):
            await worker.do_next()
        assert {(await task).text for task in waiting} == {"Words of chunk 0."}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_away_takes_its_recording_with_it(
    client: TestClient, openai: AsyncOpenAI, worker: Worker, stream: bool
) -> None:
    async def ask() -> None:
        answer = await openai.audio.transcriptions.create(file=recording(), model="whisper-1", stream=stream)
        if stream:
            async for _ in answer:
                pass

    asking = asyncio.create_task(ask())
    await worker.plan((0.0, 10.0))
    order = await worker.claim()
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    await assert_removed(client)
    status, _ = await worker.report(order, "result", text=text(HELLO))
    assert status in (404, 410)


async def test_what_is_to_be_kept_survives_its_client(openai: AsyncOpenAI, editor: Person, worker: Worker) -> None:
    asking = asyncio.create_task(
        openai.audio.transcriptions.create(file=recording(), model="whisper-1", extra_headers=KEEP)
    )
    await worker.plan((0.0, 10.0))
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    order = await worker.claim()
    assert await worker.report(order, "result", text=text(HELLO)) == (200, {"accepted": True})
    assert (await editor.read(order["transcription_id"]))["state"] == "done"


async def test_one_that_takes_too_long_is_left_for_later(
    settings: Settings, openai: AsyncOpenAI, editor: Person, worker: Worker
) -> None:
    settings.openai_wait = 1
    retrying = openai.with_options(max_retries=2)
    with pytest.raises(InternalServerError) as late:
        await asyncio.wait_for(retrying.audio.transcriptions.create(file=recording(), model="whisper-1"), 10)
    assert (late.value.status_code, late.value.code) == (504, "not-finished-in-time")
    await write_down(worker)
    items = (await (await editor.get("/api/transcriptions")).json())["items"]
    assert len(items) == 1, "the client sent it again"
    assert items[0]["id"] in late.value.message
    plain = await editor.get(f"/api/transcriptions/{items[0]['id']}.txt")
    assert await plain.text() == SAID + "\n"


async def test_the_end_may_be_reported_to_another_instance(
    second_instance: Instance, openai: AsyncOpenAI, worker: Worker
) -> None:
    there = openai.with_options(base_url=f"{second_instance.url}/v1")
    asking = there.audio.transcriptions.create(file=recording(), model="whisper-1")
    assert (await answered(asking, write_down(worker))).text == SAID
    stream = await there.audio.transcriptions.create(file=recording(), model="whisper-1", stream=True)
    await write_down(worker)
    assert [event async for event in stream][-1].text == SAID


async def test_an_instance_that_stops_sends_its_clients_to_another(
    client: TestClient, openai: AsyncOpenAI, worker: Worker
) -> None:
    asking = asyncio.create_task(openai.audio.transcriptions.create(file=recording(), model="whisper-1"))
    await worker.next_job()
    client.app[HUB].close()
    with pytest.raises(InternalServerError) as stopped:
        await asyncio.wait_for(asking, 10)
    assert stopped.value.status_code == 503
    assert stopped.value.response.headers["retry-after"] == "5"
    assert "x-should-retry" not in stopped.value.response.headers
    await assert_removed(client)


@pytest.mark.parametrize(
    ("code", "status"), [("damaged-media", 422), ("unknown-model", 422), ("out-of-memory", 500), ("", 500)]
)
async def test_a_failure_is_the_answer(
    client: TestClient, openai: AsyncOpenAI, worker: Worker, code: str, status: int
) -> None:
    async def fail() -> None:
        order = await worker.claim()
        await worker.report(order, "failure", code=code, detail="So it is.", remedy="Do this.", retryable=False)

    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1")
    with pytest.raises(APIStatusError, match=r"So it is\. Do this\.") as failed:
        await answered(asking, fail())
    assert failed.value.status_code == status
    await assert_removed(client)


@pytest.mark.parametrize("verb", ["cancel", "delete"])
async def test_somebody_else_ends_it(
    client: TestClient, openai: AsyncOpenAI, editor: Person, worker: Worker, verb: str
) -> None:
    async def end() -> None:
        path = f"/api/transcriptions/{(await worker.claim())['transcription_id']}"
        answer = await (editor.delete(path) if verb == "delete" else editor.post(f"{path}/cancel"))
        assert answer.status in (200, 204)

    retrying = openai.with_options(max_retries=2)
    with pytest.raises(APIStatusError) as ended:
        await answered(retrying.audio.transcriptions.create(file=recording(), model="whisper-1"), end())
    assert ended.value.status_code == 409
    await assert_removed(client)


async def test_text_whose_speakers_are_not_known_is_kept(openai: AsyncOpenAI, editor: Person, worker: Worker) -> None:
    async def fail_to_tell_apart() -> None:
        await worker.plan((0.0, 10.0))
        for _ in range(2):
            order = await worker.claim()
            if order["kind"] == "chunk":
                await worker.report(order, "result", text=text(HELLO, GOODBYE))
            else:
                await worker.report(order, "failure", code="x", detail="No.", remedy="Retry.", retryable=False)

    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", response_format="diarized_json")
    with pytest.raises(InternalServerError) as failed:
        await answered(asking, fail_to_tell_apart())
    assert failed.value.code == "speakers-not-told-apart"
    (kept,) = (await (await editor.get("/api/transcriptions")).json())["items"]
    assert kept["id"] in failed.value.message
    assert (await editor.read(kept["id"]))["segments"]


async def test_a_reader_sends_nothing(
    client: TestClient, make_openai: MakeClient, key_of: Callable[[str], Awaitable[str]]
) -> None:
    with pytest.raises(APIStatusError) as refused:
        await make_openai(await key_of("viewer")).audio.transcriptions.create(file=recording(), model="whisper-1")
    assert (refused.value.status_code, refused.value.type) == (403, "permission_error")
    await assert_nothing_is_left(client)
