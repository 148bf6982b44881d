"""Fetching what is due, in the background of every API instance: a few recordings at a time, each under a lease."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import asdict
from functools import partial
from uuid import UUID

import aiohttp

from app.api.delivery import Delivery
from app.api.outbound.addresses import AddressPolicy
from app.api.outbound.opening import FetchFailed, opened
from app.api.probing import probed
from app.api.rounds import Rounds
from app.api.volume.threads import on_volume
from app.api.volume.uploads import ReceivedFile, UploadVolume
from app.core.errors import DependencyDown, StorageFull, VocalyxError
from app.db import downloads
from app.db.database import Database
from app.db.downloads import MAX_ATTEMPTS, Claimed, DownloadLost, Fetched
from app.db.work import Outcome
from app.settings import Settings

_AT_ONCE = 4
# The rest is for other projects: those of one whose addresses are slow may last for hours.
_AT_ONCE_A_PROJECT = 3
_KEEP_SECONDS = 1.0
# Who sends less than this for so long (`VOCALYX_FETCH_PATIENCE`) only holds a place that another could have.
_LEAST_BYTES = 16 * 1024

logger = logging.getLogger(__name__)


def address_policy(settings: Settings) -> AddressPolicy:
    """Return what the operator lets clients name."""
    return AddressPolicy.of_lists(settings.fetch_allowed, settings.fetch_ports)


class Downloads:
    """Fetches recordings and queues their transcription. What goes wrong ends as the transcription's error."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        delivery: Delivery,
        volume: UploadVolume,
        probe_slots: asyncio.Semaphore,
    ) -> None:
        self._settings = settings
        self._database = database
        self._delivery = delivery
        self._volume = volume
        self._probe_slots = probe_slots
        self._policy = address_policy(settings)
        self._of_project: Counter[UUID] = Counter()
        self._rounds = Rounds(
            "downloads",
            self._claim,
            self._work,
            at_once=_AT_ONCE,
            interval_seconds=settings.reconcile_interval,
        )

    @property
    def running(self) -> int:
        """How many recordings are being fetched just now."""
        return self._rounds.running

    def wake(self) -> None:
        """Look at once for what is due."""
        self._rounds.wake()

    async def run(self) -> None:
        """Fetch what is due until cancelled; what is under way then is given back."""
        await self._rounds.run()

    async def _claim(self) -> Claimed | None:
        full = [project for project, number in self._of_project.items() if number >= _AT_ONCE_A_PROJECT]
        claimed = await self._database.run(downloads.claim, full)
        if claimed is not None:
            self._of_project[claimed.project] += 1
        return claimed

    async def _work(self, claimed: Claimed) -> None:
        try:
            await self._download(claimed)
        finally:
            self._of_project -= Counter([claimed.project])

    async def _download(self, claimed: Claimed) -> None:
        fetching = asyncio.create_task(self._fetch(claimed))
        try:
            await self._watch(claimed, fetching)
            await self._end(claimed, fetching)
        except DownloadLost:
            logger.info("a download is not wanted any more", extra={"fields": _fields(claimed)})
        except DependencyDown as error:
            # The lease runs out, and it is tried again.
            logger.warning("a download waits: %s", error.detail, extra={"fields": _fields(claimed)})
        except asyncio.CancelledError:
            fetching.cancel()
            await asyncio.wait({fetching})
            with suppress(DependencyDown):
                await self._database.run(downloads.release, claimed)
            raise

    async def _watch(self, claimed: Claimed, fetching: asyncio.Task[Outcome]) -> None:
        """Keep the lease until the work is done; stop the work where it is not wanted any more."""
        while not (await asyncio.wait({fetching}, timeout=_KEEP_SECONDS))[0]:
            with suppress(DependencyDown):
                # A lease is also gone once the recording is there: then there is nothing to stop.
                if not await self._database.run(downloads.keep, claimed) and not fetching.done():
                    fetching.cancel()
                    await asyncio.wait({fetching})

    async def _end(self, claimed: Claimed, fetching: asyncio.Task[Outcome]) -> None:
        if fetching.cancelled():
            raise DownloadLost
        try:
            outcome = fetching.result()
        except (DownloadLost, DependencyDown):
            raise
        except VocalyxError as error:
            again = isinstance(error, StorageFull) or (isinstance(error, FetchFailed) and error.may_pass)
            await self._fail(claimed, error, again=again)
        except Exception:
            # Nobody waits for this task: what it does not end as would leave the transcription `pending` for ever.
            logger.exception("a download failed unexpectedly", extra={"fields": _fields(claimed)})
            await self._fail(claimed, VocalyxError(), again=True)
        else:
            await on_volume(self._volume.settle, claimed.transcription, kept=True)
            await self._delivery.follow(outcome)
            logger.info("fetched a recording", extra={"fields": _fields(claimed)})

    async def _fail(self, claimed: Claimed, error: VocalyxError, *, again: bool) -> None:
        fields = _fields(claimed) | {"code": error.code}
        logger.info("a download came to nothing", extra={"fields": fields})
        await self._delivery.follow(await self._database.run(downloads.fail, claimed, error, again=again))

    async def _fetch(self, claimed: Claimed) -> Outcome:
        if claimed.attempt > MAX_ATTEMPTS:
            raise FetchFailed("The download was cut off each time that it was tried.", may_pass=False)
        received = await self._receive(claimed)
        try:
            media = await probed(self._volume, self._probe_slots, received.path, self._settings.probe_timeout)
            place = partial(self._volume.keep, received, claimed.transcription)
            fetched = Fetched(place, received.sha256, received.size_bytes, asdict(media))
            return await self._database.run(downloads.complete, claimed, fetched)
        finally:
            # After a rename to its lasting place nothing is here any more.
            await on_volume(self._volume.discard, received)

    async def _receive(self, claimed: Claimed) -> ReceivedFile:
        async with opened(claimed.url, self._policy) as response:
            length = response.content_length
            if length is not None:
                self._volume.check_size(length)
                await self._database.run(downloads.check_quota, claimed, length)
            await self._volume.use(self._volume.check_space, length or 0)
            async with aclosing(self._blocks(response)) as blocks:
                return await self._volume.receive(blocks)

    async def _blocks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes. Raises `FetchFailed` where it comes too slowly, for too long, or not to its end."""
        clock = asyncio.get_running_loop().time
        patience = self._settings.fetch_patience
        over = clock() + self._settings.fetch_timeout
        window, came = clock() + patience, 0
        while True:
            try:
                async with asyncio.timeout_at(min(window, over)):
                    block = await response.content.readany()
            except TimeoutError:
                block = None
            except (aiohttp.ClientError, OSError) as error:
                raise FetchFailed("The recording broke off before its end.") from error
            if block == b"":
                return
            came += len(block or b"")
            if clock() >= over:
                raise FetchFailed(f"The recording took longer than {self._settings.fetch_timeout:g} s.", may_pass=False)
            if clock() >= window:
                if came < _LEAST_BYTES:
                    raise FetchFailed(f"Fewer than {_LEAST_BYTES} bytes came in {patience:g} s.")
                window, came = clock() + patience, 0
            if block:
                yield block


def _fields(claimed: Claimed) -> dict[str, object]:
    # Never the address: what is signed into it would open the recording to every reader of the log.
    origin = {"origin": claimed.request_id} if claimed.request_id else {}
    return {"transcription": claimed.transcription, **origin, "attempt": claimed.attempt}
