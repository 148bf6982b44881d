"""One connection's view of the event log: what its user may see, from its cursor on, and nothing else.

What carries the messages is a channel: a WebSocket, or a stream of server-sent events. Both tell the same.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from app.api.credentials.authentication import Authenticate
from app.api.following.hub import Listener
from app.core.access import Principal, Role
from app.core.identifiers import EventId, ProjectId
from app.db import events, listing
from app.db.database import Database
from app.db.events import EventKind, LoggedEvent

_CREDENTIALS_CHECK_SECONDS = 60.0
_REPLAY_BATCH = 500

_SHOWN_TYPES: dict[str, str] = {
    EventKind.CHANGED: "transcription.changed",
    EventKind.PROGRESSED: "transcription.changed",
    EventKind.TEXT: "transcription.text",
    EventKind.DELETED: "transcription.deleted",
    EventKind.WEBHOOK_SWITCHED_OFF: "webhook.switched_off",
}
_FOR_OWNERS = frozenset({EventKind.WEBHOOK_SWITCHED_OFF})


class Channel(Protocol):
    """The way to one client."""

    async def send(self, cursor: EventId, message: Mapping[str, Any]) -> None:
        """Send one message, behind which a client resumes with `cursor`. Raises `ConnectionError` where it is gone."""


class Feed:
    """Sends one client everything that it may see; `only` narrows that to one transcription."""

    def __init__(
        self,
        channel: Channel,
        database: Database,
        authenticate: Authenticate,
        only: UUID | None,
    ) -> None:
        self._channel = channel
        self._database = database
        self._ask_who_it_is = authenticate
        self._only = only
        self._checked = 0.0

    async def send(self, listener: Listener, after: EventId | None) -> None:
        """Send without end. Raises `NotAuthenticated`, `ListenerTooSlow`, `HubClosed` or `DependencyDown`."""
        principal = await self._authenticate()
        cursor = await self._catch_up(principal, after)
        while True:
            event = await self._next(listener)
            # Asked of events behind the cursor too: the client was caught up by what it was allowed before.
            if event is None or event.concerns(principal.user):
                principal, known = await self._authenticate(), principal
                if (principal.roles, principal.administrator) != (known.roles, known.administrator):
                    cursor = await self._snapshot(principal)
                    continue
            if event is not None and event.id > cursor:
                cursor = event.id
                await self._send_event(principal, event)

    async def _next(self, listener: Listener) -> LoggedEvent | None:
        """Return the next event, or None when it is time to look at the credentials again: logins run out silently."""
        due = self._checked + _CREDENTIALS_CHECK_SECONDS
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                return await listener.next()
        except TimeoutError:
            return None

    async def _authenticate(self) -> Principal:
        principal = await self._ask_who_it_is()
        self._checked = time.monotonic()
        return principal

    async def _catch_up(self, principal: Principal, after: EventId | None) -> EventId:
        """Bring the client to the present and return the cursor of it."""
        if after is None or not await self._database.run(events.is_resumable, after, principal.user):
            return await self._snapshot(principal)
        projects = None if principal.administrator else principal.roles.keys()
        while True:
            batch = await self._database.run(events.after, after, projects=projects, limit=_REPLAY_BATCH)
            for event in batch:
                await self._send_event(principal, event)
                after = event.id
            if len(batch) < _REPLAY_BATCH:
                return after

    async def _snapshot(self, principal: Principal) -> EventId:
        def unit() -> tuple[EventId, list[dict[str, Any]], str | None]:
            # The cursor first: what changes between the two is in the list and is sent once more, never missed.
            cursor = events.latest()
            if self._only is not None:
                return cursor, listing.list_one(principal, self._only), None
            page = listing.list_page(principal, limit=listing.LIST_LIMIT)
            return cursor, page.items, page.next_cursor

        cursor, items, more = await self._database.run(unit)
        await self._channel.send(
            cursor, {"type": "snapshot", "cursor": str(cursor), "transcriptions": items, "next_cursor": more}
        )
        return cursor

    async def _send_event(self, principal: Principal, event: LoggedEvent) -> None:
        shown = _SHOWN_TYPES.get(event.kind)
        if shown is None or event.project is None or not principal.may_see(event.project):
            return
        if self._only is not None and event.transcription != self._only:
            return
        if event.kind in _FOR_OWNERS and not _owns(principal, event.project):
            return
        await self._channel.send(event.id, {"type": shown, "cursor": str(event.id)} | event.data)


def _owns(principal: Principal, project: ProjectId) -> bool:
    return principal.administrator or principal.roles.get(project) is Role.OWNER
