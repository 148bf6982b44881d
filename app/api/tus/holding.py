"""An upload in one request's hands, for as long as the request lasts and nobody else asks for it.

A connection that was cut is often noticed by the client alone: it comes back, to any instance, while the first request
still waits for bytes. So whoever comes asks the holder to let go, and the holder looks every second whether it is asked.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import StreamReader

from app.core.access import Principal
from app.core.errors import DependencyDown, VocalyxError
from app.db import uploads
from app.db.database import Database
from app.db.uploads import LEASE_SECONDS, Claimed, Holding, UploadBusy, UploadView

_KEEP_SECONDS = 1.0
# A holder that could not keep its lease for so long writes nothing more: it may be another's by now.
_SURE_SECONDS = LEASE_SECONDS - 3
_ASK_AGAIN_SECONDS = 0.2
_PATIENCE_SECONDS = LEASE_SECONDS + 2
_IDLE_SECONDS = 60.0

Result = TypeVar("Result")


class Interrupted(Exception):
    """No more bytes are to be waited for; `error` is what the client deserves to hear."""

    def __init__(self, error: VocalyxError) -> None:
        super().__init__(error.detail)
        self.error = error


class Hold:
    """One upload under its lease."""

    def __init__(self, claimed: Claimed) -> None:
        self.upload = claimed.upload
        self.lease = claimed.lease
        self._sure_until = time.monotonic() + _SURE_SECONDS
        self._reason: VocalyxError | None = None
        self._patience: asyncio.Timeout | None = None

    async def read(self, content: StreamReader) -> bytes:
        """Return the next bytes of a body, none at its end. Raises `Interrupted`."""
        self._check_wanted()
        try:
            async with asyncio.timeout(_IDLE_SECONDS) as self._patience:
                return await content.readany()
        except TimeoutError as error:
            self._check_wanted()
            raise Interrupted(UploadBusy("No bytes came for a minute.")) from error
        finally:
            self._patience = None

    def _check_wanted(self) -> None:
        if self._reason is not None:
            raise Interrupted(self._reason)

    async def undisturbed(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Bring work on the upload to its end though its request is cancelled, waiting for no more bytes then.

        A thread that writes cannot be stopped, and only who waits for it knows what it wrote.
        """
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.let_go(UploadBusy("The request was given up."))
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # heard of, and of no use to anybody any more
            raise

    def check(self) -> None:
        """Raise `UploadBusy` where the lease may be another's by now."""
        if time.monotonic() > self._sure_until:
            raise UploadBusy("The lease of the upload could not be kept.")

    def let_go(self, reason: VocalyxError) -> None:
        """Wait for no more bytes."""
        if self._reason is None:
            self._reason = reason
            if self._patience is not None:
                self._patience.reschedule(asyncio.get_running_loop().time())

    async def keep(self, database: Database) -> None:
        """Renew the lease until cancelled."""
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            asked = time.monotonic()
            try:
                holding = await database.run(uploads.keep, self.upload.id, self.lease)
            except DependencyDown:
                continue  # what is sure runs out by itself
            if holding is Holding.LOST:
                self._sure_until = 0.0
            else:
                self._sure_until = asked + _SURE_SECONDS
            if holding is not Holding.KEPT:
                self.let_go(UploadBusy())


class Holds:
    """The uploads in this instance's hands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holds: set[Hold] = set()
        self._stopping = False

    @asynccontextmanager
    async def of(self, principal: Principal, upload: UUID) -> AsyncIterator[Hold]:
        """Hold an upload that this principal may add to. Raises `NotFound`, or `UploadBusy` where nobody lets go of it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (claimed := await self._claimed(principal, upload)) is None:
            await self._wait_a_little(deadline)
        async with self.kept(claimed) as hold:
            yield hold

    async def at_rest(self, principal: Principal, upload: UUID) -> UploadView:
        """Return an upload to which nobody adds any more; whoever does is asked to let go of it. Raises as `of` does."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (view := await self._database.run(uploads.read_at_rest, principal, upload)) is None:
            await self._wait_a_little(deadline)
        return view

    @asynccontextmanager
    async def kept(self, claimed: Claimed) -> AsyncIterator[Hold]:
        """Keep a lease that was got already, and give it back at the end."""
        hold = Hold(claimed)
        keeping = asyncio.create_task(hold.keep(self._database))
        self._holds.add(hold)
        if self._stopping:
            hold.let_go(_stopping())
        try:
            yield hold
        finally:
            self._holds.discard(hold)
            keeping.cancel()
            await asyncio.wait({keeping})
            await self._release(claimed)

    def close(self) -> None:
        """Let go of all: what has come is kept, and clients go on at another instance."""
        self._stopping = True
        for hold in self._holds:
            hold.let_go(_stopping())

    async def _claimed(self, principal: Principal, upload: UUID) -> Claimed | None:
        asking = asyncio.create_task(self._database.run(uploads.claim, principal, upload))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            # What the thread still gets would be nobody's for the time of a lease.
            await asyncio.wait({asking})
            if not asking.cancelled() and asking.exception() is None and (claimed := asking.result()) is not None:
                await self._release(claimed)
            raise

    async def _release(self, claimed: Claimed) -> None:
        with suppress(DependencyDown):  # then it runs out
            await self._database.run(uploads.release, claimed.upload.id, claimed.lease)

    @staticmethod
    async def _wait_a_little(deadline: float) -> None:
        if time.monotonic() > deadline:
            raise UploadBusy
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _stopping() -> DependencyDown:
    return DependencyDown(
        "This instance of the API is stopping.", remedy="Ask for the offset (HEAD) and go on from there."
    )
