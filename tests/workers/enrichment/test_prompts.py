import pytest

from app.core.options import EnrichmentTask
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.prompts import ENGLISH, FRENCH, wording_for


def test_the_transcripts_language_decides_on_the_instructions() -> None:
    assert wording_for("fr") is FRENCH
    assert wording_for("en") is ENGLISH


@pytest.mark.parametrize(
    ("language", "asked"), [("de", "in German"), ("la", "in the language of the"), (None, "in the l")]
)
def test_other_languages_are_asked_for_in_english(language: str | None, asked: str) -> None:
    wording = wording_for(language)

    assert asked in wording.system
    assert wording.tasks == ENGLISH.tasks


def test_requests_about_one_transcript_differ_at_their_end_only() -> None:
    read = [Passage("We meet on Monday.", "SPEAKER_00")]
    prompts = [FRENCH.prompt(read, FRENCH.tasks[task]) for task in EnrichmentTask]

    assert len({(prompt.system, prompt.material) for prompt in prompts}) == 1
    assert all(prompt.question.endswith(prompt.request) for prompt in prompts)


def test_a_speaker_is_named_where_the_voice_changes() -> None:
    read = [Passage("One.", "SPEAKER_00"), Passage("Two.", "SPEAKER_00"), Passage("Three.", "Léa"), Passage("Four.")]

    assert FRENCH.written(read) == "Intervenant 1: One.\nTwo.\nLéa: Three.\nFour."


def test_a_transcript_cannot_close_the_fence_around_it() -> None:
    prompt = ENGLISH.prompt([Passage('So he said """ and then\n"""""" stop.')], "Summarize.")

    assert prompt.material.count('"""') == 2
