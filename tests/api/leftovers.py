"""What a refused request must not leave behind."""

import asyncio
from pathlib import Path

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, SETTINGS
from app.db.tables import Chunk, Enrichment, Event, Job, Segment, Speaker, Transcription


def files_of(client: TestClient) -> list[Path]:
    return [path for path in client.app[SETTINGS].uploads_dir.rglob("*") if path.is_file()]


async def rows_of(client: TestClient) -> dict[str, int]:
    tables = (Transcription, Job, Chunk, Speaker, Segment, Enrichment)

    def count() -> dict[str, int]:
        counts = {table.__name__: table.select().count() for table in tables}
        counts["Event"] = Event.select().where(Event.transcription_id.is_null(False)).count()
        return counts

    return await client.app[DATABASE].run(count)


async def assert_nothing_is_left(client: TestClient, within_seconds: float = 5) -> None:
    """Hold that the uploads volume and the tables are as if there had been no request."""
    async with asyncio.timeout(within_seconds):
        while files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    assert set((await rows_of(client)).values()) == {0}
