"""Corrected words get the times of those that they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.alignment import align_words, tidy
from app.core.transcript import Word


def machine(*said: tuple[str, float, float]) -> list[Word]:
    return [Word(start, end, text, 0.5) for text, start, end in said]


HEARD = machine((" Good", 1.0, 1.4), (" mourning", 1.4, 2.0), (" all.", 2.5, 3.0))


def timed(text: str, words: list[Word] = HEARD, start: float = 1.0, end: float = 3.0) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in align_words(text, words, start, end)]


def test_a_word_that_is_replaced_gives_its_time() -> None:
    assert timed("Good morning, all.") == [(" Good", 1.0, 1.4), (" morning,", 1.4, 2.0), (" all.", 2.5, 3.0)]


def test_several_words_share_the_time_of_the_one_that_they_replace() -> None:
    assert timed("Good more ning all.") == [
        (" Good", 1.0, 1.4),
        (" more", 1.4, 1.7),
        (" ning", 1.7, 2.0),
        (" all.", 2.5, 3.0),
    ]


def test_a_new_word_stands_in_the_pause_there_is() -> None:
    assert timed("Good mourning to all.")[2] == (" to", 2.0, 2.5)


def test_a_new_word_without_a_pause_takes_a_little_of_the_one_before() -> None:
    assert timed("Good old mourning all.")[:3] == [(" Good", 1.0, 1.35), (" old", 1.35, 1.4), (" mourning", 1.4, 2.0)]


def test_a_word_that_is_taken_out_moves_nobody() -> None:
    assert timed("Good all.") == [(" Good", 1.0, 1.4), (" all.", 2.5, 3.0)]


def test_case_accents_and_punctuation_change_no_time_and_no_probability() -> None:
    words = align_words("GOOD, mourning… Àll!", HEARD, 1.0, 3.0)
    assert [(word.start, word.probability) for word in words] == [(1.0, 0.5), (1.4, 0.5), (2.5, 0.5)]
    assert [word.probability for word in align_words("Good morning all.", HEARD, 1.0, 3.0)] == [0.5, 1.0, 0.5]


def test_scripts_without_spaces_are_aligned_by_their_characters() -> None:
    heard = machine(("你好", 0.0, 1.0), ("世界", 1.0, 2.0))
    assert timed("你好吗世界", heard, 0.0, 2.0) == [
        (" 你", 0.0, 0.5),
        ("好", 0.5, 0.95),
        ("吗", 0.95, 1.0),
        ("世", 1.0, 1.5),
        ("界", 1.5, 2.0),
    ]


def test_french_punctuation_stays_with_its_word() -> None:
    assert [text for text, *_ in timed("Good mourning all\u00a0?")] == [" Good", " mourning", " all\u00a0?"]


@pytest.mark.parametrize("text", ["", "  ", "\u00a0"])
def test_nothing_said_is_no_word(text: str) -> None:
    assert align_words(text, HEARD, 1.0, 3.0) == ()


def test_without_times_there_are_none_to_give() -> None:
    assert align_words("Good morning", [], 1.0, 3.0) == ()


def test_a_huge_text_is_aligned_in_no_time() -> None:
    words = align_words("a b " * 2500, machine(*((" a", n / 10, n / 10) for n in range(400))), 0.0, 40.0)
    assert len(words) == 5000


WORDS = st.sampled_from(["the", "The", "été", "ete", "l'été", "?", "«", "你好", "吗", "\u00a0?", "x", "a-b", "…"])
GAPS = st.floats(0, 1)


@st.composite
def heard_words(draw: st.DrawFn) -> list[Word]:
    """Words as a decoder gives them, now and then a little out of order."""
    clock, words = draw(st.floats(0, 100)), []
    for text in draw(st.lists(WORDS, max_size=12)):
        start = clock + draw(st.floats(-0.1, 1))
        end = start + draw(st.floats(-0.05, 1))
        words.append(Word(start, end, f" {text}", 0.5))
        clock = end
    return words


@given(heard=heard_words(), text=st.lists(WORDS, max_size=15).map(" ".join), edge=GAPS)
def test_whatever_is_written_its_words_are_in_order_inside_the_segment_and_spell_it(
    heard: list[Word], text: str, edge: float
) -> None:
    start = min((word.start for word in heard), default=0.0) + edge
    end = max([start, *(word.end for word in heard)])
    words = align_words(text, heard, start, end)
    if not heard:
        assert words == ()
        return
    assert "".join(word.text for word in words).strip() == tidy(text)
    assert all(start <= word.start <= word.end <= end for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))


@given(heard=heard_words())
def test_the_machines_own_text_keeps_the_machines_times(heard: list[Word]) -> None:
    words = [word for word in heard if word.text.strip()]
    start, end = 0.0, 1000.0
    latest = start
    expected = []
    for word in words:
        first = max(latest, word.start)
        latest = max(first, word.end)
        expected.append((first, latest))
    found = align_words("".join(word.text for word in words), words, start, end)
    if all(len(word.text.strip()) == 1 or word.text.strip().isascii() for word in words):
        assert [(word.start, word.end) for word in found] == expected
