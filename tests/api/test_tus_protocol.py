"""tus 1.0.0, header by header."""

import base64
import hashlib

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from app.api.application import create_app
from app.api.tus import protocol
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.leftovers import files_of
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.tus import PIECE, VERSION, begin, begun, metadata

CONTENT = tone(1.0)


def checksum(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


async def test_what_is_known_here_is_told(editor: Person, settings: Settings) -> None:
    for path in ("/api/uploads", "/api/uploads/6a1c6f7e-5b43-4d3e-9d68-1e2d30fd2a55"):
        answer = await editor.ask("OPTIONS", path)
        assert answer.status == 204
        assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Max-Size"] == str(settings.upload_limit)
        assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,expiration,checksum"
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


async def test_an_upload_is_told_as_it_was_begun(editor: Person) -> None:
    answer = await begin(editor, 1000, filename="a.wav", language="fr", filetype="audio/wav", relativePath="null")
    assert answer.status == 201
    assert answer.headers["Location"].startswith("/api/uploads/")
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Expires"].endswith(" GMT")
    head = await editor.ask("HEAD", answer.headers["Location"], headers=VERSION)
    assert head.headers["Cache-Control"] == "no-store"
    assert head.headers["Upload-Length"] == "1000"
    assert head.headers["Upload-Metadata"] == metadata(
        filename="a.wav", language="fr", filetype="audio/wav", relativePath="null"
    )
    assert "Upload-Metadata" not in (await (await begun(editor, 10)).head()).headers


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
async def test_another_version_is_refused_and_ours_named(editor: Person, version: str | None) -> None:
    path = (await begun(editor, 10)).path
    headers = PIECE | {"Upload-Offset": "0", "Upload-Length": "10"}
    headers = {name: text for name, text in headers.items() if name != "Tus-Resumable"}
    headers |= {} if version is None else {"Tus-Resumable": version}
    for method, where in [("POST", "/api/uploads"), ("PATCH", path), ("DELETE", path), ("HEAD", path)]:
        answer = await editor.ask(method, where, headers=headers)
        assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
        if method != "HEAD":
            await problem(answer, 412, "tus-version")


async def test_refusals_carry_the_version_too(client: TestClient, editor: Person) -> None:
    answers = [
        await editor.get("/api/uploads/nonsense"),
        await editor.patch("/api/uploads/6a1c6f7e-5b43-4d3e-9d68-1e2d30fd2a55", headers=PIECE),
        await client.post("/api/uploads"),
    ]
    assert [answer.status for answer in answers] == [404, 400, 401]
    assert {answer.headers["Tus-Resumable"] for answer in answers} == {"1.0.0"}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "bad-request"),
        ({"Upload-Length": "-1"}, 400, "bad-request"),
        ({"Upload-Length": "1e3"}, 400, "bad-request"),
        ({"Upload-Length": "9" * 40}, 400, "bad-request"),
        ({"Upload-Length": "٣"}, 400, "bad-request"),
        ({"Upload-Defer-Length": "1"}, 400, "bad-request"),
        ({"Upload-Length": "0"}, 422, "empty-upload"),
        ({"Upload-Length": str(65 * 1024 * 1024)}, 413, "upload-too-large"),
        ({"Upload-Length": "10", "Upload-Metadata": "language ???"}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": "language /////w=="}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": "language AA=="}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(language="fr") + "," + metadata(language="de")}, 422,
         "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(colour="red")}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(reuse="perhaps")}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(language="klingon")}, 422, "invalid-options"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(model="large-v9")}, 422, "unknown-model"),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(project="another")}, 404, "not-found"),
        ({"Upload-Length": "10", "Idempotency-Key": "x" * 201}, 422, "invalid-fields"),
        ({"Upload-Length": "10", "Upload-Checksum": "md5 AAAA"}, 400, "bad-request"),
    ],
)  # fmt: skip
async def test_what_cannot_be_begun(
    client: TestClient, editor: Person, headers: dict[str, str], status: int, code: str
) -> None:
    await problem(await editor.post("/api/uploads", headers=VERSION | headers), status, code)
    assert files_of(client) == []


async def test_a_field_at_fault_is_named(editor: Person) -> None:
    body = await problem(await begin(editor, 10, num_speakers="many"), 422, "invalid-fields")
    assert fields(body) == ["num_speakers"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/octet-stream"}, 415, "wrong-content-type"),
        ({"Upload-Offset": "1"}, 409, "upload-offset"),
        ({"Upload-Offset": "-1"}, 400, "bad-request"),
        ({"Upload-Offset": ""}, 400, "bad-request"),
        ({"Upload-Checksum": "sha1"}, 460, "checksum-mismatch"),
        ({"Upload-Checksum": "sha1 nonsense!"}, 400, "bad-request"),
        ({"Upload-Checksum": "crc32 AAAA"}, 400, "bad-request"),
        ({"Upload-Checksum": checksum("sha256", b"something else")}, 460, "checksum-mismatch"),
    ],
)
async def test_a_piece_that_is_not_taken_moves_nothing(
    editor: Person, headers: dict[str, str], status: int, code: str
) -> None:
    sender = await begun(editor, len(CONTENT))
    sent = PIECE | {"Upload-Offset": "0"} | headers
    await problem(await editor.patch(sender.path, data=CONTENT[:1000], headers=sent), status, code)
    assert await sender.offset() == 0
    assert (await sender.patch(CONTENT)).status == 204


@pytest.mark.parametrize("chunked", [False, True])
async def test_more_than_was_announced_is_refused(editor: Person, *, chunked: bool) -> None:
    async def flow() -> object:
        yield CONTENT
        yield b"more"

    sender = await begun(editor, len(CONTENT))
    await problem(await sender.patch(flow() if chunked else CONTENT + b"more"), 413, "upload-too-large")
    assert await sender.offset() == 0
    assert (await sender.patch(CONTENT)).status == 204


@pytest.mark.parametrize("algorithm", protocol.CHECKSUM_ALGORITHMS)
async def test_a_piece_with_its_checksum_is_taken(editor: Person, algorithm: str) -> None:
    sender = await begun(editor, len(CONTENT))
    for start in range(0, len(CONTENT), 5000):
        piece = CONTENT[start : start + 5000]
        wrong = await sender.patch(piece[::-1], start, Upload_Checksum=checksum(algorithm, piece))
        assert wrong.status == (204 if piece == piece[::-1] else 460)
        if wrong.status != 204:
            right = await sender.patch(piece, start, Upload_Checksum=checksum(algorithm, piece))
            assert right.status == 204, await right.text()
    made = await editor.read((await sender.read())["transcription_id"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_the_first_piece_may_come_with_the_beginning(editor: Person) -> None:
    headers = PIECE | {"Upload-Length": str(len(CONTENT))}
    half = await editor.post("/api/uploads", data=CONTENT[:1000], headers=headers)
    assert (half.status, half.headers["Upload-Offset"]) == (201, "1000")
    whole = await editor.post("/api/uploads", data=CONTENT, headers=headers)
    assert (whole.status, whole.headers["Upload-Offset"]) == (201, str(len(CONTENT)))
    assert (await editor.read(whole.headers["X-Transcription-ID"]))["state"] == "queued"
    other = await editor.post("/api/uploads", data=CONTENT, headers=headers | {"Content-Type": "audio/wav"})
    await problem(other, 415, "wrong-content-type")


async def test_a_way_that_knows_no_patch_is_got_over(editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    headers = PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await editor.post(sender.path, data=CONTENT[:10], headers=headers)).status == 204
    assert await sender.offset() == 10
    await problem(await editor.post(sender.path, headers=VERSION), 405, "method-not-allowed")
    assert (await editor.post(sender.path, headers=VERSION | {"X-HTTP-Method-Override": "DELETE"})).status == 204


async def test_a_full_disk_is_told_at_the_beginning(editor: Person, settings: Settings) -> None:
    await editor.client.close()
    full = settings.model_copy(update={"upload_reserve": 2**60})
    async with TestClient(TestServer(create_app(full))) as client:
        headers = editor.headers | VERSION | {"Upload-Length": "10"}
        await problem(await client.post("/api/uploads", headers=headers), 507, "storage-full")


@given(st.dictionaries(st.text("abcdefgh_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_metadata_is_read_as_it_was_written(values: dict[str, str]) -> None:
    assert protocol.read_metadata(metadata(**values)) == values


@given(st.text(st.characters(max_codepoint=255)))
def test_metadata_is_read_or_refused(text: str) -> None:
    try:
        read = protocol.read_metadata(text)
    except protocol.InvalidFields:
        return
    assert all(isinstance(value, str) for value in read.values())
