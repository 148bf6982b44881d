"""Transcriptions as they were last given to a reader, for as long as they have not changed."""

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from app.api.original import shapes
from app.core.access import Principal, Role
from app.db import freshness, original
from app.db.database import Database
from app.db.freshness import Mark
from app.db.looks import Look, Looks, Seen
from app.db.sharing import Asked

KEPT_BYTES = 32 * 1024 * 1024
LARGEST_KEPT_BYTES = 4 * 1024 * 1024
# Of what is deleted nothing stays in memory for longer.
KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcription as JSON, under our names and those of the first Vocalyx, and the tag of what people say about it."""

    body: bytes
    etag: str
    mark: Mark | None


class Readings:
    """Gives transcriptions, and keeps some of those that are at rest.

    What is kept is given only after PostgreSQL said, for this very request, that it is still what stands there; it is
    asked for many requests at once. Whoever reads must be allowed to, each time.
    """

    def __init__(self, database: Database, looks: Looks) -> None:
        self._database = database
        self._looks = looks
        self._kept: OrderedDict[UUID, tuple[int, Reading]] = OrderedDict()
        self._number = 0
        self._bytes = 0

    def begin(self, transcription: UUID) -> Asked[Look, Seen] | None:
        """Ask whether what is kept of a transcription still stands; None where nothing is kept."""
        return self._looks.mark(transcription) if transcription in self._kept else None

    async def read(self, principal: Principal, transcription: UUID, begun: Asked[Look, Seen] | None) -> Reading:
        """Return a transcription; `NotFound` or `NotPermitted` where it is not the principal's to read.

        What was `begun` for this very request saves asking.
        """
        if begun is not None:
            mark = await begun
            _, kept = self._kept.get(transcription, (0, None))
            if isinstance(mark, Mark) and kept is not None and kept.mark == mark:
                principal.require(mark.project, Role.VIEWER)
                self._kept.move_to_end(transcription)
                return kept
            self._forget(transcription)
        reading = await self._database.run(_read, principal, transcription)
        if reading.mark is not None and len(reading.body) <= LARGEST_KEPT_BYTES:
            self._keep(transcription, reading)
        return reading

    def _keep(self, transcription: UUID, reading: Reading) -> None:
        self._forget(transcription)
        self._number += 1
        self._kept[transcription] = self._number, reading
        self._bytes += len(reading.body)
        while self._bytes > KEPT_BYTES:
            self._forget(next(iter(self._kept)))
        # By its number: what was forgotten before is not to stay in memory for the sake of this.
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, transcription, self._number)

    def _forget(self, transcription: UUID, only: int | None = None) -> None:
        number, kept = self._kept.get(transcription, (0, None))
        if kept is not None and only in (None, number):
            del self._kept[transcription]
            self._bytes -= len(kept.body)


def _read(principal: Principal, transcription: UUID) -> Reading:
    # The mark first: what changes between the two makes the next reader read anew.
    mark = freshness.marks([transcription]).get(transcription)
    body, project = original.read(principal, transcription)
    # Under two names each: this is where programs that were written for the first Vocalyx look, too.
    text = json.dumps(shapes.reading(body, project) | body)
    return Reading(text.encode(), body["etag"], mark)
