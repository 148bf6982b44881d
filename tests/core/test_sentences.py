"""Where sentences end: full stops that belong to a title, an initial or an abbreviation end none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sentences import clauses_of, is_ended, sentences_of


@pytest.mark.parametrize(
    "sentences",
    [
        ["Le maire est M. Dupont.", "L'adjoint est MM.\u00a0Durand et Martin.", "Ils siègent ensemble."],
        ["Mr. Smith pays the rent.", "Mr. Jones pays the heating."],
        ["C'est l'avis de J.-P. Martin, de J. F. Kennedy et d'A. Durand (cf. Mme Petit).", "Voilà."],
        ["No.", "It is no. 5, art. 3, p. 12 and vol. 2."],
        ["Il a raté son vol.", "Marc aime l'art.", "So do I.", "Then we go."],
        ["Bring chairs, tables, etc. and the e.g. Large ones.", "Il dit « Oui. »", "Puis il part."],
        ["We meet at 3 p.m.", "Marc comes at 3.5 past, see example.org.", "ok"],
        ["“Is it so?”", "Well…", "Maybe!"],
        ["好。", "他说：「是。」", "然后"],
    ],
)
def test_sentences_are_told_apart(sentences: list[str]) -> None:
    assert sentences_of(" ".join(sentences)) == sentences


@given(st.text(alphabet="aMI. \u00a0!?…。\"'»」)-12,:\n", max_size=60))
def test_nothing_but_space_is_lost_between_sentences(text: str) -> None:
    sentences = sentences_of(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(sentence and sentence == sentence.strip() for sentence in sentences)
    assert all(clause in text for clause in clauses_of(text))


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("It is so.", True),
        ("She said “It is so.”", True),
        ("No.", True),
        ("We meet at 3 p.m.", True),
        ("L'adjoint est M.", False),
        ("It was signed by Mr.", False),
        ("It was signed by J.", False),
        ("It is", False),
        ("", False),
    ],
)
def test_a_text_that_stops_at_a_title_or_an_initial_has_not_ended(text: str, ended: bool) -> None:
    assert is_ended(text) is ended


def test_clauses_are_without_their_marks() -> None:
    said = "On ne paie pas M. Durand : c'est 2,5 euros. Fini !"

    assert clauses_of(said) == ["On ne paie pas M. Durand", "c'est 2,5 euros", "Fini"]
