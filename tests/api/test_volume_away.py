"""The uploads volume hangs, as one of the network does whose server is away: what needs no recording goes on.

A pipe in the place of the file that the volume is asked by makes whoever opens it wait, until somebody reads from it.
"""

import asyncio
import os
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
    assert (await editor.get(f"{address}/audio")).status == 200
    assert files_of(client) == files
    assert (await editor.upload()).status == 201
