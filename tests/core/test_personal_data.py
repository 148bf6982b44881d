import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.formats import FORMATS, DocumentEnrichment, DocumentSpeaker, TranscriptDocument, render_transcript
from app.core.personal_data import PersonalKind, found, hidden
from app.core.redaction import redacted
from app.core.transcript import Segment, Word

EMAIL, PHONE, IBAN, CARD, NAME = (
    PersonalKind.EMAIL, PersonalKind.PHONE, PersonalKind.IBAN, PersonalKind.CARD, PersonalKind.NAME,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("Write to jo.miller+x@mail.example.org, please.", EMAIL, "jo.miller+x@mail.example.org"),
        ("Écrivez à léa@exemple.fr.", EMAIL, "léa@exemple.fr"),
        ("Appelez le 06 12 34 56 78 demain", PHONE, "06 12 34 56 78"),
        ("call +33 6 12 34 56 78", PHONE, "+33 6 12 34 56 78"),
        ("call (555) 010-9999 now", PHONE, "(555) 010-9999"),
        ("0612345678", PHONE, "0612345678"),
        ("IBAN FR14 2004 1010 0505 0001 3M02 606 merci", IBAN, "FR14 2004 1010 0505 0001 3M02 606"),
        ("GB82WEST12345698765432", IBAN, "GB82WEST12345698765432"),
        ("card 4111 1111 1111 1111.", CARD, "4111 1111 1111 1111"),
        ("5500-0000-0000-0004", CARD, "5500-0000-0000-0004"),
    ],
)
def test_what_has_a_form_is_found(text: str, kind: PersonalKind, what: str) -> None:
    assert [(text[span.start : span.end], span.kind) for span in found(text)] == [(what, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "It cost 12 345 678 euros in 2024.",
        "Between 2019 and 2024, on 14-03-2026 and 2026-03-14.",
        "FR14 2004 1010 0505 0001 3M02 607",
        "version 3.11.2 of 1984",
        "an @ sign alone, and a@b",
        "123456",
        "",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert [span for span in found(text) if span.kind is not PHONE or "IBAN" in text] == []


def test_phrases_are_found_as_whole_words_whatever_their_case() -> None:
    text = "Anna met anna Martin, Annabelle and Anna-Martin."

    assert [text[span.start : span.end] for span in found(text, [("Anna Martin", NAME), ("Anna", NAME)])] == [
        "Anna", "anna Martin", "Anna-Martin",
    ]  # fmt: skip


@given(st.text("abé 0123456789+-().@/FR", max_size=60), st.lists(st.text("ab 1é", max_size=6), max_size=3))
@settings(deadline=None)
def test_places_are_in_order_within_the_text_and_never_overlap(text: str, phrases: list[str]) -> None:
    spans = found(text, [(phrase, NAME) for phrase in phrases])

    ends = [0, *(span.end for span in spans)]
    assert all(before <= span.start < span.end <= len(text) for before, span in zip(ends, spans, strict=False))
    assert hidden(text, [], "fr") == text


SAID = ("Bonjour, je suis Léa Martin, 12 rue des Lilas.", "Mon numéro est le 06 12 34 56 78, merci.")


def document() -> TranscriptDocument:
    segments = []
    for index, text in enumerate(SAID):
        words = tuple(
            Word(10.0 * index + n, 10.0 * index + n + 0.5, f" {word}", 0.9, "SPEAKER_00")
            for n, word in enumerate(text.split())
        )
        segments.append(Segment(10.0 * index, 10.0 * index + 9, text, words, "SPEAKER_00"))
    return TranscriptDocument(
        name="Appel de Léa Martin.ogg",
        segments=tuple(segments),
        machine_speakers=("SPEAKER_00", "SPEAKER_00"),
        language="fr",
        speakers=(DocumentSpeaker("SPEAKER_00", "Léa Martin"),),
        enrichment=DocumentEnrichment(
            title="Appel de Léa Martin", summary="Léa Martin donne son numéro.", points=("Léa",)
        ),
    )


@pytest.mark.parametrize("name", [name for name in FORMATS if "redact" in FORMATS[name].options and FORMATS[name].text])
def test_no_format_of_a_redacted_document_has_any_of_it(name: str) -> None:
    phrases = [("Léa Martin", NAME), ("Léa", NAME), ("12 rue des Lilas", PersonalKind.ADDRESS)]

    text = render_transcript(redacted(document(), phrases), name).content.decode()

    for personal in ("Léa", "Martin", "Lilas", "06 12", "56 78"):
        assert personal not in text
    assert "[NOM]" in text.replace("\\", "")
    assert "[TÉLÉPHONE]" in text.replace("\\", "")


def test_the_words_keep_their_times_and_what_is_hidden_is_one_of_them() -> None:
    [_, said] = redacted(document(), []).segments

    assert said.text == "Mon numéro est le [TÉLÉPHONE], merci."
    assert [(word.text, word.start, word.end) for word in said.words][-2:] == [
        (" [TÉLÉPHONE]", 14.0, 18.5), (" merci.", 19.0, 19.5),
    ]  # fmt: skip


def test_a_name_that_people_gave_a_speaker_is_hidden_where_it_is_said() -> None:
    assert "Léa" not in redacted(document(), []).segments[0].text
