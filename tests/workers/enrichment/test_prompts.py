import pytest

from app.workers.enrichment.folding import Passage
from app.workers.enrichment.prompts import ENGLISH, FRENCH, wording_for
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.task import Languages


def test_the_transcripts_language_decides_on_the_instructions() -> None:
    assert wording_for("fr") is FRENCH
    assert wording_for("en") is ENGLISH


@pytest.mark.parametrize(
    ("language", "asked"), [("de", "in German"), ("la", "in the language of the"), (None, "in the l")]
)
def test_other_languages_are_asked_for_in_english(language: str | None, asked: str) -> None:
    wording = wording_for(language)

    assert asked in wording.system
    assert Languages(language, language).instructions == "en"


def test_requests_about_one_transcript_differ_at_their_end_only() -> None:
    read = [Passage("We meet on Monday.", "SPEAKER_00")]
    prompts = [FRENCH.prompt(read, task.instruction(Languages("fr", "fr"))) for task in CATALOGUE.values()]

    assert len({(prompt.system, prompt.material) for prompt in prompts}) == 1
    assert all(prompt.question.endswith(prompt.request) for prompt in prompts)


def test_a_speaker_is_named_where_the_voice_changes() -> None:
    read = [Passage("One.", "SPEAKER_00"), Passage("Two.", "SPEAKER_00"), Passage("Three.", "Léa"), Passage("Four.")]

    assert FRENCH.written(read) == "Intervenant 1: One.\nTwo.\nLéa: Three.\nFour."


def test_lines_are_numbered_where_answers_name_them() -> None:
    read = [Passage("One.", "SPEAKER_00"), Passage("Two.", "SPEAKER_00"), Passage("Three.", "Léa")]

    assert ENGLISH.written(read, numbered=True) == "[1] Speaker 1: One.\n[2] Two.\n[3] Léa: Three."


def test_every_task_is_asked_in_french_and_in_english() -> None:
    for task in CATALOGUE.values():
        asked = {task.instruction(Languages(code, code)) for code in ("fr", "en")}
        assert len(asked) == 2


def test_a_transcript_cannot_close_the_fence_around_it() -> None:
    prompt = ENGLISH.prompt([Passage('So he said """ and then\n"""""" stop.')], "Summarize.")

    assert prompt.material.count('"""') == 2
