"""One reader of the event log an API instance, however many listeners it has."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis as AsyncRedis

from app.core.errors import DependencyDown
from app.core.identifiers import EventId
from app.db import events
from app.db.database import Database
from app.db.events import LoggedEvent
from app.queueing.stream import wait_after

LISTENER_BACKLOG = 1000
_POLL_SECONDS = 5.0
_PAUSE_SECONDS = 1.0
_BATCH = 500

logger = logging.getLogger(__name__)


class ListenerTooSlow(Exception):
    """The listener fell further behind than the hub keeps; it can resume from its cursor."""


class HubClosed(Exception):
    """This API instance is stopping; another one can be resumed on."""


class Listener:
    """The events for one connection, oldest first."""

    def __init__(self) -> None:
        self._events: deque[LoggedEvent] = deque()
        self._end: type[Exception] | None = None
        self._news = asyncio.Event()

    async def next(self) -> LoggedEvent:
        """Wait for the next event; `ListenerTooSlow` once some had to be dropped, `HubClosed` once there are no more."""
        while not self._events:
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def offer(self, event: LoggedEvent) -> None:
        if self._end is not None:
            return
        if len(self._events) >= LISTENER_BACKLOG:
            self._end = ListenerTooSlow
        else:
            self._events.append(event)
        self._news.set()

    def close(self) -> None:
        self._end = self._end or HubClosed
        self._news.set()


class Hub:
    """Reads the event log whenever the stream says there is news, and hands each event to every listener."""

    def __init__(self, database: Database, redis: AsyncRedis) -> None:
        self._database = database
        self._redis = redis
        self._listeners: set[Listener] = set()
        self._closed = False
        self.cursor: EventId | None = None
        """Up to which event the listeners have been told; None before the log was first read."""
        self._started = asyncio.Event()

    @property
    def listeners(self) -> int:
        """How many listen just now."""
        return len(self._listeners)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Attach a listener: it gets every event that is committed from now on."""
        # Before it knows where it stands, the hub could begin behind what the listener is about to see as the present.
        await self._started.wait()
        listener = Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Let every listener go, now and from now on."""
        self._closed = True
        self._started.set()
        for listener in self._listeners:
            listener.close()

    async def run(self) -> None:
        """Read on until cancelled, through outages of Redis and of PostgreSQL."""
        awaited = EventId(0)
        while True:
            try:
                if self.cursor is None:
                    self.cursor = awaited = await self._database.run(events.latest)
                    self._started.set()
                newest = await wait_after(self._redis, awaited, _POLL_SECONDS)
                self.cursor = await self._read_on(self.cursor)
                awaited = max(newest or self.cursor, self.cursor)
            except DependencyDown:
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                # A hub that ended would leave every listener of this instance waiting for ever.
                logger.exception("reading the event log failed")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _read_on(self, cursor: EventId) -> EventId:
        if not self._listeners:
            latest = await self._database.run(events.latest)
            # Whoever has come meanwhile may have looked at the log before this reading of it.
            if not self._listeners:
                return latest
        while True:
            batch = await self._database.run(events.after, cursor, limit=_BATCH)
            for event in batch:
                for listener in self._listeners:
                    listener.offer(event)
            if batch:
                cursor = batch[-1].id
            if len(batch) < _BATCH:
                return cursor
