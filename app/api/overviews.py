"""How the site went, day by day: asked of PostgreSQL now and then, however many pages show it."""

import asyncio
import time
from typing import Any

from aiohttp import web

from app.db import standing
from app.db.database import Database

KEPT_SECONDS = 30.0


class Overviews:
    """Keeps each answer for half a minute; one question at a time goes to the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[int, tuple[float, dict[str, Any]]] = {}
        self._turn = asyncio.Lock()

    async def read(self, days: int) -> dict[str, Any]:
        """Return the last `days` days, which are as many as `standing.LONGEST_DAYS` at most."""
        async with self._turn:
            made, found = self._kept.get(days, (float("-inf"), {}))
            if time.monotonic() - made >= KEPT_SECONDS:
                found = await self._database.run(standing.overview, days)
                self._kept[days] = (time.monotonic(), found)
            return found


OVERVIEWS = web.AppKey("overviews", Overviews)
