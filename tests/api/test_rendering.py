"""A finished transcript as a document."""

import json

import pytest

from tests.api.conftest import Person
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.worker import Worker, segment, text

BEGINNINGS = {
    "srt": ("application/x-subrip", "1\n00:00:00,000 --> "),
    "vtt": ("text/vtt", "WEBVTT"),
    "txt": ("text/plain", "[00:00:00] SPEAKER_00\n"),
    "rttm": ("text/plain", "SPEAKER "),
}


async def finished(editor: Person, worker: Worker, name: str = "tone.wav") -> str:
    created = await (await editor.upload(tone(), name=name, enrichment="false")).json()
    await worker.plan((0.0, 4.0))
    chunk = await worker.claim()
    await worker.report(chunk, "result", text=text(segment(0.0, 4.0, "Où est l'été ?")))
    await worker.tell_apart((0.0, 4.0, "SPEAKER_00"))
    return str(created["id"])


@pytest.mark.parametrize("suffix", BEGINNINGS)
async def test_every_format_has_its_address(editor: Person, worker: Worker, suffix: str) -> None:
    answer = await editor.get(f"/api/transcriptions/{await finished(editor, worker)}.{suffix}")
    media_type, beginning = BEGINNINGS[suffix]
    assert (answer.status, answer.content_type, answer.charset) == (200, media_type, "utf-8")
    document = await answer.text()
    assert document.startswith(beginning)
    assert suffix == "rttm" or "Où est l'été ?" in document
    assert answer.headers["Content-Disposition"] == f"inline; filename*=UTF-8''tone.{suffix}"


async def test_the_json_document_holds_words_and_speakers(editor: Person, worker: Worker) -> None:
    answer = await editor.get(f"/api/transcriptions/{await finished(editor, worker)}.json")
    document = await answer.text()
    assert answer.content_type == "application/json"
    assert "SPEAKER_00" in document
    assert json.loads(document)["segments"][0]["words"][0]["start"] == 0.0


async def test_a_name_cannot_break_out_of_its_header(editor: Person, worker: Worker) -> None:
    name = 'a"; attachment=evil; été 100%.wav'
    answer = await editor.get(f"/api/transcriptions/{await finished(editor, worker, name)}.txt")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].count(";") == 1
    assert '"' not in answer.headers["Content-Disposition"]


async def test_there_is_none_before_the_end_nor_in_formats_that_are_none(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(enrichment="false", diarization="false")
    address = f"/api/transcriptions/{created['id']}"
    await problem(await editor.get(f"{address}.txt"), 409, "conflict")
    await worker.plan((0.0, 4.0))
    order = await worker.claim()
    await worker.report(order, "progress", stage="x", percent=50, segments=[segment(0, 1, "Part")])
    await problem(await editor.get(f"{address}.txt"), 409, "conflict")
    await worker.report(order, "result", **await worker.result_of(order))
    assert (await editor.get(f"{address}.txt")).status == 200
    await problem(await editor.get(f"{address}.docx"), 404, "not-found")
    await problem(await editor.get("/api/transcriptions/nonsense.txt"), 404, "not-found")


async def test_a_recording_without_a_word_is_an_empty_document(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded()
    await worker.plan()
    assert (await editor.read(created["id"]))["state"] == "done"
    for suffix in BEGINNINGS:
        assert (await editor.get(f"/api/transcriptions/{created['id']}.{suffix}")).status == 200
