"""tus-js-client, the JavaScript client of the tus project, against the API: cut off, aborted, resumed, terminated."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from tests.api.conftest import Person
from tests.api.cutting import cutting_proxy
from tests.api.instance import Instance
from tests.api.leftovers import assert_nothing_is_left, files_of
from tests.api.sound import tone
from tests.api.tus import VERSION

CONTENT = tone(60.0)
HERE = Path(__file__).with_name("tus_js")
NODE = Path(sys.executable).with_name("node")
SECONDS = 60

Drive = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def drive(client: TestClient, editor: Person, tmp_path: Path) -> Drive:
    """Have a process of Node do something with the file; returns what it says of it."""
    assert (HERE / "node_modules" / "tus-js-client").is_dir(), "the client is not installed here: run `make install`"
    file = tmp_path / "meeting.wav"
    file.write_bytes(CONTENT)

    async def run(do: str, *, over: str | None = None, content: bytes | None = None, **options: Any) -> dict[str, Any]:
        if content is not None:
            file.write_bytes(content)
        wanted = {
            "do": do,
            "endpoint": f"{over or address_of(client)}/api/uploads",
            "headers": editor.headers,
            "metadata": {"filename": "meeting.wav", "language": "fr", "reuse": "false"},
            "file": str(file),
            "memory": str(tmp_path / "uploads.json"),
            "chunkSize": 100_000,
        }
        node = await asyncio.create_subprocess_exec(
            NODE, HERE / "drive.mjs",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                said, errors = await node.communicate(json.dumps(wanted | options).encode())
        finally:
            if node.returncode is None:
                node.kill()
                await node.wait()
        assert node.returncode == 0, errors.decode()
        return json.loads(said)

    return run


def address_of(client: TestClient) -> str:
    return str(client.server.make_url("")).rstrip("/")


async def made_of(editor: Person, url: str) -> dict[str, Any]:
    shown = await (await editor.get("/api/uploads/" + url.rpartition("/")[2])).json()
    assert shown["state"] == "finished"
    return await editor.read(shown["transcription_id"])


@pytest.mark.parametrize(
    "way",
    [
        {},
        {"chunkSize": len(CONTENT)},
        {"stream": True, "size": len(CONTENT)},
        {"withCreation": True},
        {"checked": True},
    ],
)
async def test_a_file_becomes_a_transcription(
    client: TestClient, editor: Person, drive: Drive, way: dict[str, Any]
) -> None:
    outcome = await drive("upload", **way)
    assert outcome["taken"][-1] == len(CONTENT)
    made = await made_of(editor, outcome["url"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (made["name"], made["options"]["language"]) == ("meeting.wav", "fr")
    assert len(files_of(client)) == 1


@pytest.mark.parametrize("chunk_size", [len(CONTENT), 100_000])
async def test_it_goes_on_where_the_connection_was_cut(
    client: TestClient, editor: Person, drive: Drive, chunk_size: int
) -> None:
    cuts = [chunk_size // 3, chunk_size // 2, 50_000]
    async with cutting_proxy(client.server.host, client.server.port, cuts) as proxy:
        outcome = await drive("upload", over=proxy.url, chunkSize=chunk_size, retries=[0, 100, 100, 100, 100])
        assert proxy.cuts == []
    # What had come was not sent again, but for what was in the buffers along the way.
    assert proxy.passed < len(CONTENT) + 300_000
    made = await made_of(editor, outcome["url"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_another_process_goes_on_at_another_instance(
    client: TestClient, editor: Person, drive: Drive, second_instance: Instance, tmp_path: Path
) -> None:
    begun = await drive("abort", bytes=500_000)
    assert begun["taken"][-1] == 500_000
    memory = tmp_path / "uploads.json"
    # The client keeps whole addresses, as a browser behind a load balancer does; here the other instance has its own.
    memory.write_text(memory.read_text().replace(address_of(client), second_instance.url))
    resumed = await drive("resume")
    assert resumed["url"] == begun["url"].replace(address_of(client), second_instance.url)
    assert resumed["taken"][0] == 600_000
    made = await made_of(editor, resumed["url"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_what_is_given_up_is_terminated(client: TestClient, editor: Person, drive: Drive) -> None:
    stopped = await drive("abort", bytes=100_000, terminate=True)
    kept = await drive("abort", bytes=100_000)
    assert (await drive("terminate", url=kept["url"])) == {"url": kept["url"]}
    for outcome in (stopped, kept):
        head = await editor.ask("HEAD", "/api/uploads/" + outcome["url"].rpartition("/")[2], headers=VERSION)
        assert head.status == 410
    assert (await drive("terminate", url=kept["url"]))["status"] == 410
    await assert_nothing_is_left(client)


async def test_a_piece_that_is_not_what_its_checksum_says_is_not_taken(editor: Person, drive: Drive) -> None:
    outcome = await drive("upload", checked=True, damaged=True)
    assert outcome["status"] == 460
    head = await editor.ask("HEAD", "/api/uploads/" + outcome["url"].rpartition("/")[2], headers=VERSION)
    assert head.headers["Upload-Offset"] == "0"


async def test_it_hears_why_a_file_is_refused(drive: Drive) -> None:
    diary = b"Dear diary, today I only wrote.\n" * 50
    refused = await drive("upload", content=diary)
    assert (refused["status"], json.loads(refused["body"])["code"]) == (415, "not-media")
    stranger = await drive("upload", headers={"Authorization": "Bearer of nobody"})
    assert stranger["status"] == 401
