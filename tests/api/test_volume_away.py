"""The uploads volume hangs, as one of the network does whose server is away: what needs no recording goes on.

A pipe in the place of the file that the volume is asked by makes whoever opens it wait, until somebody reads from it.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.leftovers import files_of
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.tus import begun
from tests.api.worker import Worker

AWAY = "uploads-volume-away"
MORE_THAN_THREADS = 70


class Hanging:
    def __init__(self, place: Path) -> None:
        self.place = place

    def begin(self) -> None:
        os.mkfifo(self.place)

    def end(self) -> None:
        # Whoever waits to write is let go by the first who reads.
        with suppress(FileNotFoundError):
            os.close(os.open(self.place, os.O_RDONLY | os.O_NONBLOCK))


@pytest.fixture
def hanging(client: TestClient, settings: Settings) -> Iterator[Hanging]:
    assert client.app is not None
    hanging = Hanging(settings.uploads_dir / ".incoming" / ".probe")
    yield hanging
    hanging.end()


async def health(client: TestClient) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/health/ready")
    return answer.status, await answer.json()


async def until_down(client: TestClient, down: list[str]) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while (found := await health(client))[1]["down"] != down:  # noqa: ASYNC110 - health is asked for, not told
            await asyncio.sleep(0.1)
    assert found[0] == 200
    assert found[1]["status"] == "ready"
    return found[1]


async def test_texts_are_read_and_searched_and_recordings_are_refused_with_a_way_out(
    client: TestClient, editor: Person, worker: Worker, hanging: Hanging
) -> None:
    sent = await editor.uploaded(diarization="false", enrichment="false")
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    address = f"/api/transcriptions/{sent['id']}"
    files = files_of(client)

    hanging.begin()
    checks = (await until_down(client, ["uploads"]))["checks"]
    assert checks == {"postgresql": "ok", "redis": "ok", "uploads": "no answer within 3 seconds"}

    assert (await client.get("/health/ready?needs=uploads")).status == 503

    refused = [editor.upload() for _ in range(MORE_THAN_THREADS)]
    refused += [editor.get(f"{address}/audio") for _ in range(MORE_THAN_THREADS)]
    new = {"Tus-Resumable": "1.0.0", "Upload-Length": "4000"}
    refused += [editor.post("/api/uploads", headers=new), editor.delete(address)]
    for answer in await asyncio.gather(*refused):
        body = await problem(answer, 503, AWAY)
        assert "can be read" in body["detail"]
        assert "Idempotency-Key" in body["remedy"]
        assert int(answer.headers["Retry-After"]) > 0

    assert (await editor.read(sent["id"]))["state"] == "done"
    for path in ("/api/transcriptions", f"{address}.txt", f"{address}.docx", "/api/search?q=word"):
        assert (await editor.get(path)).status == 200, path
    metrics = await (await client.get("/metrics")).text()
    assert 'vocalyx_up{dependency="uploads"} 0.0' in metrics

    hanging.end()
    await until_down(client, [])
    assert (await client.get("/health/ready?needs=uploads")).status == 200
    assert (await client.get("/health/ready?needs=luck")).status == 422
    assert (await editor.get(f"{address}/audio")).status == 200
    assert files_of(client) == files
    assert (await editor.upload()).status == 201


def readers() -> Iterator[int]:
    """Yield this process's processes that look at recordings."""
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):
                if b"app.media.listening" in Path(f"/proc/{child}/cmdline").read_bytes():
                    yield int(child)


async def held_reader() -> int:
    """Stop the process that looks at a recording, as one stops that reads a volume that hangs; return its id."""
    async with asyncio.timeout(30):
        while (reader := next(readers(), None)) is None:  # noqa: ASYNC110 - a process tells nobody that it began
            await asyncio.sleep(0)
    os.kill(reader, signal.SIGSTOP)
    return reader


async def test_a_recording_that_could_not_be_read_is_not_said_to_be_damaged(
    client: TestClient, editor: Person, hanging: Hanging
) -> None:
    content = tone()
    sender = await begun(editor, len(content))
    sending = asyncio.create_task(sender.patch(content))
    reader = await held_reader()
    hanging.begin()
    await until_down(client, ["uploads"])
    hanging.end()
    await until_down(client, [])
    with suppress(ProcessLookupError):  # on a slow machine its time was over before
        os.kill(reader, signal.SIGKILL)
    await problem(await sending, 503, AWAY)
    # What was sent is there whole, and becomes a recording by itself.
    async with asyncio.timeout(30):
        while (await sender.read())["transcription_id"] is None:  # noqa: ASYNC110 - it is asked for, not told
            await asyncio.sleep(0.1)
