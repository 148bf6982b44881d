"""The main job: real recordings in, speaker-labelled and enriched transcripts out."""

import json
import subprocess
import sys
from pathlib import Path

import jiwer
import pytest

from app.standalone.site import CHECKOUT
from tests.e2e.conftest import AUDIO, Site, text_of

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

WORDS = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.SubstituteRegexes({r"[^\w\s]": " "}),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


def word_errors(reference: str, text: str) -> float:
    return float(jiwer.wer(reference, text, reference_transform=WORDS, hypothesis_transform=WORDS))


def vocalyx(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", *arguments],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "VOCALYX_STATE": str(site.instance.state.root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_two_speakers_from_the_command_line(site: Site, tmp_path: Path) -> None:
    document = tmp_path / "result.json"
    recording = str(AUDIO / "two-speakers.ogg")

    ended = vocalyx(site, "transcribe", recording, "--format", "json", "--output", str(document))

    assert ended.returncode == 0, ended.stderr
    result = json.loads(document.read_text())
    assert result["language"] == "en"
    assert len(result["speakers"]) == 2
    assert {segment["speaker"] for segment in result["segments"]} == {"SPEAKER_00", "SPEAKER_01"}
    starts = [segment["start"] for segment in result["segments"]]
    assert starts == sorted(starts)
    words = [word for segment in result["segments"] for word in segment["words"]]
    assert all(word["start"] <= word["end"] for word in words)


def test_french_is_detected_and_written(site: Site) -> None:
    reference = (AUDIO / "fleurs-fr.txt").read_text()

    found = site.finished(site.send(AUDIO / "fleurs-fr.ogg", diarization=False, enrichment=False))

    assert found["state"] == "done"
    assert found["language"] == "fr"
    assert word_errors(reference, text_of(found)) < 0.35


def test_enrichment_is_in_the_answer(site: Site) -> None:
    found = site.finished(site.send(AUDIO / "jfk.ogg", language="en", diarization=False))

    assert found["state"] == "done"
    assert "ask not what your country can do for you" in text_of(found).lower()
    enrichment = found["enrichment"]
    assert enrichment["state"] == "done", enrichment
    assert enrichment["title"]
    assert enrichment["summary"]
    assert enrichment["points"]
    assert enrichment["model"] == "smollm2-135m-instruct"


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "json", "rttm"])
def test_every_format_of_a_finished_one(site: Site, name: str) -> None:
    ended = vocalyx(site, "transcribe", str(AUDIO / "jfk.ogg"), "--format", name, "--no-enrichment", "--language", "en")

    assert ended.returncode == 0, ended.stderr
    assert ("SPEAKER" if name == "rttm" else "country") in ended.stdout
