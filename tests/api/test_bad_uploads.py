"""Every recording and every form that is refused: how, with what advice, and that nothing of it stays."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.api.application import create_app
from app.catalog.installed import ModelKind, write_description
from app.core.access import Role
from app.settings import Settings
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import assert_nothing_is_left
from tests.api.problems import fields, problem
from tests.api.sound import tone, video, wav
from tests.api.wire import BOUNDARY, END, part, send_raw

TRUNCATED_MP4 = video()[:-900]


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "empty.wav", 422, "empty-upload"),
        (b"Dear diary, today I only wrote.\n" * 50, "diary.mp3", 415, "not-media"),
        (b"\x00" * 4096, "zeros.wav", 415, "not-media"),
        (TRUNCATED_MP4, "cut.mp4", 422, "damaged-media"),
        (video(sound=False), "silent-film.mp4", 422, "no-audio"),
        (wav(b""), "nothing.wav", 422, "no-audio"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "list.m3u8", 415, "not-media"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "list.txt", 415, "not-media"),
    ],
)
async def test_a_file_that_is_no_recording(
    client: TestClient, editor: Person, content: bytes, name: str, status: int, code: str
) -> None:
    await problem(await editor.upload(content, name=name), status, code)
    await assert_nothing_is_left(client)


@pytest.mark.parametrize(
    ("sent", "code", "named"),
    [
        ({"vad": "perhaps"}, "invalid-fields", ["vad"]),
        ({"diarization": "2"}, "invalid-fields", ["diarization"]),
        ({"num_speakers": "two"}, "invalid-fields", ["num_speakers"]),
        ({"num_speakers": "0"}, "invalid-fields", ["num_speakers"]),
        ({"num_speakers": "1.5"}, "invalid-fields", ["num_speakers"]),
        ({"max_speakers": "9" * 5000}, "invalid-fields", ["max_speakers"]),
        ({"num_speakers": "2", "min_speakers": "1"}, "invalid-options", ["num_speakers"]),
        ({"min_speakers": "3", "max_speakers": "2"}, "invalid-options", ["min_speakers"]),
        ({"language": "klingon"}, "invalid-options", ["language"]),
        ({"language": "fr", "model": "tiny.en"}, "invalid-options", ["language"]),
        ({"task": "translate", "model": "tiny.en"}, "invalid-options", ["task"]),
        ({"task": "summarize"}, "invalid-fields", ["task"]),
        ({"model": "large-v9"}, "unknown-model", ["model"]),
        ({"model": "../../whisper/base"}, "unknown-model", ["model"]),
        ({"llm_model": "gpt-9"}, "unknown-model", ["llm_model"]),
        ({"initial_prompt": "x" * 50_000}, "invalid-fields", ["initial_prompt"]),
        ({"hotwords": "x" * 50_000}, "invalid-fields", ["hotwords"]),
        ({"prompts": json.dumps({"title": "x" * 50_000})}, "invalid-fields", ["prompts.title"]),
        ({"prompts": '{"title": '}, "invalid-fields", ["prompts"]),
        ({"prompts": "[" * 5000}, "invalid-fields", ["prompts"]),
        ({"prompts": '["title"]'}, "invalid-fields", ["prompts"]),
        ({"prompts": '{"poem": "Write one."}'}, "invalid-fields", ["prompts.poem.[key]"]),
        ({"prompts": '{"title": "\\u0000"}'}, "invalid-fields", [""]),
        ({"prompts": '{"title": "\\ud800"}'}, "invalid-fields", [""]),
        ({"initial_prompt": "nul\x00"}, "invalid-fields", ["initial_prompt"]),
        ({"project": "nul\x00"}, "invalid-fields", ["project"]),
        ({"initial_prompt": "x" * 300_000}, "invalid-fields", ["initial_prompt"]),
        ({"colour": "red"}, "invalid-fields", ["colour"]),
    ],
)
@pytest.mark.parametrize("file_first", [False, True])
async def test_an_option_that_cannot_be(
    client: TestClient, editor: Person, sent: dict[str, str], code: str, named: list[str], *, file_first: bool
) -> None:
    parts = [part(name.encode(), value.encode()) for name, value in sent.items()]
    file = part(b"file", tone(), b'; filename="tone.wav"')
    body = b"".join([file, *parts] if file_first else [*parts, file]) + END
    content_type = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    answer = await editor.post("/api/transcriptions", data=body, headers={"Content-Type": content_type})
    assert fields(await problem(answer, 422, code)) == named
    await assert_nothing_is_left(client)


async def test_channels_that_cannot_be_heard_separately(client: TestClient, editor: Person) -> None:
    many = await problem(await editor.upload(tone(channels=9), channels="separate"), 422, "invalid-options")
    assert fields(many) == ["channels"]
    assert "9 channels" in many["detail"]
    together = await problem(await editor.upload(channels="separate", diarization="false"), 422, "invalid-options")
    assert fields(together) == ["channels"]
    await assert_nothing_is_left(client)
    assert (await editor.upload(tone(channels=9), channels="mixed")).status == 201


async def test_what_is_installed_is_told_to_who_asks_for_another(editor: Person) -> None:
    body = await problem(await editor.upload(model="large-v9"), 422, "unknown-model")
    assert "base" in body["remedy"]


FILE = part(b"file", tone(), b'; filename="tone.wav"')


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-request"),
        (b"no boundary at all", 400, "bad-request"),
        (END, 422, "invalid-fields"),
        (part(b"language", b"fr") + END, 422, "invalid-fields"),
        (FILE + FILE + END, 400, "bad-request"),
        (FILE[:-20], 400, "bad-request"),
        (FILE, 400, "bad-request"),
        (part(b"language", b"fr") + part(b"language", b"de") + FILE + END, 422, "invalid-fields"),
        (b"".join(part(b"f%d" % n, b"x") for n in range(70)) + FILE + END, 400, "bad-request"),
        (part(b"language", b"\xff\xfe") + FILE + END, 422, "invalid-fields"),
        (part(b"file", FILE, b"\r\nContent-Type: multipart/mixed; boundary=inner") + END, 400, "bad-request"),
        (b"--" + BOUNDARY + b"\r\nnonsense without a colon\r\n\r\nx\r\n" + END, 400, "bad-request"),
        (b"--" + BOUNDARY + b"\r\n\r\nno disposition\r\n" + FILE + END, 422, "invalid-fields"),
    ],
)
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
async def test_a_form_that_is_none(client: TestClient, editor: Person, body: bytes, status: int, code: str) -> None:
    answer = await send_raw(client, editor.headers, body)
    assert answer is not None
    assert answer.status == status, answer.text
    assert f'"code": "{code}"' in answer.text
    await assert_nothing_is_left(client)


async def test_a_broken_chunked_body_is_refused(client: TestClient, editor: Person) -> None:
    chunk = FILE[:100]
    broken = b"%x\r\n" % len(chunk) + chunk + b"\r\nnot-a-length\r\n"
    answer = await send_raw(client, editor.headers, broken, chunked=True)
    assert answer is None or answer.status == 400
    await assert_nothing_is_left(client)


@pytest.mark.parametrize("cut", [10, 200, len(FILE) - 5])
async def test_a_client_that_goes_away_half_way_leaves_nothing(client: TestClient, editor: Person, cut: int) -> None:
    await send_raw(client, editor.headers, FILE[:cut], length=len(FILE) + 1_000_000)
    await assert_nothing_is_left(client)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", ""])
async def test_a_request_that_is_no_form(client: TestClient, editor: Person, content_type: str) -> None:
    answer = await editor.post("/api/transcriptions", data=b'{"file": ', headers={"Content-Type": content_type})
    await problem(answer, 400, "bad-request")
    await assert_nothing_is_left(client)


async def test_a_viewer_is_refused_before_the_file_is_read(client: TestClient, person: MakePerson) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    await problem(await viewer.upload(), 403, "not-permitted")
    # The answer comes although the file announced never does: nobody uploads for hours to hear of it.
    beginning = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF'
    answer = await viewer.post("/api/transcriptions", data=endless(beginning), headers=form_headers())
    await problem(answer, 403, "not-permitted")
    await assert_nothing_is_left(client)


async def test_somebody_elses_project_is_none(client: TestClient, editor: Person, stranger: Person) -> None:
    await problem(await editor.upload(project="second"), 404, "not-found")
    await assert_nothing_is_left(client)


def form_headers() -> dict[str, str]:
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}


async def endless(beginning: bytes) -> Any:
    yield beginning
    for _ in range(40):
        yield bytes(64 * 1024)


async def test_a_file_that_is_announced_too_large_is_not_read(client: TestClient, editor: Person) -> None:
    headers = form_headers() | {"Content-Length": str(100 * 1024 * 1024)}
    answer = await send_raw(client, editor.headers | headers, FILE[:200])
    assert answer is not None
    assert answer.status == 413
    assert '"code": "upload-too-large"' in answer.text
    await assert_nothing_is_left(client)


@pytest.fixture
def small(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_limit": 1_000_000})


async def ask(settings: Settings, person: Person, body: bytes) -> Any:
    """Ask an instance with other settings in the place of the first one's."""
    await person.client.close()
    client = TestClient(TestServer(create_app(settings)))
    await client.start_server()
    return client, await client.post("/api/transcriptions", data=body, headers=person.headers | form_headers())


async def test_a_file_that_turns_out_too_large_is_given_up(editor: Person, small: Settings) -> None:
    file = part(b"file", bytes(1_000_001), b'; filename="big.wav"') + END
    client, answer = await ask(small, editor, file)
    body = await problem(answer, 413, "upload-too-large")
    assert "1000000 bytes" in body["detail"]
    await assert_nothing_is_left(client)
    await client.close()


@pytest.mark.parametrize(
    ("default", "language", "status"),
    [("english", b"fr", 422), ("english", b"en", 201), ("seen-by-the-workers-alone", b"fr", 201)],
)
async def test_a_language_is_held_against_the_default_model(
    editor: Person, settings: Settings, tmp_path: Path, default: str, language: bytes, status: int
) -> None:
    folder = tmp_path / "models/whisper/english"
    folder.mkdir(parents=True)
    write_description(
        folder, kind=ModelKind.WHISPER, name="english", title="English only", licence="MIT", languages=("en",),
        source="a test",
    )  # fmt: skip
    other = settings.model_copy(update={"models_dir": tmp_path / "models", "default_model": default})
    client, answer = await ask(other, editor, part(b"language", language) + FILE + END)
    assert answer.status == status
    if status == 422:
        assert fields(await problem(answer, 422, "invalid-options")) == ["language"]
        await assert_nothing_is_left(client)
    await client.close()


async def test_a_full_disk_is_told_before_anything_is_written(editor: Person, settings: Settings) -> None:
    full = settings.model_copy(update={"upload_reserve": 2**60})
    client, answer = await ask(full, editor, FILE + END)
    await problem(answer, 507, "storage-full")
    ready = await client.get("/health/ready")
    assert (ready.status, (await ready.json())["down"]) == (200, ["uploads"])
    await assert_nothing_is_left(client)
    await client.close()
