"""The comparison of what PostgreSQL says is due with what Redis holds, and the return of what silent workers had."""

import asyncio
import datetime as dt
import logging
import time

from redis.exceptions import RedisError

from app.api.delivery import Delivery
from app.api.volume.uploads import UploadVolume
from app.core.errors import DependencyDown, NotFound
from app.core.identifiers import JobId
from app.db import assignments, events, transcriptions, uploads
from app.db.database import Database

_SWEEP_SECONDS = 3600.0
_EVENTS_KEPT = dt.timedelta(days=7)

logger = logging.getLogger(__name__)


class Reconciler:
    """Runs in every API instance. Each of its steps is one transaction that may run twice, and beside itself."""

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        uploads: UploadVolume,
        *,
        interval_seconds: float,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._uploads = uploads
        self._interval = interval_seconds
        self._lease = lease_seconds
        self._swept_at: float | None = None
        self._wait_for_workers()

    async def run(self) -> None:
        """Reconcile at every interval until cancelled."""
        while True:
            try:
                await self.reconcile()
                await self._sweep_now_and_then()
            except DependencyDown as error:
                self._wait_for_workers()
                logger.warning("reconciling waits: %s", error.detail)
            except (RedisError, OSError) as error:
                logger.warning("reconciling waits: %s", error)
            except Exception:
                # Whatever went wrong with one round must not end all later ones: lost jobs would stay lost.
                logger.exception("reconciling failed")
            await asyncio.sleep(self._interval)

    async def reconcile(self) -> int:
        """Do one round, and return how many jobs were put back into their queues."""
        if time.monotonic() >= self._expires_from:
            for job in await self._database.run(assignments.silent):
                await self._expire(job)
        due = await self._database.run(assignments.queued)
        put_back = await self._delivery.replenish(due)
        if put_back:
            logger.warning("put jobs back into their queues", extra={"fields": {"jobs": put_back}})
        return put_back

    async def sweep(self) -> None:
        """Remove what crashes left behind, and events that nobody resumes behind any more."""
        await self._uploads.use(self._uploads.sweep_incoming)
        unsettled = await self._uploads.use(self._uploads.long_unsettled)
        # Of a resumable upload that is complete, whose row could not be made yet, the recording is still needed. It is asked
        # for first: what has its row meanwhile is found by that.
        coming = await self._database.run(uploads.unfinished, unsettled)
        known = await self._database.run(transcriptions.with_recording, unsettled)
        for transcription in (one for one in unsettled if one not in coming):
            await self._uploads.use(self._uploads.settle, transcription, kept=transcription in known)
        await self._sweep_partial()
        await self._database.run(events.prune, _EVENTS_KEPT)

    async def _sweep_partial(self) -> None:
        partial = self._uploads.partial
        expired = await self._database.run(uploads.expire)
        if expired:
            logger.info("uploads expired", extra={"fields": {"uploads": expired}})
        # In this order: a file is made after its row.
        there = await self._uploads.use(partial.known)
        needed = await self._database.run(uploads.unfinished, there)
        for upload in there:
            if upload not in needed:
                await self._uploads.use(partial.remove, upload)

    async def _expire(self, job: JobId) -> None:
        try:
            outcome = await self._database.run(assignments.expire, job)
        except NotFound:
            return  # deleted just now
        if outcome.changed:
            logger.warning("a worker fell silent, its job was taken back", extra={"fields": {"job": job}})
        await self._delivery.follow(outcome)

    async def _sweep_now_and_then(self) -> None:
        if self._swept_at is None or time.monotonic() - self._swept_at >= _SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            await self.sweep()

    def _wait_for_workers(self) -> None:
        # While the API or PostgreSQL was away, living workers could not keep their leases: they get the time to do so.
        self._expires_from = time.monotonic() + self._lease
