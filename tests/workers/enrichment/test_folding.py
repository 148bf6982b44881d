from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.transcript import Segment
from app.workers.enrichment.errors import ContextTooSmall
from app.workers.enrichment.folding import Passage, Place, Window, fold, passages_of, windows

words = st.text(alphabet="abcdé", min_size=1, max_size=8)
texts = st.lists(words, min_size=1, max_size=30).map(" ".join)
passages = st.lists(st.builds(Passage, texts, st.sampled_from([None, "SPEAKER_00", "SPEAKER_01"])), max_size=40)


def length(passage: Passage) -> int:
    return len(passage.text)


@given(passages, st.integers(min_value=300, max_value=900))
@settings(deadline=None)
def test_every_passage_is_in_exactly_one_window_in_order(read: list[Passage], limit: int) -> None:
    cut = windows(read, limit, length)

    assert [passage for window in cut for passage in window] == read
    assert all(0 < sum(map(length, window)) <= limit for window in cut)


@given(passages, st.integers(min_value=4, max_value=60))
@settings(deadline=None)
def test_a_passage_longer_than_a_window_is_cut_without_losing_a_word(read: list[Passage], limit: int) -> None:
    cut = windows(read, limit, length)

    assert "".join(piece.text for window in cut for piece in window).replace(" ", "") == "".join(
        passage.text for passage in read
    ).replace(" ", "")
    assert all(sum(map(length, window)) <= limit for window in cut)


@given(passages, st.integers(min_value=300, max_value=900))
@settings(deadline=None)
def test_folding_shows_each_passage_once_at_the_leaves_and_ends_within_the_limit(
    read: list[Passage], limit: int
) -> None:
    leaves: list[Window] = []
    places: list[Place] = []

    def note(level: Sequence[tuple[Window, Place]]) -> list[str]:
        places.extend(place for _, place in level)
        leaves.extend(window for window, place in level if place.level == 1)
        return [f"{place.level}.{place.number}" for _, place in level]

    folded, levels = fold(read, limit, length, note)

    assert sum(map(length, folded)) <= limit
    assert levels == max((place.level for place in places), default=0)
    assert [passage for window in leaves for passage in window] == (read if levels else [])


def test_windows_are_about_equally_full() -> None:
    assert [len(window) for window in windows([Passage("x" * 10)] * 11, 100, length)] == [6, 5]
    assert [len(window) for window in windows([Passage("x" * 30)] * 10, 100, length)] == [3, 2, 3, 2]


def test_notes_that_are_as_long_as_what_they_note_end_in_an_error_not_in_a_loop() -> None:
    with pytest.raises(ContextTooSmall):
        fold(
            [Passage("word " * 10)] * 10,
            100,
            length,
            lambda level: [" ".join(passage.text for passage in window) for window, _ in level],
        )


def test_segments_without_text_say_nothing() -> None:
    assert passages_of([Segment(0, 1, " "), Segment(1, 2, " Yes. ", speaker="SPEAKER_00")]) == [
        Passage("Yes.", "SPEAKER_00", (1,))
    ]
