import time
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.formats import FORMATS, DocumentEnrichment, DocumentSpeaker, TranscriptDocument, render_transcript
from app.core.personal_data import PersonalKind, hidden
from app.core.personal_search import KnownPhrases, found, found_in_each
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


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("C'est le 06, 12, 34, 56, 78.", "C'est le [TÉLÉPHONE]."),
        ("C'est le 06–12–34–56–78.", "C'est le [TÉLÉPHONE]."),
        ("C'est le 06 – 12 – 34 – 56 – 78.", "C'est le [TÉLÉPHONE]."),
        ("C'est le 06\u201112\u201134\u201156\u201178.", "C'est le [TÉLÉPHONE]."),
        ("C'est le 06... 12... 34... 56... 78.", "C'est le [TÉLÉPHONE]."),
        ("C'est le 06 12, 34 56, 78.", "C'est le [TÉLÉPHONE]."),
        ("call +33, 6, 12, 34, 56, 78.", "call [TÉLÉPHONE]."),
        ("call 0033, 6, 12, 34, 56, 78.", "call [TÉLÉPHONE]."),
        ("06 12 34 56 78. 01 23 45 67 89", "[TÉLÉPHONE]. [TÉLÉPHONE]"),
        ("+33 6 12 34 56 78. 12 personnes", "[TÉLÉPHONE]. 12 personnes"),
        ("12 34 56 78, 9 personnes", "[TÉLÉPHONE], 9 personnes"),
        ("le 14/03/2026, 06 12 34 56 78", "le 14/03/2026, [TÉLÉPHONE]"),
        ("carte 4111 1111 1111 1111 12/27", "carte [CARTE] 12/27"),
        ("carte 4111 1111 1111 1111 1227 123", "carte [CARTE] 1227 123"),
        ("carte 4111-1111-1111-1111 (12/27)", "carte [CARTE] (12/27)"),
        ("carte 4111, 1111, 1111, 1111.", "carte [CARTE]."),
        ("carte 41 11 11 11 11 11 11 11 12 27", "carte [CARTE] 12 27"),
        ("FR14 20 04 10 10 05 05 00 01 3M 02 60 6, voilà", "[IBAN], voilà"),
        ("FR 14 2004 1010 0505 0001 3M02 606 merci beaucoup à vous", "[IBAN] merci beaucoup à vous"),
        ("FR14, 2004, 1010, 0505, 0001, 3M02, 606.", "[IBAN]."),
        ("CB12 FR14 2004 1010 0505 0001 3M02 606", "CB12 [IBAN]"),
    ],
)
def test_numbers_are_found_as_they_are_written_down_from_speech(text: str, without: str) -> None:
    assert hidden(text, found(text), "fr") == without


def test_a_number_that_is_said_twice_is_hidden_twice() -> None:
    [*spans] = found("06 12 34 56 78 06 12 34 56 78")

    assert (spans[0].start, spans[-1].end, {span.kind for span in spans}) == (0, 29, {PHONE})


@pytest.mark.parametrize(
    "text",
    [
        "entre 1998, 2001, 2004 et 2010",
        "1998, 2001, 2004, 2010, 2012",
        "1998 2001 2004 2010",
        "1998–2001–2004–2010",
        "10, 20, 30, 40, 50",
        "10, 20, 30, 40, 50, 60, 70, 80, 90, 100",
        "0, 5, 10, 15, 20, 25, 30",
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "0,5, 0,7, 0,9, 1,2, 1,5 et 2,5",
        "0.5, 0.7, 0.9, 1.2, 1.5 and 2.5",
        "21-19, 21-15, 18-21, 25-23",
        "3 - 2, 4 - 1, 0 - 0, 2 - 5, 6 - 1",
        "1 045 678, 2 300 000 et 12 345 678,50 euros",
        "12 345 678, 1 001 500, 2 300 000",
        "du 01/02/2024, 03/04/2024 au 05/06/2024",
        "14-03-2026, 15-03-2026, 16-03-2026",
        "+5, 10, 12, 15",
        "00, 15, 30, 45",
        "2026-03-14_12-30-00.mp3",
        "2026-03-14 12-30-00.mkv",
        "20260314123000.wav",
        "TV 24 et les autres gens qui sont venus hier",
    ],
)
def test_amounts_dates_years_and_results_stay(text: str) -> None:
    assert found(text) == []


def test_phrases_are_found_as_whole_words_whatever_their_case() -> None:
    text = "Anna met anna Martin, Annabelle and Anna-Martin."
    names = KnownPhrases([("Anna Martin", NAME), ("Anna", NAME)])

    assert [text[span.start : span.end] for span in found(text, names)] == ["Anna", "anna Martin", "Anna-Martin"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("known", ["Helene Mercoeur", "Hélène Mercœur", "HÉLÈNE MERCŒUR"])
def test_phrases_are_found_whatever_their_accents_and_ligatures(known: str, form: str) -> None:
    text = unicodedata.normalize(form, "Merci à Hélène Mercœur, et à André.")  # type: ignore[arg-type]
    names = KnownPhrases([(known, NAME), ("Andre", NAME)])

    assert hidden(text, found(text, names), "fr") == unicodedata.normalize(form, "Merci à [NOM], et à [NOM].")  # type: ignore[arg-type]


def test_what_goes_over_the_border_of_two_texts_is_found_in_both() -> None:
    said = (
        "Mon numéro, c'est le 06 12 34", "56 78, merci. Je suis Jean", "", "Dupont, IBAN FR14 2004 1010",
        "0505 0001 3M02 606. Carte 4111 1111", "1111", "1111. Le 06 12 34 56 78.", "12 personnes",
    )  # fmt: skip

    places = found_in_each(said, KnownPhrases([("Jean Dupont", NAME)]))

    assert [hidden(text, spans, "fr") for text, spans in zip(said, places, strict=True)] == [
        "Mon numéro, c'est le [TÉLÉPHONE]", "[TÉLÉPHONE], merci. Je suis [NOM]", "", "[NOM], IBAN [IBAN]",
        "[IBAN]. Carte [CARTE]", "[CARTE]", "[CARTE]. Le [TÉLÉPHONE].", "12 personnes",
    ]  # fmt: skip


def test_many_names_in_a_long_text_are_found_within_seconds() -> None:
    said = ["Alors je dirai aux écoles que nous rouvrons le quatorze mars avec Hélène Mercœur."] * 500
    names = KnownPhrases([("Hélène Mercœur", NAME), *((f"Name{number} Other", NAME) for number in range(600))])
    began = time.monotonic()

    places = found_in_each(said, names)

    assert [len(spans) for spans in places] == [1] * 500
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "piece", ["3, ", "4111 ", "34 ", "06,", "(0", "1.", "+1(", "AB12 ", "FR14", "0", "a.b@", "\n1"]
)
def test_no_text_holds_up_the_search(piece: str) -> None:
    text = piece * (30_000 // len(piece)) + "x"
    began = time.monotonic()

    found(text)

    assert time.monotonic() - began < 10


@given(st.text("abé 0123456789+-().,@/FR_\n", max_size=60), st.lists(st.text("ab 1é", max_size=6), max_size=3))
@settings(deadline=None)
def test_places_are_in_order_within_the_text_and_never_overlap(text: str, phrases: list[str]) -> None:
    spans = found(text, KnownPhrases((phrase, NAME) for phrase in phrases))

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


def test_a_file_name_holds_no_name_and_no_number() -> None:
    named = replace(
        document(),
        name="Entretien_Jean_Dupont_0612345678.mp3",
        speakers=(DocumentSpeaker("SPEAKER_00", "Jean Dupont"),),
    )

    assert redacted(named, []).name == "Entretien_[NOM]_[TÉLÉPHONE].mp3"


def test_what_two_segments_hold_together_is_hidden_in_their_words_too() -> None:
    said = ("Mon numéro est le 06 12 34", "56 78, merci.")
    segments = tuple(
        Segment(
            10.0 * index,
            10.0 * index + 9,
            text,
            tuple(
                Word(10.0 * index + n, 10.0 * index + n + 0.5, f" {word}", 0.9) for n, word in enumerate(text.split())
            ),
        )
        for index, text in enumerate(said)
    )

    first, second = redacted(replace(document(), segments=segments), []).segments

    assert (first.text, second.text) == ("Mon numéro est le [TÉLÉPHONE]", "[TÉLÉPHONE], merci.")
    assert [word.text for word in first.words][-1] == " [TÉLÉPHONE]"
    assert [(word.text, word.start, word.end) for word in second.words] == [
        (" [TÉLÉPHONE]", 10.0, 11.5), (" merci.", 12.0, 12.5),
    ]  # fmt: skip
