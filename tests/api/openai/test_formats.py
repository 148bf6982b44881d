"""OpenAI's own client, unchanged, gets every shape of a text."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from openai import AsyncOpenAI, OpenAI

from app.api import answers
from tests.api.openai.playing import GOODBYE, HELLO, SAID, answered, assert_removed, recording, write_down
from tests.api.worker import Worker, segment, text

MEASURES = {"average_log_probability": -0.25, "no_speech_probability": 0.05, "compression_ratio": 1.2}


async def test_json_and_nothing_is_kept(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(
        file=recording(), model="whisper-1", language="en", prompt="Vocalyx", temperature=0.2, keywords=["Anna", "Ben"]
    )
    answer, order = await asyncio.gather(asking, write_down(worker))
    assert answer.text == SAID
    assert answer.usage is not None
    assert (answer.usage.type, answer.usage.seconds) == ("duration", 10.0)
    options = order["options"]
    assert {name: options[name] for name in ("language", "model", "initial_prompt", "hotwords", "task")} == {
        "language": "en", "model": "base", "initial_prompt": "Vocalyx", "hotwords": "Anna, Ben", "task": "transcribe",
    }  # fmt: skip
    assert not options["enrichment"]
    assert not options["diarization"]
    await assert_removed(client)


async def test_text(openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="base", response_format="text")
    assert await answered(asking, write_down(worker)) == SAID + "\n"


async def test_srt(openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", response_format="srt")
    assert await answered(asking, write_down(worker)) == (
        "1\n00:00:00,000 --> 00:00:04,000\nHello everybody here.\n\n"
        "2\n00:00:04,500 --> 00:00:09,000\nAnd goodbye to you.\n"
    )


async def test_vtt(openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", response_format="vtt")
    said = await answered(asking, write_down(worker))
    assert said.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:04.000\nHello everybody here.\n")


@pytest.mark.parametrize(
    ("granularities", "segments", "words"),
    [([], True, False), (["segment"], True, False), (["word"], False, True), (["word", "segment"], True, True)],
)
async def test_verbose_json(
    openai: AsyncOpenAI, worker: Worker, granularities: list[Any], segments: bool, words: bool
) -> None:
    asking = openai.audio.transcriptions.create(
        file=recording(),
        model="whisper-1",
        response_format="verbose_json",
        **({"timestamp_granularities": granularities} if granularities else {}),
    )
    answer = await answered(asking, write_down(worker, HELLO | MEASURES, GOODBYE | MEASURES, language="fr"))
    assert (answer.language, answer.duration, answer.text) == ("french", 10.0, SAID)
    assert (answer.segments is not None, answer.words is not None) == (segments, words)
    if answer.segments is not None:
        assert [(s.id, s.start, s.end) for s in answer.segments] == [(0, 0.0, 4.0), (1, 4.5, 9.0)]
        assert "".join(s.text for s in answer.segments).strip() == SAID
        first = answer.segments[0]
        assert (first.avg_logprob, first.no_speech_prob, first.compression_ratio) == (-0.25, 0.05, 1.2)
        assert (first.tokens, first.temperature, first.seek) == ([], 0.0, 0)
    if answer.words is not None:
        assert [word.word for word in answer.words] == SAID.split()
        assert [(word.start, word.end) for word in answer.words][:2] == [(0.0, 1.333), (1.333, 2.667)]


async def tell_apart(
    worker: Worker, *turns: tuple[float, float, str], said: tuple[dict[str, Any], ...] = (HELLO, GOODBYE)
) -> None:
    await worker.plan((0.0, 10.0))
    while (order := await worker.claim())["kind"] != "chunk":
        await worker.report(order, "result", **await worker.result_of(order))
    assert order["options"]["diarization"]
    await worker.report(order, "result", text=text(*said))
    await worker.tell_apart(*turns)


async def test_diarized_json(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(
        file=recording(), model="gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy="auto"
    )
    answer = await answered(asking, tell_apart(worker, (0.0, 4.2, "SPEAKER_00"), (4.2, 9.0, "SPEAKER_01")))
    assert (answer.task, answer.duration, answer.text) == ("transcribe", 10.0, SAID)
    assert [(s.speaker, s.text, s.type) for s in answer.segments] == [
        ("A", "Hello everybody here.", "transcript.text.segment"),
        ("B", "And goodbye to you.", "transcript.text.segment"),
    ]
    assert len({s.id for s in answer.segments}) == 2
    await assert_removed(client)


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        ("json", answers.OpenAIText),
        ("verbose_json", answers.OpenAIVerboseText),
        ("diarized_json", answers.OpenAIDiarizedText),
    ],
)
async def test_json_is_as_the_document_says(
    openai: AsyncOpenAI, worker: Worker, shape: Any, model: type[answers.Answer]
) -> None:
    asking = openai.audio.transcriptions.with_raw_response.create(
        file=recording(), model="whisper-1", response_format=shape
    )
    turns = (0.0, 4.2, "SPEAKER_00"), (4.2, 9.0, "SPEAKER_01")
    answer = await answered(asking, tell_apart(worker, *turns) if shape == "diarized_json" else write_down(worker))
    model.model_validate_json(answer.content, strict=True)


async def test_a_segment_of_nobody_known(openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(
        file=recording(),
        model="gpt-4o-transcribe-diarize",
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad"},
    )
    # Further from the other one's words than the joining of words and turns reaches.
    late = segment(8.0, 9.5, "And goodbye to you.")
    answer = await answered(asking, tell_apart(worker, (8.0, 9.5, "SPEAKER_00"), said=(HELLO, late)))
    assert [s.speaker for s in answer.segments] == ["unknown", "A"]


async def test_silence_is_an_empty_text(openai: AsyncOpenAI, worker: Worker) -> None:
    async def nobody_speaks() -> None:
        await worker.plan()

    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", response_format="verbose_json")
    answer = await answered(asking, nobody_speaks())
    assert (answer.text, answer.segments, answer.language) == ("", [], "unknown")


async def test_languages_without_spaces_are_joined_without(openai: AsyncOpenAI, worker: Worker) -> None:
    asking = openai.audio.transcriptions.create(file=recording(), model="whisper-1", languages=["ja"])
    said = (segment(0.0, 4.0, "こんにちは。"), segment(4.0, 9.0, "さようなら。"))
    assert (await answered(asking, write_down(worker, *said, language="ja"))).text == "こんにちは。さようなら。"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize("shape", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_translations(client: TestClient, openai: AsyncOpenAI, worker: Worker, shape: Any) -> None:
    asking = openai.audio.translations.create(
        file=recording(), model="whisper-1", prompt="Greetings.", response_format=shape, temperature=0
    )
    answer, order = await asyncio.gather(asking, write_down(worker, language="ja"))
    assert (order["options"]["task"], order["language"]) == ("translate", "ja")
    if shape == "verbose_json":
        assert (answer.language, answer.duration, answer.text) == ("english", 10.0, SAID)
        assert [s.text for s in answer.segments] == [" Hello everybody here.", " And goodbye to you."]
    elif shape == "json":
        assert answer.text == SAID
    else:
        assert "Hello everybody here." in answer
    await assert_removed(client)


async def test_the_client_that_blocks(client: TestClient, openai: AsyncOpenAI, worker: Worker) -> None:
    def ask() -> str:
        with OpenAI(api_key=openai.api_key, base_url=str(openai.base_url), max_retries=0) as blocking:
            return blocking.audio.transcriptions.create(file=recording(), model="whisper-1").text

    assert await answered(asyncio.to_thread(ask), write_down(worker)) == SAID
