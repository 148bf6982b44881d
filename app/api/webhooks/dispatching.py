"""Sending what webhooks are to tell, in the background of every API instance: each message under a lease."""

import asyncio
import datetime as dt
import logging
import random
import time
from contextlib import suppress

from redis.asyncio import Redis as AsyncRedis

from app.api.delivery import Delivery
from app.api.outbound.addresses import AddressPolicy
from app.api.rounds import Rounds
from app.api.webhooks.posting import post
from app.core.errors import DependencyDown
from app.core.identifiers import EventId
from app.db import webhook_outbox
from app.db.database import Database
from app.db.webhook_outbox import Claimed, Tried
from app.queueing.connections import LONGEST_WAIT_SECONDS
from app.queueing.stream import wait_after
from app.settings import Settings

_AT_ONCE = 32
_AT_ONCE_A_WEBHOOK = 4
_AT_ONCE_A_PROJECT = 24
# Beyond the receiver's time: looking at the answer's body, and writing down what came of it.
_LEASE_BEYOND_SECONDS = 8.0
_LONGEST_CLAIM_SECONDS = 3.0
_REST_SECONDS = 0.1
_SWEEP_SECONDS = 3600.0

logger = logging.getLogger(__name__)


def webhook_policy(settings: Settings) -> AddressPolicy:
    """Return where the operator lets webhooks lead."""
    return AddressPolicy.of_lists(settings.webhook_allowed, settings.webhook_ports)


class Webhooks:
    """Tells receivers what they are to be told. A slow one holds up its own messages, and nobody else's."""

    def __init__(self, settings: Settings, database: Database, redis: AsyncRedis, delivery: Delivery) -> None:
        self._settings = settings
        self._database = database
        self._redis = redis
        self._delivery = delivery
        self._policy = webhook_policy(settings)
        self._lease_seconds = settings.webhook_timeout + _LEASE_BEYOND_SECONDS
        self._rounds = Rounds(
            "webhooks", self._claim, self._send, at_once=_AT_ONCE, interval_seconds=settings.reconcile_interval
        )

    def wake(self) -> None:
        """Look at once for what is due."""
        self._rounds.wake()

    async def follow(self) -> None:
        """Look whenever the event log has news, until cancelled: what webhooks tell is written along with it."""
        seen = EventId(0)
        while True:
            try:
                newest = await wait_after(self._redis, seen, LONGEST_WAIT_SECONDS)
            except Exception:
                # What follows the log must not end with one fault: every message would come late from then on.
                logger.exception("waiting for what webhooks are to tell failed")
                newest = None
            if newest is not None:
                seen = newest
                self.wake()
            # Workers report several times a second: one look for all of that.
            await asyncio.sleep(_REST_SECONDS)

    async def run(self) -> None:
        """Send what is due until cancelled; what is on its way then is given back."""
        await self._rounds.run()

    async def sweep(self) -> None:
        """Remove what the log of messages is done with, every hour, until cancelled."""
        kept = dt.timedelta(seconds=self._settings.webhook_log)
        while True:
            try:
                await self._database.run(webhook_outbox.sweep, kept)
            except DependencyDown as error:
                logger.warning("sweeping webhooks' messages waits: %s", error.detail)
            except Exception:
                # Whatever went wrong with one sweep must not end all later ones.
                logger.exception("sweeping webhooks' messages failed")
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _claim(self) -> Claimed | None:
        while True:
            asked_at = time.monotonic()
            claimed = await self._database.run(
                webhook_outbox.claim, self._lease_seconds, _AT_ONCE_A_WEBHOOK, _AT_ONCE_A_PROJECT
            )
            if claimed is None or time.monotonic() - asked_at <= _LONGEST_CLAIM_SECONDS:
                return claimed
            # The answer took so long that the lease could end first: another instance would send beside this one.

    async def _send(self, claimed: Claimed) -> None:
        try:
            tried = await self._tried(claimed)
            event = await self._database.run(webhook_outbox.record, claimed, tried, random.random())
        except DependencyDown as error:
            # The lease runs out, and it is sent again.
            logger.warning("a webhook's message waits: %s", error.detail, extra={"fields": _fields(claimed)})
            return
        except asyncio.CancelledError:
            with suppress(DependencyDown):
                await self._database.run(webhook_outbox.release, claimed)
            raise
        if tried.error is not None:
            fields = _fields(claimed) | {"status": tried.status}
            logger.info("a webhook's message did not arrive", extra={"fields": fields})
        if event is not None:
            logger.warning("a webhook was switched off", extra={"fields": {"webhook": claimed.webhook}})
            await self._delivery.wake(event)

    async def _tried(self, claimed: Claimed) -> Tried:
        try:
            return await post(claimed, self._policy, self._settings.webhook_timeout)
        except Exception:
            # Nobody waits for this task: what it does not end as would be sent again and again.
            logger.exception("a webhook's message failed unexpectedly", extra={"fields": _fields(claimed)})
            return Tried(dt.datetime.now(dt.UTC), 0, error="The server met an error that it did not expect.")


def _fields(claimed: Claimed) -> dict[str, object]:
    # Never the address: what is signed into it is nobody's to read.
    return {"webhook": claimed.webhook, "delivery": claimed.delivery, "attempt": claimed.attempt}
