"""Sending a recording: what becomes of its options, its name and its file."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, SETTINGS
from app.db.tables import Transcription
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import files_of
from tests.api.problems import fields, problem
from tests.api.sound import tone, video
from tests.api.test_users import address_of
from tests.api.wire import END, part, send_raw
from tests.api.worker import Worker, segment, text

DEFAULTS: dict[str, Any] = {
    "language": None,
    "model": "base",
    "vad": True,
    "diarization": True,
    "num_speakers": None,
    "min_speakers": None,
    "max_speakers": None,
    "initial_prompt": None,
    "hotwords": None,
    "word_timestamps": True,
    "enrichment": True,
    "llm_model": "smollm2-135m-instruct",
    "prompts": {},
    "priority": "normal",
    "channels": "auto",
    "task": "transcribe",
    "tasks": None,
    "task_set": None,
    "answer_language": None,
    "translation_language": None,
}

# What a client sends, and what the worker is given of it. Every option is here: a test below holds that.
SENT: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"language": "fr"}, {"language": "fr"}),
    ({"model": "tiny.en"}, {"model": "tiny.en"}),
    ({"vad": "false"}, {"vad": False}),
    ({"diarization": "false"}, {"diarization": False}),
    ({"num_speakers": "3"}, {"num_speakers": 3}),
    ({"min_speakers": "2", "max_speakers": "4"}, {"min_speakers": 2, "max_speakers": 4}),
    ({"initial_prompt": "Réunion, été; «œuvre» 会議"}, {"initial_prompt": "Réunion, été; «œuvre» 会議"}),
    ({"hotwords": "Vocalyx, pyannote"}, {"hotwords": "Vocalyx, pyannote"}),
    ({"word_timestamps": "false"}, {"word_timestamps": False}),
    ({"enrichment": "false"}, {"enrichment": False}),
    ({"llm_model": "smollm2-135m-instruct"}, {"llm_model": "smollm2-135m-instruct"}),
    ({"prompts": '{"title": "Un titre.", "points": "Cinq."}'}, {"prompts": {"title": "Un titre.", "points": "Cinq."}}),
    ({"priority": "low"}, {"priority": "low"}),
    ({"channels": "separate"}, {"channels": "separate"}),
    ({"task": "translate"}, {"task": "translate"}),
    ({"tasks": "title, actions"}, {"tasks": ["title", "actions"]}),
    ({"tasks": '["topics"]'}, {"tasks": ["topics"]}),
    ({"task_set": "meeting"}, {"task_set": "meeting"}),
    ({"answer_language": "en"}, {"answer_language": "en"}),
    ({"translation_language": "de"}, {"translation_language": "de"}),
    ({"language": "", "num_speakers": "", "prompts": "", "vad": ""}, {}),
]


def test_the_table_holds_every_option() -> None:
    assert {name for sent, _ in SENT for name in sent} == set(DEFAULTS)


@pytest.mark.parametrize(("sent", "given"), SENT)
async def test_every_option_reaches_the_worker(
    editor: Person, worker: Worker, sent: dict[str, str], given: dict[str, Any]
) -> None:
    created = await editor.uploaded(**sent)
    order = await worker.claim()
    assert order["options"] == DEFAULTS | given
    assert created["options"] == order["options"]
    assert order["language"] == given.get("language")


async def test_fields_may_come_before_and_after_the_file(editor: Person, worker: Worker) -> None:
    form = FormData()
    form.add_field("language", "fr")
    form.add_field("file", tone(), filename="a.wav")
    form.add_field("num_speakers", "2")
    assert (await editor.post("/api/transcriptions", data=form)).status == 201
    assert (await worker.claim())["options"] == DEFAULTS | {"language": "fr", "num_speakers": 2}


async def test_the_file_lies_whole_where_the_worker_is_told(client: TestClient, editor: Person, worker: Worker) -> None:
    content = tone(3.0)
    answer = await editor.upload(content)
    created = await answer.json()
    order = await worker.claim()
    assert answer.headers["Location"] == f"/api/transcriptions/{created['id']}"
    assert (client.app[SETTINGS].uploads_dir / order["audio"]).read_bytes() == content
    assert len(files_of(client)) == 1
    assert created["sha256"] == hashlib.sha256(content).hexdigest()
    assert created["size_bytes"] == len(content)
    assert created["duration_seconds"] == pytest.approx(3.0)
    assert created["media"] == {
        "format": "wav", "codec": "pcm_s16le", "channels": 1, "sample_rate": 8000, "duration_seconds": 3.0,
        "has_video": False,
    }  # fmt: skip


async def test_a_recording_whose_sender_is_removed_while_it_comes_is_kept_as_nobodys(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna, content, gate = await person("anna", project="first"), tone(2.0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + content[:1000]
        await gate.wait()
        yield content[1000:] + b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sending = asyncio.create_task(anna.post("/api/transcriptions", data=slowly(), headers=headers))
    async with asyncio.timeout(10):
        while not files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    assert (await administrator.delete(await address_of(administrator, "anna"))).status == 204
    gate.set()
    answer = await sending
    assert answer.status == 201, await answer.text()
    created = await answer.json()
    row = await client.app[DATABASE].run(Transcription.get_by_id, created["id"])
    assert (row.created_by_id, created["sha256"]) == (None, hashlib.sha256(content).hexdigest())


async def test_a_video_is_as_good_as_a_sound(editor: Person) -> None:
    answer = await editor.upload(video(), name="holiday.mp4")
    assert answer.status == 201
    assert (await answer.json())["media"]["has_video"] is True


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("réunion du 3 mars — été.wav", "réunion du 3 mars — été.wav"),
        ("会議の録音 🎙️.wav", "会議の録音 🎙️.wav"),
        ("re\u0301union.wav", "réunion.wav"),
        ("می\u200cخواهم.ogg", "می\u200cخواهم.ogg"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\config", "config"),
        ("a\x00b.wav", "ab.wav"),
        ("a\nINFO root: forged\r\n.wav", "aINFO root: forged.wav"),
        ("annex\u202egpj.exe", "annexgpj.exe"),
        ("..", "recording"),
        (".", "recording"),
        ("", "recording"),
        ("dir/", "recording"),
        ("x" * 5000 + ".wav", "x" * 255),
        ("<script>alert(1)</script>.wav", "script>.wav"),
    ],
)
@pytest.mark.parametrize("form", ["extended", "quoted"])
async def test_a_name_is_shown_as_given_but_never_a_path(
    client: TestClient, editor: Person, sent: str, shown: str, form: str
) -> None:
    if form == "extended":
        parameter = f"; filename*=UTF-8''{quote(sent, safe='')}"
    else:
        # As browsers do: what would end the header is escaped, backslashes are doubled.
        escaped = sent.replace("\\", "\\\\").replace("\r", "%0D").replace("\n", "%0A").replace("\x00", "%00")
        parameter = f'; filename="{escaped}"'
    answer = await send_raw(client, editor.headers, part(b"file", tone(), parameter.encode()) + END)
    assert answer is not None
    assert answer.status == 201, answer.text
    row = await client.app[DATABASE].run(lambda: Transcription.select().get())
    if form == "extended" or "%" not in parameter:
        assert row.name == shown
    [file] = files_of(client)
    assert file.relative_to(client.app[SETTINGS].uploads_dir) == Path(row.audio_path)
    assert str(row.id) in row.audio_path


async def test_a_name_of_ten_kilobytes_is_refused_or_cut(client: TestClient, editor: Person) -> None:
    answer = await send_raw(client, editor.headers, part(b"file", tone(), b'; filename="' + b"x" * 10_000 + b'"') + END)
    assert answer is not None
    assert answer.status in (201, 400)
    if answer.status == 400:
        assert '"code": "bad-request"' in answer.text
        assert files_of(client) == []


async def test_a_caller_with_one_project_need_not_name_it_and_others_must(person: MakePerson) -> None:
    anna = await person("anna", project="first")
    assert (await anna.upload()).status == 201
    assert (await anna.upload(project="first")).status == 201
    second = (await (await anna.post("/api/projects", json={"name": "second"})).json())["id"]
    body = await problem(await anna.upload(), 404, "not-found")
    assert fields(body) == ["project"]
    assert "first, second" in body["remedy"]
    assert (await anna.uploaded(project=second))["project_id"] == second
    await problem(await anna.upload(project="third"), 404, "not-found")


async def test_a_list_is_read_page_by_page_without_gaps(editor: Person) -> None:
    made = [(await editor.uploaded())["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        # The cursor goes into the address as it is.
        answer = await editor.get(f"/api/transcriptions?limit=2{cursor and '&cursor=' + cursor}")
        page = await answer.json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    cancelled = made[2]
    await editor.post(f"/api/transcriptions/{cancelled}/cancel")
    found = await (await editor.get("/api/transcriptions?state=cancelled")).json()
    assert [item["id"] for item in found["items"]] == [cancelled]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=1e9", "limit"),
        ("state=lost", "state"),
        ("cursor=nonsense", "cursor"),
        ("cursor=2024-01-01T00:00:00Z~nonsense", "cursor"),
        ("colour=red", "colour"),
        ("project=%00", ""),
    ],
)
async def test_a_list_names_the_part_of_the_query_that_is_wrong(editor: Person, query: str, named: str) -> None:
    assert fields(await problem(await editor.get(f"/api/transcriptions?{query}"), 422, "invalid-fields")) == [named]


async def test_a_list_asks_the_database_a_fixed_number_of_questions(
    client: TestClient, editor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async def questions() -> int:
        caplog.clear()
        with caplog.at_level("DEBUG", logger="peewee"):
            listed = await (await editor.get("/api/transcriptions")).json()
        assert listed["items"]
        return sum(json.dumps(str(record.args or record.msg)).count("transcription") > 0 for record in caplog.records)

    await editor.uploaded()
    for_one = await questions()
    assert for_one >= 3
    for _ in range(6):
        await editor.uploaded()
    assert await questions() <= for_one + 2  # the reconciler may ask in between


async def test_what_follows_a_translation_is_told_that_the_text_is_english(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(task="translate", language="ja", diarization="false")
    await worker.plan((0.0, 10.0), language="ja")
    chunk = await worker.claim()
    assert (chunk["language"], chunk["options"]["task"]) == ("ja", "translate")
    await worker.report(chunk, "result", text=text(segment(0.0, 4.0, "Good morning."), segment(4.0, 9.0, "Sit down.")))
    enrichment = await worker.claim(QueueName.ENRICHMENT)
    assert enrichment["language"] == "en"
    found = await editor.read(created["id"])
    assert found["language"] == "ja"
    plain = await (await editor.get(f"/api/transcriptions/{created['id']}.txt")).text()
    assert plain == "Good morning. Sit down.\n"
