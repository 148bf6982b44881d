"""What is shown of a text in which something was found."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.snippets import Piece, snippet, words_to_ask_about


def marked(text: str, *hits: str, characters: int = 240) -> str:
    return "".join(
        f"[{p.text}]" if p.hit else p.text for p in snippet(text, set(hits).__contains__, characters=characters)
    )


def test_hits_are_pieces_of_their_own() -> None:
    assert snippet("L'été, enfin !", {"été"}.__contains__) == [
        Piece("L'", hit=False),
        Piece("été", hit=True),
        Piece(", enfin !", hit=False),
    ]
    assert marked("See (example.org), or 3.5 of it.", "example.org", "3.5") == "See ([example.org]), or [3.5] of it."


def test_a_long_text_is_cut_around_the_first_hit_between_words() -> None:
    text = "word " * 100 + "here it is " + "more " * 100
    shown = marked(text, "here", characters=60)
    assert shown.startswith("…word ")
    assert " [here] it is " in shown
    assert shown.endswith("more…")
    assert len(shown) < 70


def test_only_words_that_begin_alike_are_asked_about() -> None:
    assert words_to_ask_about(["Éric a œuvré, e-mail x"], ["ericson", "oeuvr"]) == {"Éric", "œuvré", "e", "e-mail"}


@given(
    text=st.text(st.sampled_from("ab é<>&\"'[]…\n.")),
    hits=st.sets(st.text(st.sampled_from("abé"), min_size=1, max_size=2)),
    characters=st.integers(1, 40),
)
def test_the_pieces_are_a_stretch_of_the_text(text: str, hits: set[str], characters: int) -> None:
    pieces = snippet(text, hits.__contains__, characters=characters)
    shown = "".join(piece.text for piece in pieces)
    assert shown.removeprefix("…").removesuffix("…") in text or shown in text
    assert all(piece.text for piece in pieces)
    assert all(piece.text in hits for piece in pieces if piece.hit)
