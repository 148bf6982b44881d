"""Corrected text where the transcript is put together anew."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import Word
from app.core.wording import Wording, carried_over, homes


def words(start: float, *said: str) -> tuple[Word, ...]:
    """One word a second."""
    return tuple(Word(start + n, start + n + 1, f" {text}", 0.5) for n, text in enumerate(said))


def wording(start: float, *said: str, flow: str | None = None) -> Wording:
    return Wording(start, start + len(said), " ".join(said), words(start, *said), flow)


def test_a_segment_that_stayed_keeps_its_text_as_it_is() -> None:
    corrected = Wording(0.02, 2.0, "Good morning", words(0, "Good", "morning"))
    carried = carried_over({4: corrected}, [wording(0, "good", "mourning"), wording(2, "all")])
    assert {at: (found.text, found.origins) for at, found in carried.items()} == {0: ("Good morning", (4,))}


def test_one_without_words_stays_too_but_cannot_be_parted() -> None:
    corrected = {0: Wording(0, 2, "Good morning")}
    assert carried_over(corrected, [Wording(0, 2, "good mourning")])[0].text == "Good morning"
    assert carried_over(corrected, [Wording(0, 1, "good"), Wording(1, 2, "mourning")]) == {}


def test_one_that_fell_apart_is_parted_between_its_words() -> None:
    corrected = {1: wording(3, "And", "to", "you", "dear", "friends")}
    parts = [wording(0, "a", "b", "c"), wording(3, "and", "two"), wording(5, "you", "deer", "fiends"), wording(8, "d")]
    carried = carried_over(corrected, parts)
    assert {at: found.text for at, found in carried.items()} == {1: "And to", 2: "you dear friends"}


def test_several_that_became_one_are_joined_with_what_nobody_corrected() -> None:
    corrected = {0: wording(0, "Good", "morning"), 2: wording(3, "of", "you")}
    [(at, found)] = carried_over(corrected, [wording(0, "good", "mourning", "all", "off", "you")]).items()
    assert (at, found.text, found.origins) == (0, "Good morning all of you", (0, 2))


def test_a_text_that_was_taken_out_stays_out() -> None:
    corrected = {0: Wording(1, 2, "", ())}
    [found] = carried_over(corrected, [wording(0, "a", "b", "c")]).values()
    assert found.text == "a c"


def test_channels_are_not_mixed_up() -> None:
    corrected = {0: wording(0, "Yes", flow="SPEAKER_01")}
    carried = carried_over(corrected, [wording(0, "no", flow="SPEAKER_00"), wording(0, "yes", flow="SPEAKER_01")])
    assert {at: found.text for at, found in carried.items()} == {1: "Yes"}
    assert homes(corrected, [wording(0, "no", flow="SPEAKER_00"), wording(9, "so", flow="SPEAKER_01")]) == {0: 1}
    assert homes(corrected, []) == {}


@st.composite
def cuts(draw: st.DrawFn) -> list[int]:
    return [0, *sorted(draw(st.sets(st.integers(1, 19)))), 20]


@given(before=cuts(), after=cuts(), data=st.data())
def test_no_corrected_word_is_lost_or_said_twice_wherever_the_cuts_are(
    before: list[int], after: list[int], data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(range(len(before) - 1))))
    corrected = {
        n: wording(start, *(f"new{second}" for second in range(start, end)))
        for n, (start, end) in enumerate(pairwise(before))
        if n in chosen
    }
    segments = [wording(start, *(f"old{second}" for second in range(start, end))) for start, end in pairwise(after)]
    carried = carried_over(corrected, segments)
    corrected_seconds = {second for n in chosen for second in range(before[n], before[n + 1])}
    expected = Counter(f"{'new' if second in corrected_seconds else 'old'}{second}" for second in range(20))
    texts = [carried[at].text if at in carried else segment.text for at, segment in enumerate(segments)]
    assert Counter(" ".join(texts).split()) == expected
    for at, segment in enumerate(segments):
        found = carried[at].words if at in carried else segment.words
        assert all(segment.start <= word.start <= word.end <= segment.end for word in found)
        assert all(one.end <= other.start for one, other in pairwise(found))
