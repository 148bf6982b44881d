"""Finished recordings, made without a worker, and made to look old."""

import datetime as dt
from uuid import UUID

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, SETTINGS
from app.db.tables import Project, Transcription, now
from tests.api.world import recording


async def finished(client: TestClient, project: str = "first", *, days_ago: float = 0.0) -> str:
    """Make a recording whose work ended so many days ago, and return its id."""

    def unit() -> UUID:
        made = recording(Project.get(Project.name == project).id, client.app[SETTINGS].uploads_dir)
        moment = now() - dt.timedelta(days=days_ago)
        Transcription.update(created_at=moment, finished_at=moment).where(Transcription.id == made).execute()
        return made

    return str(await client.app[DATABASE].run(unit))


async def project_id(client: TestClient, project: str = "first") -> str:
    return str(await client.app[DATABASE].run(lambda: Project.get(Project.name == project).id))
