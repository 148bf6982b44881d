"""Every format but the subtitles says what the document says."""

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path

import docx
import pytest
from docx.document import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pyannote.database.util import load_rttm

from app.core.errors import NotFound
from app.core.formats import (
    FORMATS,
    DocumentEnrichment,
    DocumentSpeaker,
    Presentation,
    TranscriptDocument,
    render_transcript,
)
from app.core.formats.lines import one_line
from app.core.transcript import Segment, SpeakerTurn, Word

DIALOGUE = TranscriptDocument(
    name="Réunion du 3 mars.v2.mp3",
    language="fr",
    duration_seconds=42.5,
    created_at=dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC),
    speakers=(DocumentSpeaker("SPEAKER_00", "Marie\nCurie"), DocumentSpeaker("SPEAKER_01", number=2)),
    segments=(
        Segment(
            0.5,
            3.0,
            "Bonjour à tous.",
            (Word(0.5, 1.0, " Bonjour", 0.9), Word(1.0, 3.0, " à tous.", 0.8)),
            "SPEAKER_00",
        ),
        Segment(3.0, 5.0, "On commence\u00a0?", (), "SPEAKER_00"),
        Segment(8.0, 9.0, "Ceci\n\nvient après une pause.", (), "SPEAKER_00"),
        Segment(9.5, 12.0, "Allons-y.", (), "SPEAKER_01"),
        Segment(3700.0, 3701.0, "(inaudible)", ()),
    ),
    turns=(
        SpeakerTurn(9.5, 12.0, "SPEAKER_01"),
        SpeakerTurn(0.5, 9.0, "SPEAKER_00"),
        SpeakerTurn(9.0, 9.0, "SPEAKER_01"),
    ),
    enrichment=DocumentEnrichment(title="Le budget", summary="On parle du budget.", points=("Un point", "Un autre")),
)


def test_plain_text_is_paragraphs_under_their_speakers() -> None:
    rendered = render_transcript(DIALOGUE, "txt")
    assert rendered.media_type == "text/plain"
    assert rendered.content.decode() == (
        "Le budget\n\nOn parle du budget.\n\n• Un point\n• Un autre\n\n———\n\n"
        "[00:00:00] Marie Curie\nBonjour à tous. On commence\u00a0?\n\nCeci vient après une pause.\n\n"
        "[00:00:09] Intervenant 2\nAllons-y.\n\n[01:01:40]\n(inaudible)\n"
    )


def test_plain_text_without_speakers_is_text_alone() -> None:
    document = TranscriptDocument(
        name="a.wav", segments=(Segment(0, 1, "One."), Segment(1, 2, ""), Segment(2, 3, "Two."))
    )
    assert render_transcript(document, "txt").content.decode() == "One. Two.\n"


def test_plain_text_joins_japanese_without_spaces() -> None:
    document = TranscriptDocument(
        name="a", language="ja", segments=(Segment(0, 1, "今日は"), Segment(1, 2, "いい天気"))
    )
    assert render_transcript(document, "txt").content.decode() == "今日はいい天気\n"


def test_json_holds_everything() -> None:
    content = json.loads(render_transcript(DIALOGUE, "json").content.decode())
    assert content["speakers"] == [
        {"label": "SPEAKER_00", "name": "Marie\nCurie", "seconds": 8.5},
        {"label": "SPEAKER_01", "name": "SPEAKER_01", "seconds": 2.5},
    ]
    assert [Segment.from_dict(segment) for segment in content["segments"]] == list(DIALOGUE.segments)
    assert [segment["position"] for segment in content["segments"]] == [0, 1, 2, 3, 4]
    assert [SpeakerTurn.from_dict(turn) for turn in content["turns"]] == list(DIALOGUE.turns)
    assert content["enrichment"] == {
        "title": "Le budget", "summary": "On parle du budget.", "points": ["Un point", "Un autre"]
    }  # fmt: skip
    assert (content["name"], content["language"], content["duration_seconds"]) == (DIALOGUE.name, "fr", 42.5)


def test_rttm_is_read_by_pyannote(tmp_path: Path) -> None:
    file = tmp_path / "turns.rttm"
    file.write_text(render_transcript(DIALOGUE, "rttm").content.decode(), encoding="utf-8")
    assert file.read_text(encoding="utf-8").splitlines() == [
        "SPEAKER Réunion_du_3_mars.v2 1 0.500 8.500 <NA> <NA> SPEAKER_00 <NA> <NA>",
        "SPEAKER Réunion_du_3_mars.v2 1 9.500 2.500 <NA> <NA> SPEAKER_01 <NA> <NA>",
    ]
    annotation = load_rttm(file)["Réunion_du_3_mars.v2"]
    assert [(turn.start, turn.end, label) for turn, _, label in annotation.itertracks(yield_label=True)] == [
        (0.5, 9.0, "SPEAKER_00"), (9.5, 12.0, "SPEAKER_01")
    ]  # fmt: skip


def test_rttm_takes_the_segments_where_no_turns_are_kept() -> None:
    document = TranscriptDocument(name="", segments=(Segment(1, 2, "a", (), "SPEAKER_00"), Segment(2, 3, "b")))
    assert (
        render_transcript(document, "rttm").content.decode()
        == "SPEAKER recording 1 1.000 1.000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_in_which_nobody_speaks_has_every_format(name: str) -> None:
    assert render_transcript(TranscriptDocument(name="silence.wav", segments=()), name).media_type


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(NotFound) as raised:
        render_transcript(DIALOGUE, "odt")
    assert "txt, srt, vtt, json, rttm, md, tsv, docx" in raised.value.remedy


def text_of(name: str, **shown: bool) -> str:
    return render_transcript(DIALOGUE, name, Presentation(**shown)).content.decode()


def test_plain_text_shows_what_is_asked_for() -> None:
    assert "\n\nMarie Curie\nBonjour" in text_of("txt", timestamps=False)
    assert "[" not in text_of("txt", timestamps=False)
    unnamed = text_of("txt", speakers=False)
    assert unnamed.endswith("\n\nCeci vient après une pause.\n\nAllons-y.\n\n(inaudible)\n")
    timed = text_of("txt", speakers=False, timestamps=True)
    assert timed.endswith(
        "[00:00:08]\nCeci vient après une pause.\n\n[00:00:09]\nAllons-y.\n\n[01:01:40]\n(inaudible)\n"
    )


def test_markdown_is_a_document_in_the_language_of_the_recording() -> None:
    rendered = render_transcript(DIALOGUE, "md")
    assert rendered.media_type == "text/markdown"
    assert rendered.content.decode() == (
        "# Réunion du 3 mars.v2.mp3\n\n"
        "- **Date\u00a0:** 1er mars 2026\n- **Durée\u00a0:** 00:00:42\n- **Intervenants\u00a0:** Marie Curie, Intervenant 2\n\n"
        "## Le budget\n\nOn parle du budget.\n\n### Points clés\n\n- Un point\n- Un autre\n\n"
        "## Transcription\n\n**Marie Curie** 00:00:00\n\nBonjour à tous. On commence\u00a0?\n\n"
        "Ceci vient après une pause.\n\n**Intervenant 2** 00:00:09\n\nAllons-y.\n\n01:01:40\n\n(inaudible)\n"
    )


def test_markdown_shows_what_is_asked_for() -> None:
    assert "**Marie Curie**\n\nBonjour" in text_of("md", timestamps=False)
    bare = text_of("md", timestamps=False, speakers=False)
    assert "Marie" not in bare
    assert "00:00:0" not in bare
    assert "00:00:08\n\nCeci vient" in text_of("md", speakers=False)


markup = st.lists(
    st.one_of(
        st.sampled_from(
            ["*", "**a**", "_", "a_b", "__", "`", "[x](y)", "<b>", "&amp;", "&#35;", "#", "# a", "a #", "-", "- a", "+", "1.", "1) a",
             "---", "===", ">", "~~a~~", "\\", "![a](b)", "|", "http://a.b", "<http://a.b>", "\u00a0", "    ", "\n"]
        ),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10),
    ),
    min_size=1,
    max_size=6,
).map("".join)  # fmt: skip


@given(markup, markup, markup)
@settings(deadline=None, max_examples=300)
def test_nothing_that_is_said_becomes_markup(name: str, speaker: str, text: str) -> None:
    document = TranscriptDocument(
        name=name,
        speakers=(DocumentSpeaker("S", speaker),),
        segments=(Segment(0, 1, text, (), "S"),),
        enrichment=DocumentEnrichment(title=None, summary=text, points=(text,)),
    )
    parsed = MarkdownIt("commonmark").enable("strikethrough").enable("table").parse(text_of_document(document))
    inline = [token for token in parsed if token.type == "inline"]
    shown = ["".join(child.content for child in token.children or ()) for token in inline]
    marks = {child.type for token in inline for child in token.children or ()}
    assert marks <= {"text", "text_special", "strong_open", "strong_close"}
    who = one_line(speaker) or "S"
    said = [one_line(text)] if one_line(text) else []
    turn = [f"{who} 00:00:00", *said] if said else []
    expected = [
        *([one_line(name)] if one_line(name) else [""]),
        f"Speakers: {who}",
        *(["Summary", *said, "Key points", *said, "Transcript"] if said else []),
        *turn,
    ]
    assert [squeezed(line) for line in shown] == [squeezed(line) for line in expected]
    assert sum(token.type in ("hr", "code_block", "fence", "html_block", "table_open") for token in parsed) == 0


def text_of_document(document: TranscriptDocument) -> str:
    return render_transcript(document, "md").content.decode()


def squeezed(text: str) -> str:
    """Without white space, which Markdown strips at the ends of its lines."""
    return re.sub(r"\s", "", text)


def test_tab_separated_values_are_a_line_a_segment() -> None:
    rendered = render_transcript(DIALOGUE, "tsv")
    assert rendered.media_type == "text/tab-separated-values"
    rows = list(csv.reader(io.StringIO(rendered.content.decode()), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["start", "end", "speaker", "text"]
    assert rows[1] == ["0.500", "3.000", "Marie Curie", "Bonjour à tous."]
    assert rows[3] == ["8.000", "9.000", "Marie Curie", "Ceci vient après une pause."]
    assert rows[5] == ["3700.000", "3701.000", "", "(inaudible)"]
    assert text_of("tsv", speakers=False, timestamps=False).split("\n")[:2] == ["text", "Bonjour à tous."]
    assert text_of("tsv", timestamps=False).split("\n")[1] == "Marie Curie\tBonjour à tous."


@given(markup, markup)
@settings(deadline=None)
def test_tab_separated_values_keep_their_columns_whatever_is_said(speaker: str, text: str) -> None:
    document = TranscriptDocument(
        name="a", speakers=(DocumentSpeaker("S", speaker),), segments=(Segment(0, 1, f"\t{text}\r\n", (), "S"),)
    )
    [_, row, end] = render_transcript(document, "tsv").content.decode().split("\n")
    assert row.split("\t") == ["0.000", "1.000", one_line(speaker.strip()) or "S", one_line(text)]
    assert end == ""


def word_of(document: TranscriptDocument, **shown: bool) -> Document:
    rendered = render_transcript(document, "docx", Presentation(**shown))
    assert rendered.charset is None
    return docx.Document(io.BytesIO(rendered.content))


def test_word_is_a_document_in_the_language_of_the_recording() -> None:
    read = word_of(DIALOGUE)
    assert [(paragraph.style.name, paragraph.text) for paragraph in read.paragraphs] == [
        ("Title", "Réunion du 3 mars.v2.mp3"),
        ("Normal", "Date\u00a0: 1er mars 2026"),
        ("Normal", "Durée\u00a0: 00:00:42"),
        ("Normal", "Intervenants\u00a0: Marie Curie, Intervenant 2"),
        ("Heading 1", "Le budget"),
        ("Normal", "On parle du budget."),
        ("Heading 2", "Points clés"),
        ("List Bullet", "Un point"),
        ("List Bullet", "Un autre"),
        ("Heading 1", "Transcription"),
        ("Speaker", "Marie Curie  00:00:00"),
        ("Normal", "Bonjour à tous. On commence\u00a0?"),
        ("Normal", "Ceci vient après une pause."),
        ("Speaker", "Intervenant 2  00:00:09"),
        ("Normal", "Allons-y."),
        ("Speaker", "01:01:40"),
        ("Normal", "(inaudible)"),
    ]
    properties = read.core_properties
    assert (properties.title, properties.author, properties.comments) == ("Le budget", "Vocalyx", "")
    assert properties.created == dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    assert [tag.get(tag.nsmap and f"{{{tag.nsmap['w']}}}val") for tag in read.styles.element.xpath("//w:lang")] == [
        "fr-FR"
    ]


def test_word_is_in_english_where_it_is_not_in_french() -> None:
    document = TranscriptDocument(
        name="Besprechung.mp3",
        language="de",
        duration_seconds=4000,
        created_at=dt.datetime(2026, 12, 24, tzinfo=dt.UTC),
        segments=(Segment(0, 1, "Guten Tag."),),
    )
    assert [paragraph.text for paragraph in word_of(document).paragraphs] == [
        "Besprechung.mp3", "Date: 24 December 2026", "Length: 01:06:40", "Transcript", "00:00:00", "Guten Tag.",
    ]  # fmt: skip


def test_word_shows_what_is_asked_for() -> None:
    untimed = [paragraph.text for paragraph in word_of(DIALOGUE, timestamps=False).paragraphs]
    assert "Marie Curie" in untimed
    assert not [text for text in untimed if "00:00:0" in text]
    unnamed = [paragraph.text for paragraph in word_of(DIALOGUE, speakers=False).paragraphs]
    assert not [text for text in unnamed if "Marie" in text]
    assert "00:00:08" in unnamed


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
@settings(deadline=None, max_examples=30)
def test_word_holds_whatever_is_said(name: str, speaker: str, text: str) -> None:
    document = TranscriptDocument(
        name=name, speakers=(DocumentSpeaker("S", speaker),), segments=(Segment(0, 1, text, (), "S"),)
    )
    paragraphs = [paragraph.text for paragraph in word_of(document).paragraphs]
    assert paragraphs[0] == re.sub("[\ufffe\uffff]", "\ufffd", one_line(name))
    if one_line(text):
        assert paragraphs[-1] == re.sub("[\ufffe\uffff]", "\ufffd", one_line(text))
