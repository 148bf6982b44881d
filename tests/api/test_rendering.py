"""A finished transcript as a document."""

import io
import json

import docx
import pytest
from aiohttp import ClientResponse, FormData

from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.worker import Worker, segment, text

BEGINNINGS = {
    "srt": ("application/x-subrip", "1\n00:00:00,000 --> "),
    "vtt": ("text/vtt", "WEBVTT"),
    "txt": ("text/plain", "[00:00:00] Speaker 1\n"),
    "rttm": ("text/plain", "SPEAKER "),
    "md": ("text/markdown", "# "),
    "tsv": ("text/tab-separated-values", "start\tend\tspeaker\ttext\n"),
}
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def finished(editor: Person, worker: Worker, name: str = "tone.wav") -> str:
    form = FormData({"enrichment": "false"}, quote_fields=False)  # or the name would come percent-encoded
    form.add_field("file", tone(), filename=name)
    created = await (await editor.post("/api/transcriptions", data=form)).json()
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
    assert answer.headers["Content-Disposition"] == f'inline; filename="tone.{suffix}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_people_read_who_speaks_in_the_words_that_they_ask_for(editor: Person, worker: Worker) -> None:
    made = f"/api/transcriptions/{await finished(editor, worker)}"
    assert "Speaker 1" in await (await editor.get(f"{made}.srt")).text()
    for suffix in ("txt", "srt", "vtt", "md"):
        french = await (await editor.get(f"{made}.{suffix}?language=fr")).text()
        assert "Intervenant 1" in french
        assert "SPEAKER_00" not in french
    assert "Intervenants\u00a0: Intervenant 1" in await word_in(await editor.get(f"{made}.docx?language=fr"))
    # What programs read keeps the labels, and knows no language.
    for suffix in ("json", "tsv", "rttm"):
        assert "SPEAKER_00" in await (await editor.get(f"{made}.{suffix}")).text()
        await problem(await editor.get(f"{made}.{suffix}?language=fr"), 422, "invalid-fields")
    refused = await problem(await editor.get(f"{made}.txt?language=de"), 422, "invalid-fields")
    assert fields(refused) == ["language"]


async def test_the_json_document_holds_words_and_speakers(editor: Person, worker: Worker) -> None:
    answer = await editor.get(f"/api/transcriptions/{await finished(editor, worker)}.json")
    document = await answer.text()
    assert answer.content_type == "application/json"
    assert "SPEAKER_00" in document
    assert json.loads(document)["segments"][0]["words"][0]["start"] == 0.0


async def test_a_name_cannot_break_out_of_its_header(editor: Person, worker: Worker) -> None:
    name = "a: attachment=evil, été 100%.wav"
    answer = await editor.get(f"/api/transcriptions/{await finished(editor, worker, name)}.txt")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == (
        'inline; filename="a_ attachment=evil, _t_ 100_.txt"; '
        "filename*=UTF-8''a_%20attachment%3Devil%2C%20%C3%A9t%C3%A9%20100%25.txt"
    )


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
    await problem(await editor.get(f"{address}.odt"), 404, "not-found")
    await problem(await editor.get("/api/transcriptions/nonsense.txt"), 404, "not-found")


async def test_a_recording_without_a_word_is_an_empty_document(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded()
    await worker.plan()
    assert (await editor.read(created["id"]))["state"] == "done"
    for suffix in BEGINNINGS:
        assert (await editor.get(f"/api/transcriptions/{created['id']}.{suffix}")).status == 200


async def word_in(answer: ClientResponse) -> list[str]:
    assert (answer.status, answer.content_type, answer.charset) == (200, WORD, None)
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(await answer.read())).paragraphs]


async def test_a_word_document_is_opened_by_word(editor: Person, worker: Worker) -> None:
    address = f"/api/transcriptions/{await finished(editor, worker)}.docx"
    answer = await editor.get(address)
    assert answer.headers["Content-Disposition"] == 'inline; filename="tone.docx"'
    whole = await word_in(answer)
    assert (whole[0], whole[-2:]) == ("tone.wav", ["Speaker 1  00:00:00", "Où est l'été ?"])
    assert (await word_in(await editor.get(f"{address}?speakers=false&timestamps=false")))[-2:] == [
        "Transcript", "Où est l'été ?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/plain", "text/plain"),
        ("application/x-subrip", "application/x-subrip"),
        ("text/vtt; q=0.5, text/markdown", "text/markdown"),
        ("text/tab-separated-values, */*;q=0.1", "text/tab-separated-values"),
        (WORD, WORD),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/*", "text/plain"),
        ("nonsense", "application/json"),
    ],
)
async def test_the_accept_header_chooses_too(editor: Person, worker: Worker, accept: str, media_type: str) -> None:
    address = f"/api/transcriptions/{await finished(editor, worker)}"
    answer = await editor.get(address, headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (200, media_type)
    assert answer.headers["Vary"] == "Accept"
    # An address that names its format is no matter of taste.
    assert (await editor.get(f"{address}.vtt", headers={"Accept": accept})).content_type == "text/vtt"


async def test_what_nobody_can_send_is_not_acceptable(editor: Person, worker: Worker) -> None:
    address = f"/api/transcriptions/{(await editor.uploaded())['id']}"
    for accept in ("application/pdf", "text/html, image/*", "*/*;q=0", "application/json;q=0, text/*;q=0"):
        body = await problem(await editor.get(address, headers={"Accept": accept}), 406, "not-acceptable")
        assert "application/json, text/plain, application/x-subrip" in body["remedy"]
        assert WORD in body["remedy"]
    await problem(await editor.get(address, headers={"Accept": "text/plain"}), 409, "conflict")
    assert (await editor.get(address, headers={"Accept": "application/json"})).status == 200


async def test_options_lay_subtitles_out(editor: Person, worker: Worker) -> None:
    created = await (await editor.upload(tone(), enrichment="false", diarization="false")).json()
    await worker.plan((0.0, 20.0))
    said = "Nobody had read the report of the committee, so it was put off until the last Monday of June."
    await worker.report(await worker.claim(), "result", text=text(segment(0.0, 20.0, said)))
    answer = await editor.get(f"/api/transcriptions/{created['id']}.srt?line_length=20&lines=1&reading_speed=10")
    blocks = [block.split("\n")[2:] for block in (await answer.text()).removesuffix("\n").split("\n\n")]
    assert all(len(lines) == 1 and len(lines[0]) <= 20 for lines in blocks)
    assert " ".join(line for [line] in blocks) == said
    by_header = await editor.get(
        f"/api/transcriptions/{created['id']}?line_length=20&lines=1&reading_speed=10",
        headers={"Accept": "application/x-subrip"},
    )
    assert await by_header.text() == await answer.text()


async def test_a_part_is_given_and_nothing_of_the_rest(editor: Person, worker: Worker) -> None:
    created = await (await editor.upload(tone(), enrichment="false")).json()
    await worker.plan((0.0, 9.0))
    said = [segment(0.0, 2.5, "The roof."), segment(3.0, 5.0, "The budget."), segment(6.0, 9.0, "Goodbye.")]
    await worker.report(await worker.claim(), "result", text=text(*said))
    await worker.tell_apart((0.0, 2.5, "SPEAKER_00"), (2.5, 9.0, "SPEAKER_01"))
    address = f"/api/transcriptions/{created['id']}"
    # All of a passage that begins in it, nothing of one that only ends in it.
    part = "from=2&to=3.5"
    alone = await (await editor.get(f"{address}.txt?{part}")).text()
    assert alone.startswith("[00:00:03] ")
    assert alone.endswith("\nThe budget.\n")
    for suffix in BEGINNINGS:
        document = await (await editor.get(f"{address}.{suffix}?{part}")).text()
        assert "roof" not in document
        assert "Goodbye" not in document
        assert suffix == "rttm" or "The budget." in document
    found = json.loads(await (await editor.get(f"{address}.json?{part}")).text())
    assert [(one["position"], one["start"]) for one in found["segments"]] == [(1, 3.0)]
    assert "**Part:** 00:00:02 – 00:00:03" in await (await editor.get(f"{address}.md?{part}")).text()
    rest = await (await editor.get(f"{address}.txt?from=3.5")).text()
    assert rest.startswith("[00:00:06] ")
    assert rest.endswith("\nGoodbye.\n")
    # What is negotiated as JSON is the transcription itself: it has no parts, and says so.
    assert fields(await problem(await editor.get(f"{address}?{part}"), 422, "invalid-fields")) == ["from", "to"]


@pytest.mark.parametrize(
    ("suffix", "query", "field"),
    [
        ("txt", "line_length=30", "line_length"),
        ("srt", "timestamps=false", "timestamps"),
        ("vtt", "line_length=wide", "line_length"),
        ("vtt", "line_length=1", "line_length"),
        ("vtt", "lines=0", "lines"),
        ("vtt", "reading_speed=100000000000000000000", "reading_speed"),
        ("md", "speakers=perhaps", "speakers"),
        ("docx", "font=comic", "font"),
        ("json", "speakers=false", "speakers"),
        ("rttm", "speakers=false", "speakers"),
        ("txt", "from=-1", "from"),
        ("txt", "from=nan", "from"),
        ("txt", "to=inf", "to"),
        ("docx", "from=5&to=5", "to"),
        ("json", "from=1:30", "from"),
        ("txt", "%00=1", ""),
        ("txt", "speakers=%00", ""),
        ("txt", "speakers=false&speakers=true", "speakers"),
    ],
)
async def test_an_option_that_means_nothing_is_refused(
    editor: Person, worker: Worker, suffix: str, query: str, field: str
) -> None:
    transcription = await finished(editor, worker)
    answer = await editor.get(f"/api/transcriptions/{transcription}.{suffix}?{query}")
    body = await problem(answer, 422, "invalid-fields")
    assert fields(body) == [field]
