"""Every task reads whatever a model may write: what it keeps has the shape that the API promises, and its sources."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.answers.enriched import EnrichmentAnswers
from app.core.answer_schema import checked_schema
from app.core.options import EnrichmentTask
from app.core.personal_data import PersonalKind
from app.core.task_sets import CustomTask
from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grammar import grammar
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.prompts import ENGLISH
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.custom import Custom, sources
from app.workers.enrichment.tasks.task import Kept, Languages, Scope, Shown, Task
from tests.workers.enrichment.conftest import MEETING
from tests.workers.enrichment.gbnf import texts

CALL = (
    ("SPEAKER_00", "Good morning, this is Anna from Acme, how can I help you?"),
    ("SPEAKER_01", "My parcel has been lost for three weeks and nobody calls me back."),
    ("SPEAKER_00", "I am sorry about that. I will send a new one by Friday."),
    ("SPEAKER_01", "Write to jo.miller@example.org or call 06 12 34 56 78. My name is Jo Miller, 12 Mill Lane."),
)
LANGUAGES = Languages("en", "en", "fr")

Turns = Sequence[tuple[str | None, str]]


def shown_to(task: Task, turns: Turns) -> Shown:
    passages = [Passage(text, who, (index,)) for index, (who, text) in enumerate(turns)]
    prompt = ENGLISH.prompt(passages, task.instruction(LANGUAGES), numbered=True)
    source = Source(
        [text for _, text in turns], [who for who, _ in turns], [4.0 * n for n in range(len(turns))],
        [4.0 * n + 3 for n in range(len(turns))],
    )  # fmt: skip
    return Shown(prompt, passages, source, LANGUAGES)


def kept(task: Task, value: Any, turns: Turns = MEETING) -> Kept:
    return task.read(Reply(json.dumps({task.name: value}), True, 0, 0, 0), shown_to(task, turns))


def answer(task: Task, value: Any, turns: Turns = MEETING) -> Any:
    return task.join([kept(task, value, turns)], shown_to(task, turns).source)


def named(name: EnrichmentTask) -> Task:
    return CATALOGUE[name]


def test_actions_carry_where_they_were_said_and_lose_what_was_not() -> None:
    found = answer(
        named(EnrichmentTask.ACTIONS),
        [
            {"line": 5, "what": "Ask the town for the money for the second floor", "who": "Marc", "due": "Friday"},
            {"line": 1, "what": "Tell the schools that we open again", "who": "Speaker 2", "due": "the 14th of March"},
            {"line": 2, "what": "Buy a new coffee machine", "who": "Marc", "due": None},
        ],
    )

    assert found == [
        {
            "what": "Ask the town for the money for the second floor",
            "who": "Marc",
            "due": None,
            "segments": [4],
            "start": 16.0,
        },
        {
            "what": "Tell the schools that we open again",
            "who": "Speaker 2",
            "due": "the 14th of March",
            "segments": [3],
            "start": 12.0,
        },
    ]


@pytest.mark.parametrize(
    ("who", "kept_as_said"),
    [
        ("the town", True),
        ("Catherine", False),
        ("The roof", False),
        ("Transcript", False),
        ("Speaker 1", True),
        ("Speaker 2", False),
        ("Speaker 1 and the town", True),
        ("Speaker 1 and Catherine", False),
    ],
)
def test_who_does_it_speaks_there_or_is_spoken_of_there(who: str, kept_as_said: bool) -> None:
    turns = [
        ("SPEAKER_00", "Catherine is on holiday this week."),
        ("SPEAKER_00", "The roof was repaired."),
        ("SPEAKER_00", "We come to the money."),
        ("SPEAKER_00", "That was expensive this year."),
        ("SPEAKER_00", "The invoice must be sent to the town on Friday."),
    ]
    action = {"line": 5, "what": "Send the invoice to the town", "who": who, "due": None}
    unnamed = [(None, text) for _, text in turns]

    [found] = answer(named(EnrichmentTask.ACTIONS), [action], turns)
    [without] = answer(named(EnrichmentTask.ACTIONS), [action], unnamed)

    assert found["who"] == (who if kept_as_said else None)
    assert without["who"] == (who if kept_as_said and "Speaker" not in who else None)


def test_who_is_asked_answers_a_few_sentences_later() -> None:
    turns = [
        ("Paul", "Good morning."),
        ("Anna Martin", "The invoice must be sent to the town."),
        ("Anna Martin", "It was expensive this year."),
        ("Anna Martin", "Can you do it by Friday?"),
        ("Marc Durand", "Yes, of course."),
        ("Chloé", "We come to the roof."),
    ]
    task = named(EnrichmentTask.ACTIONS)

    def doer(who: str) -> Any:
        action = {"line": 2, "what": "Send the invoice to the town", "who": who, "due": None}
        return answer(task, [action], turns)[0]["who"]

    assert [doer(who) for who in ("Marc", "Marc Durand", "Anna", "Paul")] == ["Marc", "Marc Durand", "Anna", "Paul"]
    assert [doer(who) for who in ("Chloé", "Anna Durand")] == [None, None]


def test_decisions_that_say_yes_where_it_was_no_are_dropped() -> None:
    turns = (("SPEAKER_00", "We will not rent the hall in July."), ("SPEAKER_01", "We rent the garden in June."))
    decisions = [
        {"line": 1, "text": "Rent the hall in July"},
        {"line": 2, "text": "Rent the garden in June"},
    ]

    part = kept(named(EnrichmentTask.DECISIONS), decisions, turns)

    assert [found.text for found in part.value] == ["Rent the garden in June"]
    assert part.dropped == 1


def test_no_decision_and_no_open_question_are_answers() -> None:
    for name in (EnrichmentTask.DECISIONS, EnrichmentTask.QUESTIONS, EnrichmentTask.ACTIONS, EnrichmentTask.ENTITIES):
        assert answer(named(name), []) == []


def test_chapters_follow_one_another_without_a_gap() -> None:
    chapters = [{"line": 4, "title": "Schools and reopening"}, {"line": 2, "title": "Reading room and windows"}]

    assert answer(named(EnrichmentTask.CHAPTERS), chapters) == [
        {"title": "Reading room and windows", "start": 0.0, "end": 11.0, "segments": [0, 2]},
        {"title": "Schools and reopening", "start": 12.0, "end": 19.0, "segments": [3, 4]},
    ]


def test_a_chapter_about_something_else_belongs_to_the_one_before() -> None:
    chapters = [{"line": 1, "title": "The heating"}, {"line": 3, "title": "Quantum chromodynamics"}]

    assert [chapter["segments"] for chapter in answer(named(EnrichmentTask.CHAPTERS), chapters)] == [[0, 4]]
    with pytest.raises(InvalidReply):
        kept(named(EnrichmentTask.CHAPTERS), chapters[1:])


def test_entities_stand_in_the_transcript_and_carry_every_place() -> None:
    entities = [
        {"text": "Marc", "kind": "person"},
        {"text": "Angela", "kind": "person"},
        {"text": "the painters", "kind": "person"},
        {"text": "March", "kind": "date"},
        {"text": "the", "kind": "other"},
    ]

    assert answer(named(EnrichmentTask.ENTITIES), entities) == [
        {"text": "Marc", "kind": "person", "segments": [4]},
        {"text": "March", "kind": "date", "segments": [3]},
    ]


def test_topics_have_a_word_that_was_said() -> None:
    assert answer(named(EnrichmentTask.TOPICS), ["library heating", "Astronomy", "School holidays"]) == [
        "library heating",
        "School holidays",
    ]


def test_satisfaction_needs_a_reason_and_quotes_are_word_for_word() -> None:
    task = named(EnrichmentTask.SATISFACTION)
    judged = {
        "reasons": [{"line": 2, "text": "The parcel has been lost for three weeks"}],
        "quotes": [{"line": 2, "text": "nobody calls me back"}, {"line": 2, "text": "nobody ever answers"}],
        "score": 1,
    }

    found = answer(task, judged, CALL)

    assert (found["score"], found["reasons"]) == (
        1, [{"text": "The parcel has been lost for three weeks", "segments": [1]}],
    )  # fmt: skip
    assert [quote["text"] for quote in found["quotes"]] == ["nobody calls me back"]
    with pytest.raises(InvalidReply):
        kept(task, {**judged, "reasons": [{"line": 1, "text": "The weather is fine today"}], "quotes": []}, CALL)


def test_personal_data_is_found_by_patterns_and_by_names_that_stand_there() -> None:
    task = named(EnrichmentTask.PERSONAL_DATA)

    found = answer(task, {"names": ["Jo Miller", "Peter Pan", "name"], "addresses": ["12 Mill Lane"]}, CALL)

    places = {place["kind"]: CALL[place["segment"]][1][place["start"] : place["end"]] for place in found}
    assert places == {
        PersonalKind.EMAIL: "jo.miller@example.org",
        PersonalKind.PHONE: "06 12 34 56 78",
        PersonalKind.NAME: "Jo Miller",
        PersonalKind.ADDRESS: "12 Mill Lane",
    }
    assert task.stands_alone
    assert {place["kind"] for place in task.join([], shown_to(task, CALL).source)} == {"email", "phone"}


def test_names_are_found_over_two_segments_and_with_the_accents_of_the_text() -> None:
    task = named(EnrichmentTask.PERSONAL_DATA)
    turns = ((None, "Je suis Hélène"), (None, "Mercœur, et voici Zoé."), (None, "Au 06 12 34"), (None, "56 78."))

    found = answer(task, {"names": ["Helene Mercoeur", "Zoe"], "addresses": []}, turns)

    assert [(place["segment"], turns[place["segment"]][1][place["start"] : place["end"]]) for place in found] == [
        (0, "Hélène"), (1, "Mercœur"), (1, "Zoé"), (2, "06 12 34"), (3, "56 78"),
    ]  # fmt: skip


CROWD = [f"Anna {first}{last}" for first in ("Bel", "Cor", "Dan", "Fer") for last in "abcdefghij"]


def test_many_names_in_one_window_are_all_found_and_a_full_answer_is_known_to_be_cut() -> None:
    task = named(EnrichmentTask.PERSONAL_DATA)
    turns = [(None, f"Here is {name}.") for name in CROWD]

    for count, cut in ((13, False), (31, False), (32, True)):
        part = kept(task, {"names": CROWD[:count], "addresses": []}, turns)
        assert ([name for name, _ in part.value], part.cut) == (CROWD[:count], cut)


def test_an_answer_that_is_full_of_the_same_names_or_of_made_up_ones_is_not_cut() -> None:
    task = named(EnrichmentTask.PERSONAL_DATA)
    turns = [(None, f"Here is {name}.") for name in CROWD]

    for names, cut in (
        (CROWD[:2] * 16, False),
        ([*CROWD[:3], *(f"Peter Pan{chr(97 + number) * 2}" for number in range(29))], False),
        ([*(CROWD[:2] * 15), CROWD[3], CROWD[0]], True),
    ):
        assert kept(task, {"names": names, "addresses": []}, turns).cut is cut


def test_an_answer_that_had_no_more_tokens_is_known_to_be_cut() -> None:
    text = '{"personal_data": {"names": ["Jo Miller"], "addresses": ["12 Mill Lane"]'

    part = named(EnrichmentTask.PERSONAL_DATA).read(
        Reply(text, False, 0, 0, 0), shown_to(named(EnrichmentTask.PERSONAL_DATA), CALL)
    )

    assert (len(part.value), part.cut) == (2, True)


def test_a_corrected_text_keeps_its_segments_and_loses_those_that_drift() -> None:
    turns = (("SPEAKER_00", "we meet on monday"), (None, "the bill is 200 euros"), ("SPEAKER_01", "thats fine"))
    lines = ["We meet on Monday.", "The bill is 300 euros.", "That's fine."]

    assert answer(named(EnrichmentTask.CORRECTED), lines, turns) == {
        "segments": [{"segment": 0, "text": "We meet on Monday."}, {"segment": 2, "text": "That's fine."}],
        "rejected": 1,
    }


def test_lines_that_are_missing_are_asked_for_again() -> None:
    with pytest.raises(InvalidReply, match="2 lines"):
        kept(named(EnrichmentTask.CORRECTED), ["One.", "Two."])


def test_a_segment_that_was_read_in_pieces_is_put_together() -> None:
    task = named(EnrichmentTask.CORRECTED)
    source = Source(["one two", "three"])

    whole = task.join([Kept([(0, "One")]), Kept([(0, "two."), (1, "Three.")])], source)
    torn = task.join([Kept([(0, "One")]), Kept([(0, None), (1, "Three.")])], source)

    assert whole["segments"] == [{"segment": 0, "text": "One two."}, {"segment": 1, "text": "Three."}]
    assert (torn["segments"], torn["rejected"]) == ([{"segment": 1, "text": "Three."}], 1)


def test_what_was_cut_off_in_the_middle_of_a_list_counts_as_far_as_it_is_whole() -> None:
    task = named(EnrichmentTask.DECISIONS)
    text = '{"decisions": [{"line": 3, "text": "The new windows arrive next week"}, {"line": 4, "te'

    part = task.read(Reply(text, False, 0, 0, 0), shown_to(task, MEETING))

    assert not part.value or part.value[0].segments == (2,)


def test_a_custom_answer_is_held_against_its_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}, "count": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    task = Custom("door", CustomTask("Of what colour is the door?", schema))

    def read(value: Any) -> Kept:
        return task.read(Reply(json.dumps({"custom": value}), True, 0, 0, 0), shown_to(task, MEETING))

    assert read({"colour": "red"}).value == {"colour": "red"}
    for wrong in ({"colour": "green"}, {"count": 3}, {"colour": "red", "count": 10}, {"colour": "red", "size": 1}, []):
        with pytest.raises(InvalidReply):
            read(wrong)


def test_what_the_texts_of_a_custom_answer_rest_on_stands_beside_it() -> None:
    text = {"type": "string", "maxLength": 200}
    works = {"type": "object", "properties": {"what": text, "mood": {"enum": ["painters", "none"]}}, "required": []}
    schema = checked_schema(
        {
            "type": "object",
            "properties": {"said": text, "works": {"type": "array", "items": works}, "days": {"type": "integer"}},
        }
    )
    answer = {
        "said": "The bill for the heating came to two thousand euros.",
        "works": [
            {"what": "The painters need three days.", "mood": "painters"},
            {"what": "The roof leaks above the kitchen.", "mood": "none"},
        ],
        "days": 3,
    }
    said = [text for _, text in MEETING]

    assert sources(answer, schema, Source(said)) == [
        {"place": "said", "segments": [0], "start": 0.0},
        {"place": "works[0].what", "segments": [2], "start": 2.0},
        {"place": "works[1].what", "segments": [], "start": None},
    ]
    assert sources(answer, schema, Source(said, same_language=False)) == []


@pytest.mark.parametrize("name", list(EnrichmentTask))
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_whatever_the_grammar_allows_is_kept_in_the_promised_shape_or_refused(
    name: EnrichmentTask, data: st.DataObject
) -> None:
    task = CATALOGUE[name]
    shown = shown_to(task, CALL)
    text = data.draw(texts(grammar(task.schema(shown.passages))))
    complete = data.draw(st.booleans())
    if not complete:
        text = text[: data.draw(st.integers(0, len(text)))]

    try:
        part = task.read(Reply(text, complete, 0, 0, 0), shown)
        value = task.join([part], shown.source)
    except InvalidReply:
        return

    if task.scope is Scope.LINES:
        value = {"language": "en", **value}
    EnrichmentAnswers.model_validate_json(json.dumps({name: value}), strict=True)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Speaker 1: The heating in the library was repaired on Monday, and the bill came to two thousand", "The heating in the library was repaired on Monday"),
        ("Speaker 1: The heating", "The heating"),
        ("Speaker 1: The heating for Mr. Miller was repaired, and then the bill came to two thousand", "The heating for Mr. Miller was repaired"),
        ("“The heating.”", "The heating"),
    ],
)  # fmt: skip
def test_a_line_that_was_copied_for_a_title_is_shortened(written: str, title: str) -> None:
    chapters = [{"line": 1, "title": written[:80]}]

    assert [one["title"] for one in answer(named(EnrichmentTask.CHAPTERS), chapters)] == [title]


def test_an_answer_that_only_repeats_the_transcript_is_none() -> None:
    copied = [{"line": n, "text": text} for n, (_, text) in enumerate(MEETING, start=1)]

    with pytest.raises(InvalidReply, match="line by line"):
        kept(named(EnrichmentTask.DECISIONS), copied)
    assert [found.text for found in kept(named(EnrichmentTask.DECISIONS), copied[3:4]).value] == [MEETING[3][1]]


def test_points_that_are_found_nowhere_go_unless_all_are_and_then_are_marked() -> None:
    task = named(EnrichmentTask.POINTS)
    found, paraphrase, lie = (
        "The heating was repaired on Monday.",
        "Reading resumes sometime, eventually.",
        "It cost 9,000 euros.",
    )

    assert [one["segments"] for one in answer(task, [found, paraphrase, lie])] == [[0]]
    assert answer(task, [paraphrase, lie]) == [{"text": paraphrase, "segments": [], "start": None}]
    with pytest.raises(InvalidReply):
        kept(task, [lie])
