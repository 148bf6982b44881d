"""Plain text, JSON and RTTM say what the document says."""

import json
from pathlib import Path

import pytest
from pyannote.database.util import load_rttm

from app.core.errors import NotFound
from app.core.formats import FORMATS, DocumentEnrichment, DocumentSpeaker, TranscriptDocument, render_transcript
from app.core.transcript import Segment, SpeakerTurn, Word

DIALOGUE = TranscriptDocument(
    name="Réunion du 3 mars.v2.mp3",
    language="fr",
    duration_seconds=42.5,
    speakers=(DocumentSpeaker("SPEAKER_00", "Marie\nCurie"), DocumentSpeaker("SPEAKER_01")),
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
    assert rendered.text == (
        "Le budget\n\nOn parle du budget.\n\n• Un point\n• Un autre\n\n———\n\n"
        "[00:00:00] Marie Curie\nBonjour à tous. On commence\u00a0?\n\nCeci vient après une pause.\n\n"
        "[00:00:09] SPEAKER_01\nAllons-y.\n\n[01:01:40]\n(inaudible)\n"
    )


def test_plain_text_without_speakers_is_text_alone() -> None:
    document = TranscriptDocument(
        name="a.wav", segments=(Segment(0, 1, "One."), Segment(1, 2, ""), Segment(2, 3, "Two."))
    )
    assert render_transcript(document, "txt").text == "One. Two.\n"


def test_plain_text_joins_japanese_without_spaces() -> None:
    document = TranscriptDocument(
        name="a", language="ja", segments=(Segment(0, 1, "今日は"), Segment(1, 2, "いい天気"))
    )
    assert render_transcript(document, "txt").text == "今日はいい天気\n"


def test_json_holds_everything() -> None:
    content = json.loads(render_transcript(DIALOGUE, "json").text)
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
    file.write_text(render_transcript(DIALOGUE, "rttm").text, encoding="utf-8")
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
        render_transcript(document, "rttm").text == "SPEAKER recording 1 1.000 1.000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_in_which_nobody_speaks_has_every_format(name: str) -> None:
    render_transcript(TranscriptDocument(name="silence.wav", segments=()), name).text.encode()


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(NotFound) as raised:
        render_transcript(DIALOGUE, "docx")
    assert "txt, srt, vtt, json, rttm" in raised.value.remedy
