"""Segments cut in two and made one: no word is lost, none is said twice, and times stay in order."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.bounds import Stretch
from app.core.errors import Conflict, InvalidFields
from app.core.transcript import Word

texts = st.text(st.characters(categories=["L"]), min_size=1, max_size=6)
# A decoder's times may run backwards a little, and leave the segment by as much.
moments = st.floats(-0.05, 10.05, allow_nan=False)


@st.composite
def word_lists(draw: st.DrawFn, least: int = 0) -> tuple[Word, ...]:
    pieces = draw(st.lists(st.tuples(texts, moments, moments), min_size=least, max_size=8))
    starts = sorted(min(first, second) for _, first, second in pieces)
    return tuple(
        Word(start, max(start, first, second), f" {text}", 0.9)
        for start, (text, first, second) in zip(starts, pieces, strict=True)
    )


def said(words: tuple[Word, ...]) -> str:
    return "".join(word.text for word in words).strip()


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    words = draw(word_lists(least=1))
    if draw(st.booleans()):
        return Stretch(0.0, 10.0, said(words), words)
    corrected = draw(word_lists())
    return Stretch(0.0, 10.0, said(words), words, said(corrected), corrected)


@given(stretches(), st.data())
def test_both_parts_are_the_whole(whole: Stretch, data: st.DataObject) -> None:
    assume(len(whole.shown_words) > 1)
    at = data.draw(st.integers(1, len(whole.shown_words) - 1))
    left, right = whole.split(at, "word")
    assert left.words + right.words == whole.words
    assert left.shown_text == said(whole.shown_words[:at])
    assert right.shown_text == said(whole.shown_words[at:])
    if left.corrected_text is not None:
        assert left.corrected_words == whole.shown_words[:at]
    if right.corrected_text is not None:
        assert right.corrected_words == whole.shown_words[at:]
    assert whole.start == left.start <= left.end <= right.start <= right.end == whole.end


@given(stretches(), st.data())
def test_what_is_split_and_merged_is_what_it_was(whole: Stretch, data: st.DataObject) -> None:
    assume(len(whole.shown_words) > 1)
    at = data.draw(st.integers(1, len(whole.shown_words) - 1))
    left, right = whole.split(at, "word")
    again = left.joined(right, " ")
    assert (again.start, again.end, again.words) == (whole.start, whole.end, whole.words)
    assert (again.text, again.shown_text) == (whole.text, whole.shown_text)


@given(stretches(), stretches())
def test_a_merger_says_everything_once_and_in_order(one: Stretch, other: Stretch) -> None:
    whole = one.joined(other, " ")
    assert whole.words == one.words + other.words
    assert whole.shown_text == " ".join(text for text in (one.shown_text, other.shown_text) if text)
    assert whole.start <= min(one.start, other.start)
    assert whole.end >= max(one.end, other.end)


@given(stretches(), moments)
def test_a_cut_at_a_moment_leaves_what_is_said_before_it_before_it(whole: Stretch, moment: float) -> None:
    at = whole.word_at(moment)
    assert all((word.start + word.end) / 2 < moment for word in whole.shown_words[:at])
    assert at == len(whole.shown_words) or (whole.shown_words[at].start + whole.shown_words[at].end) / 2 >= moment


WORDS = tuple(Word(float(n), n + 0.8, f" {text}", 0.9) for n, text in enumerate(("one", "two", "three")))
PLAIN = Stretch(0.0, 3.0, "one two three", WORDS)


def test_the_pause_stays_between_both() -> None:
    left, right = PLAIN.split(1, "word")
    assert (left.start, left.end, right.start, right.end) == (0.0, 0.8, 1.0, 3.0)
    assert (left.text, right.text) == ("one", "two three")


def test_people_and_machine_are_parted_at_the_same_moment() -> None:
    corrected = (Word(0.0, 0.8, " One", 1.0), Word(2.0, 2.8, " more", 1.0))
    left, right = Stretch(0.0, 3.0, PLAIN.text, WORDS, "One more", corrected).split(1, "word")
    assert (left.text, left.corrected_text) == ("one", "One")
    assert (right.text, right.corrected_text) == ("two three", "more")


def test_a_part_in_the_machines_own_words_is_no_correction() -> None:
    corrected = (WORDS[0], Word(1.0, 2.8, " deux", 1.0))
    left, right = Stretch(0.0, 3.0, PLAIN.text, WORDS, "one deux", corrected).split(1, "word")
    assert (left.corrected_text, right.corrected_text) == (None, "deux")


@pytest.mark.parametrize("at", [0, 3, 9])
def test_both_parts_need_a_word(at: int) -> None:
    with pytest.raises(InvalidFields) as caught:
        PLAIN.split(at, "time")
    assert caught.value.errors[0]["field"] == "time"


def test_without_times_of_words_there_is_nowhere_to_cut() -> None:
    with pytest.raises(Conflict):
        Stretch(0.0, 3.0, "one two three").split(1, "word")


def test_texts_without_words_are_joined_by_what_the_language_has_between() -> None:
    one, other = Stretch(0.0, 1.0, "今日は"), Stretch(1.0, 2.0, "晴れ")
    assert one.joined(other, "").text == "今日は晴れ"
    assert Stretch(0.0, 1.0, "one").joined(Stretch(1.0, 2.0, ""), " ").text == "one"
