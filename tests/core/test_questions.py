"""A quote is what stands in the transcript, or it is none."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.core.questions import MAX_SOURCES, Passage, anchored, sources_of

SAID = (
    "The heating in the library was repaired on Monday, and the bill came to two thousand euros.",
    "Good. Can we open the reading room again before the school holidays?",
    "Not yet: the new windows arrive next week,",
    "and the painters need three days after that.",
)
OTHER = ("The budget of the swimming pool is nine thousand euros.",)
WORDS = ("the", "heating", "was", "repaired", "euros", "windows", "à", "été", "2 000", "l'école")


def passages(*said: str, transcription: str = "a") -> list[Passage]:
    return [Passage(transcription, "", index, 5.0 * index, text) for index, text in enumerate(said)]


MEETING = [*passages(*SAID), *passages(*OTHER, transcription="b")]


def test_a_quote_is_found_whatever_its_case_and_punctuation_and_given_as_it_stands() -> None:
    found = anchored(
        "the heating in the LIBRARY was repaired on monday - and the bill came to two thousand euros", MEETING
    )

    assert found is not None
    assert (found.transcription, found.segment, found.start) == ("a", 0, 0.0)
    assert found.quote == SAID[0].removesuffix(".")


def test_words_that_a_model_added_are_no_part_of_the_quote() -> None:
    found = anchored("Marc said: the new windows arrive next week, surely", MEETING)

    assert found is not None
    assert (found.segment, found.quote) == (2, "the new windows arrive next week")


def test_a_quote_over_the_end_of_a_segment_is_found_where_most_of_it_stands() -> None:
    found = anchored("next week, and the painters need three days after that", MEETING)

    assert found is not None
    assert (found.segment, found.start) == (3, 15.0)
    assert found.quote == "and the painters need three days after that"


def test_what_nobody_said_is_no_quote() -> None:
    for made_up in (
        "The heating costs nine thousand euros.",
        "The library is closed for ever.",
        "two euros",
        "",
        "and the",
        "The heating in the school was not repaired on Tuesday, and the bill came to nobody.",
        # Not over the border between two recordings either.
        "three days after that. The budget of the pool",
    ):
        assert anchored(made_up, MEETING) is None, made_up


def test_each_place_is_a_source_once() -> None:
    quotes = ["the new windows arrive next week", "the windows", "new windows arrive next week", "the bill came to two"]
    found = sources_of(quotes, MEETING)

    assert [source.segment for source in found] == [2, 0]


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@given(said=st.lists(texts, min_size=1, max_size=5), quotes=st.lists(texts | st.text(max_size=40), max_size=12))
def test_whatever_is_quoted_what_comes_stands_there(said: list[str], quotes: list[str]) -> None:
    shown = [*passages(*said), *passages(*reversed(said), transcription="b")]
    found = sources_of(quotes, shown)

    assert len(found) <= MAX_SOURCES
    for source in found:
        [passage] = [one for one in shown if (one.transcription, one.segment) == (source.transcription, source.segment)]
        assert source.quote in passage.text
        assert source.start == passage.start
        assert len(re.findall(r"\w+", source.quote)) >= 3


@given(said=st.lists(texts, min_size=1, max_size=5), data=st.data())
def test_what_was_said_is_always_found(said: list[str], data: st.DataObject) -> None:
    quoted = data.draw(st.sampled_from(said))
    if len(re.findall(r"\w+", quoted)) >= 3:
        found = anchored(quoted, passages(*said))
        assert found is not None
        assert found.quote == quoted
