"""A worker that plays while a client waits for its answer."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from aiohttp.test_utils import TestClient

from tests.api.leftovers import files_of, rows_of
from tests.api.sound import tone
from tests.api.worker import Worker, segment, text

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 10

SECONDS = 20
HELLO = segment(0.0, 4.0, "Hello everybody here.")
GOODBYE = segment(4.5, 9.0, "And goodbye to you.")
SAID = "Hello everybody here. And goodbye to you."


def recording() -> tuple[str, bytes]:
    return "greetings.wav", tone()


async def answered(asking: Awaitable[Answer], playing: Awaitable[Any]) -> Answer:
    """Ask and play at the same time, and return the answer."""
    asked = asyncio.ensure_future(asking)
    try:
        async with asyncio.timeout(SECONDS):
            done, _ = await asyncio.wait({asked, asyncio.ensure_future(playing)}, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
            return await asked
    finally:
        asked.cancel()


async def write_down(worker: Worker, *segments: dict[str, Any], language: str = "en") -> dict[str, Any]:
    """Do the work of a recording in one chunk: returns the chunk's order."""
    await worker.plan((0.0, 10.0), language=language)
    order = await worker.claim()
    assert order["kind"] == "chunk"
    status, _ = await worker.report(order, "result", text=text(*(segments or (HELLO, GOODBYE))))
    assert status == 200
    return order


async def assert_removed(client: TestClient) -> None:
    """Hold that nothing of any recording is left, but the word in the event log that there was one."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while files_of(client) or await _rows_left(client):  # noqa: ASYNC110 - nobody is told of this
            await asyncio.sleep(0.02)
    assert (await rows_of(client))["Event"] == 1


async def _rows_left(client: TestClient) -> int:
    return sum(count for table, count in (await rows_of(client)).items() if table != "Event")
