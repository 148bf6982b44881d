"""Readable segments: split at sentence ends and pauses, no word lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import Segment, Word
from app.workers.transcription.text.sentences import LONGEST_SEGMENT_SECONDS, split_sentences


def spoken(text: str, seconds: float = 0.4, pauses: dict[str, float] | None = None) -> Segment:
    clock = 0.0
    words = []
    for word in text.split():
        words.append(Word(clock, clock + seconds, f" {word}", 0.9))
        clock += seconds + (pauses or {}).get(word, 0.0)
    return Segment(0.0, words[-1].end, text, tuple(words), average_log_probability=-0.3, compression_ratio=1.5)


def texts(segment: Segment) -> list[str]:
    return [piece.text for piece in split_sentences(segment)]


words = st.tuples(
    st.sampled_from([" and", " so,", " end.", " Well", " M.", "。", " 3", ".5", "l'", " «Oui»!"]),
    st.sampled_from([0.0, 0.1, 0.5, 3.0]),
    st.sampled_from([0.0, 0.0, 0.3, 2.0]),
)


@given(st.lists(words, max_size=60))
def test_every_word_is_kept_in_order_in_one_segment(drawn: list[tuple[str, float, float]]) -> None:
    clock = 0.0
    made = []
    for text, length, pause in drawn:
        made.append(Word(clock, clock + length, text, 0.5))
        clock += length + pause
    whole = Segment(0.0, clock, "".join(word.text for word in made).strip(), tuple(made))
    pieces = split_sentences(whole)
    assert [word for piece in pieces for word in piece.words] == made
    assert (pieces[0].start, pieces[-1].end) == (whole.start, whole.end)
    for piece, following in pairwise(pieces):
        assert piece.start <= piece.end <= following.start
    for piece in pieces:
        assert piece.text == "".join(word.text for word in piece.words).strip()
        if len(piece.words) > 1:
            assert piece.words[-1].end - piece.words[0].start <= LONGEST_SEGMENT_SECONDS


def test_sentences_are_split_and_keep_the_decoders_measures() -> None:
    pieces = split_sentences(spoken("Il pleut depuis hier. On rentre à la maison !"))
    assert [piece.text for piece in pieces] == ["Il pleut depuis hier.", "On rentre à la maison !"]
    assert {(piece.average_log_probability, piece.compression_ratio) for piece in pieces} == {(-0.3, 1.5)}


def test_titles_initials_and_numbers_end_no_sentence() -> None:
    for text in ("I have seen M. Dupont today", "It was John F. Kennedy here", "about 3.5 million of them"):
        assert texts(spoken(text)) == [text]


def test_words_that_are_short_for_others_before_a_number_end_sentences_elsewhere() -> None:
    together, apart = "Look it up in vol. 3 today", "Il a raté son vol. Marc l'a conduit."
    assert texts(spoken(together)) == [together]
    assert texts(spoken(apart)) == ["Il a raté son vol.", "Marc l'a conduit."]
    assert texts(spoken("Was it them or no. No. I think not")) == ["Was it them or no.", "No. I think not"]


def test_a_long_pause_parts_what_punctuation_does_not() -> None:
    assert texts(spoken("first we wait then we go", pauses={"wait": 1.5})) == ["first we wait", "then we go"]


def test_a_long_sentence_is_parted_at_a_comma() -> None:
    assert texts(spoken("a " * 24 + "b, " + "c " * 24)) == [("a " * 24 + "b,"), ("c " * 24).strip()]
