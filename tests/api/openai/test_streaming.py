"""Text as it appears, over server-sent events."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st
from openai import APIError, AsyncOpenAI

from app.api.following import hub
from app.api.openai import waiting
from app.api.openai.streaming import Telling
from tests.api.openai.playing import GOODBYE, HELLO, SAID, answered, assert_removed, recording, write_down
from tests.api.worker import Worker, segment, text


async def test_text_comes_as_it_appears(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="gpt-4o-transcribe", stream=True)
    stream = await asyncio.wait_for(asking, 10)
    coming = aiter(stream)

    await worker.plan((0.0, 10.0), (10.0, 20.0))
    first = await worker.claim()
    await worker.report(first, "progress", stage="transcribing", percent=40, segments=[HELLO])
    delta = await asyncio.wait_for(anext(coming), 10)
    assert (delta.type, delta.delta) == ("transcript.text.delta", "Hello everybody here.")

    second = await worker.claim()
    later = segment(12.0, 19.0, "That was all.")
    await worker.report(second, "result", text=text(later))
    await worker.report(first, "result", text=text(HELLO, GOODBYE))
    rest = [event async for event in coming]
    assert [event.type for event in rest[:-1]] == ["transcript.text.delta"] * (len(rest) - 1)
    assert rest[-1].type == "transcript.text.done"
    assert rest[-1].text == f"{SAID} That was all."
    assert delta.delta + "".join(event.delta for event in rest[:-1]) == rest[-1].text
    await assert_removed(client)


async def test_an_attempt_that_is_made_again_is_not_told_twice(openai: AsyncOpenAI, worker: Worker) -> None:
    stream = await openai.audio.transcriptions.create(file=recording(), model="gpt-4o-transcribe", stream=True)
    await worker.plan((0.0, 10.0))
    order = await worker.claim()
    await worker.report(order, "progress", stage="transcribing", percent=40, segments=[HELLO])
    await worker.report(order, "release")
    again = await worker.claim()
    await worker.report(again, "progress", stage="transcribing", percent=40, segments=[HELLO])
    await worker.report(again, "result", text=text(HELLO, GOODBYE))
    events = [event async for event in stream]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == SAID


async def test_speakers_come_at_the_end(openai: AsyncOpenAI, worker: Worker) -> None:
    stream = await openai.audio.transcriptions.create(
        file=recording(), model="gpt-4o-transcribe-diarize", response_format="diarized_json", stream=True
    )

    async def read() -> list[Any]:
        return [event async for event in stream]

    async def play() -> None:
        await worker.plan((0.0, 10.0))
        order = await worker.claim()
        await worker.report(order, "result", text=text(HELLO, GOODBYE))
        await worker.tell_apart((0.0, 4.2, "SPEAKER_00"), (4.2, 9.0, "SPEAKER_01"))

    events = await answered(read(), play())
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        ("A", 0.0, 4.0, "Hello everybody here."),
        ("B", 4.5, 9.0, "And goodbye to you."),
    ]
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == SAID
    assert events[-1].type == "transcript.text.done"


async def test_silence_ends_with_an_empty_text(openai: AsyncOpenAI, worker: Worker) -> None:
    stream = await openai.audio.transcriptions.create(file=recording(), model="whisper-1", stream=True)
    await worker.plan()
    events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1].text == ""


async def test_a_failure_is_told_in_the_stream(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    stream = await openai.audio.transcriptions.create(file=recording(), model="whisper-1", stream=True)
    order = await worker.claim()
    await worker.report(
        order, "failure", code="damaged-media", detail="It breaks off.", remedy="Export it again.", retryable=False
    )
    with pytest.raises(APIError, match="It breaks off") as failed:
        _ = [event async for event in stream]
    assert failed.value.code == "damaged-media"
    await assert_removed(client)


async def test_who_listens_too_slowly_misses_nothing(
    monkeypatch: pytest.MonkeyPatch, openai: AsyncOpenAI, worker: Worker
) -> None:
    monkeypatch.setattr(hub, "LISTENER_BACKLOG", 0)
    stream = await openai.audio.transcriptions.create(file=recording(), model="whisper-1", stream=True)

    async def read() -> list[Any]:
        return [event async for event in stream]

    events = await answered(read(), write_down(worker))
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == SAID


async def test_a_long_silence_is_filled(
    monkeypatch: pytest.MonkeyPatch, client: TestClient, openai: AsyncOpenAI, worker: Worker
) -> None:
    monkeypatch.setattr(waiting, "_IDLE_SECONDS", 0.05)
    asking = openai.audio.transcriptions.with_streaming_response.create(
        file=recording(), model="whisper-1", stream=True
    )
    async with asking as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["x-request-id"]
        lines = answer.iter_lines()
        assert await asyncio.wait_for(anext(lines), 10) == ": still at it"
        await write_down(worker)
        assert [line async for line in lines if line.startswith("data: ")][-1].endswith(f'"text": "{SAID}"}}')


Text = st.text(st.characters(categories=["L"]), min_size=1, max_size=4)


@given(st.lists(st.lists(Text, max_size=5), max_size=5), st.data())
def test_each_segment_is_told_once_however_often_a_chunk_is_begun(chunks: list[list[str]], data: st.DataObject) -> None:
    telling = Telling()
    told: list[str] = []
    for number, chunk in enumerate(chunks):
        attempts = data.draw(st.lists(st.integers(0, len(chunk)), max_size=3))
        for until in [*attempts, len(chunk)]:
            cuts = sorted({0, until, *data.draw(st.lists(st.integers(0, until), max_size=3))})
            for begin, end in pairwise(cuts):
                segments = [{"text": said} for said in chunk[begin:end]]
                new = telling.new_in({"chunk": number, "offset": begin, "segments": segments})
                told += [segment["text"] for segment in new]
    assert told == [said for chunk in chunks for said in chunk]
