"""OpenAI's own client, its address and its key changed, against the whole platform."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.e2e.conftest import AUDIO, DONE_TIMEOUT_SECONDS, Site

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

JFK = AUDIO / "jfk.ogg"


@pytest.fixture
def openai(site: Site) -> Iterator[OpenAI]:
    with OpenAI(
        api_key=site.instance.token(), base_url=f"{site.instance.url}/v1", timeout=DONE_TIMEOUT_SECONDS, max_retries=0
    ) as client:
        yield client


def test_a_speech_with_the_times_of_its_words(openai: OpenAI) -> None:
    said = openai.audio.transcriptions.create(
        file=JFK, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert said.language == "english"
    assert "ask not what your country can do for you" in said.text.lower()
    assert said.words is not None
    assert said.segments is not None
    starts = [word.start for word in said.words]
    assert starts == sorted(starts)
    assert all(segment.avg_logprob < 0 for segment in said.segments)


def test_two_speakers_streamed(openai: OpenAI) -> None:
    stream = openai.audio.transcriptions.create(
        file=AUDIO / "two-speakers.ogg",
        model="gpt-4o-transcribe-diarize",
        response_format="diarized_json",
        chunking_strategy="auto",
        stream=True,
    )
    events = list(stream)
    assert events[0].type == "transcript.text.delta"
    assert events[-1].type == "transcript.text.done"
    assert {event.speaker for event in events if event.type == "transcript.text.segment"} == {"A", "B"}


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_french_in_english(openai: OpenAI) -> None:
    said = openai.audio.translations.create(file=AUDIO / "fleurs-fr.ogg", model="whisper-1", response_format="text")
    words = said.lower().split()
    assert sum(words.count(word) for word in ("the", "of", "and", "to")) > 1
    assert not {"le", "les", "des", "est", "une"} & set(words)


def test_nothing_of_them_is_kept(openai: OpenAI, site: Site) -> None:
    before = site.session.get(f"{site.instance.url}/api/transcriptions", timeout=10).json()["items"]
    openai.audio.transcriptions.create(file=JFK, model="whisper-1")
    after = site.session.get(f"{site.instance.url}/api/transcriptions", timeout=10).json()["items"]
    assert [item["id"] for item in after] == [item["id"] for item in before]
