import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.prompts import ENGLISH
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.statements import POINTS, Points
from app.workers.enrichment.tasks.task import Languages, Shown, Task
from app.workers.enrichment.tasks.texts import SUMMARY, SUMMARY_CHARACTERS, TITLE, Summary, Title

SAID = (
    "Anna repaired the heating of the library on Monday for 3.5 euros, the room is open, and windows arrive next week."
)
LANGUAGES = Languages("en", "en")
SHAPES = {"title": Title, "summary": Summary, "points": Points}

Value = str | list[str]


def read(task: Task, text: str, *, complete: bool = True, said: str = SAID) -> Value:
    passages = [Passage(said, None, (0,))]
    prompt = ENGLISH.prompt(passages, task.instruction(LANGUAGES))
    kept = task.read(Reply(text, complete, 0, 0, 0), Shown(prompt, passages, Source([said]), LANGUAGES))
    value: Value = kept.value if isinstance(kept.value, str) else [found.text for found in kept.value]
    return value


def reply(task: Task, value: Value) -> str:
    return json.dumps({task.name: value})


def test_a_good_answer_is_kept_as_it_is() -> None:
    points = ["The heating was repaired.", "The room of the library is open."]

    assert read(TITLE, reply(TITLE, "Reopening of the library")) == "Reopening of the library"
    assert read(SUMMARY, reply(SUMMARY, "It cost 3.5 euros. It is open.")) == "It cost 3.5 euros. It is open."
    assert read(POINTS, reply(POINTS, points)) == points


@pytest.mark.parametrize(
    "title",
    [
        "Title",
        "The Titlle",
        "Titre",
        "One short phrase that names its subject",
        "a title for this recording",
        "x" * 110,
        '""',
    ],
)
def test_a_title_that_is_the_instruction_or_cut_off_is_invalid(title: str) -> None:
    with pytest.raises(InvalidReply):
        read(TITLE, reply(TITLE, title))


def test_a_title_loses_its_quotation_marks_and_full_stop() -> None:
    assert read(TITLE, reply(TITLE, "“The truth about iron.”")) == "The truth about iron"


def test_numbers_of_lines_are_no_part_of_an_answer() -> None:
    assert read(SUMMARY, reply(SUMMARY, "Anna repaired the heating [1]. The room is open [12].")) == (
        "Anna repaired the heating. The room is open."
    )
    assert read(POINTS, reply(POINTS, ["[1] The room is open."])) == ["The room is open."]


def test_of_a_summary_that_was_cut_off_whole_sentences_are_kept() -> None:
    whole = "Anna repaired the heating on Monday."
    running_on = f"{whole} {'and on and on ' * 80}"[:SUMMARY_CHARACTERS]

    assert read(SUMMARY, reply(SUMMARY, running_on)) == whole
    assert read(SUMMARY, '{"summary": "' + whole + " Then she", complete=False) == whole


def test_a_summary_that_was_cut_off_in_its_first_sentence_is_invalid() -> None:
    with pytest.raises(InvalidReply, match="cut off"):
        read(SUMMARY, '{"summary": "Anna repaired the heating and', complete=False)


def test_sentences_that_say_it_again_are_dropped() -> None:
    summary = "The story is a lie. The room is open. The story is a lie. The story is, a lie!"

    assert read(SUMMARY, reply(SUMMARY, summary)) == "The story is a lie. The room is open."


def test_a_title_before_a_name_ends_no_sentence_of_a_summary() -> None:
    session = "M. Dupont ouvre la séance. M. Durand présente le budget. M. Martin refuse."
    meeting = "Le rendez-vous est fixé avec M. Durand."
    lie = "Le rendez-vous est fixé avec M. Durand à 15 heures."

    assert read(SUMMARY, reply(SUMMARY, session), said=session) == session
    assert read(SUMMARY, reply(SUMMARY, f"M. Durand présente le budget. {lie}"), said=f"{session} {meeting}") == (
        "M. Durand présente le budget."
    )


def test_a_summary_that_was_cut_off_at_a_title_ends_with_the_sentence_before() -> None:
    said = "Mr. Miller opens the meeting. The budget is presented by Mr. Jones."
    cut = '{"summary": "Mr. Miller opens the meeting. The budget is presented by Mr.'

    assert read(SUMMARY, cut, complete=False, said=said) == "Mr. Miller opens the meeting."


def test_quotation_marks_stay_with_the_sentence_that_they_close() -> None:
    said = 'Anna said "The room of the library is open." Marc left.'

    assert read(SUMMARY, reply(SUMMARY, said), said=said) == said


def test_a_summary_that_goes_round_in_circles_is_invalid() -> None:
    with pytest.raises(InvalidReply, match="circles"):
        read(SUMMARY, reply(SUMMARY, "He says that he is going " + "to the next story of the man " * 12 + "again."))


def test_points_that_repeat_are_dropped_and_list_marks_with_them() -> None:
    points = ["1. The room is open.", "- The room is open!", "• Windows arrive next week,"]

    assert read(POINTS, reply(POINTS, points)) == ["The room is open.", "Windows arrive next week"]


def test_points_without_anything_whole_are_invalid() -> None:
    with pytest.raises(InvalidReply):
        read(POINTS, '{"points": ["The room is open and', complete=False)
    with pytest.raises(InvalidReply):
        read(POINTS, reply(POINTS, ["List the key points of this recording", "........."]))


def test_of_points_that_were_cut_off_the_whole_ones_are_kept() -> None:
    text = '{"points": ["The room is open.", "The windows arr'

    assert read(POINTS, text, complete=False) == ["The room is open."]


@pytest.mark.parametrize("text", ["", "[]", "null", '{"title": 3}', '{"points": "x"}', '{"points": [[]]}', "{" * 500])
def test_what_is_not_the_shape_is_invalid(text: str) -> None:
    for task in CATALOGUE.values():
        with pytest.raises(InvalidReply):
            read(task, text)


@given(st.sampled_from([TITLE, SUMMARY]), st.text(max_size=1000), st.booleans())
@settings(deadline=None)
def test_whatever_a_model_writes_is_fit_to_be_shown_or_invalid(task: Task, raw: str, complete: bool) -> None:
    check(task, reply(task, raw), complete=complete)


@given(st.lists(st.text(max_size=300), max_size=12), st.booleans())
@settings(deadline=None)
def test_whatever_points_a_model_writes_are_fit_to_be_shown_or_invalid(raw: list[str], complete: bool) -> None:
    check(POINTS, reply(POINTS, raw), complete=complete)


def check(task: Task, text: str, *, complete: bool) -> None:
    try:
        value = read(task, text, complete=complete)
    except InvalidReply:
        return
    SHAPES[task.name].model_validate({task.name: value})
    for shown in [value] if isinstance(value, str) else value:
        assert shown.encode()
        assert shown.isprintable()
        assert shown == " ".join(shown.split())
