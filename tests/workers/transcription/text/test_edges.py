"""No word is lost or doubled at a cut, and times never go back: properties over any words and cuts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import Segment, Word
from app.workers.transcription.text.edges import in_order, owned

TIMES = st.floats(0, 100)


@st.composite
def decoded(draw: st.DrawFn) -> list[Segment]:
    """Segments in order, their words in order, with pauses or touching."""
    segments = []
    clock = 0.0
    for number in range(draw(st.integers(0, 8))):
        words = []
        for index in range(draw(st.integers(0, 6))):
            start = clock + draw(st.sampled_from([0.0, 0.1, 2.0]))
            clock = start + draw(st.sampled_from([0.0, 0.2, 1.5, 4.0]))
            words.append(Word(start, clock, f" {number}-{index}", 0.9))
        start = words[0].start if words else clock
        clock += 0.0 if words else draw(st.sampled_from([0.5, 3.0]))
        text = "".join(word.text for word in words).strip() or f"{number}"
        segments.append(Segment(start, clock, text, tuple(words)))
    return segments


@given(decoded(), st.lists(TIMES, max_size=6, unique=True))
def test_each_word_is_in_one_chunk_and_their_order_is_kept(segments: list[Segment], cuts: list[float]) -> None:
    edges = [0.0, *sorted(cuts), float("inf")]
    shared = [owned(segments, start, end) for start, end in pairwise(edges)]
    kept = [segment for part in shared for segment in part]
    assert [word for segment in kept for word in segment.words] == [w for segment in segments for w in segment.words]
    assert " ".join(segment.text for segment in kept) == " ".join(segment.text for segment in segments)
    for segment in kept:
        if segment.words:
            assert segment.text == "".join(word.text for word in segment.words).strip()
            assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)


def test_a_word_on_the_cut_belongs_to_its_middle() -> None:
    word = Word(9.8, 10.3, " bonjour", 0.9)
    segment = Segment(9.8, 10.3, "bonjour", (word,))
    assert owned([segment], 0, 10) == []
    assert owned([segment], 10, 20) == [segment]
    assert in_order(owned([segment], 10, 20), 10, 20)[0].words[0].start == 10


@given(
    st.lists(st.lists(st.tuples(TIMES, TIMES), max_size=5), max_size=8),
    st.lists(st.tuples(TIMES, TIMES), min_size=8, max_size=8),
    TIMES,
    TIMES,
)
def test_times_are_monotone_and_inside_whatever_was_decoded(
    words: list[list[tuple[float, float]]], bounds: list[tuple[float, float]], one: float, other: float
) -> None:
    start, end = sorted((one, other))
    segments = [
        Segment(*outer, "text", tuple(Word(*inner, " word", 0.9) for inner in inners))
        for inners, outer in zip(words, bounds, strict=False)
    ]
    clock = start
    for segment in in_order(segments, start, end):
        assert clock <= segment.start <= segment.end <= end
        time = segment.start
        for word in segment.words:
            assert time <= word.start <= word.end <= segment.end
            time = word.end
        clock = segment.end
