"""Waiting for a transcription's end, told by the event log: no thread is held, and nothing is asked again and again."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar
from uuid import UUID

from aiohttp import web

from app.api.following.hub import HubClosed, Listener, ListenerTooSlow
from app.api.keys import DATABASE, HUB
from app.core.access import Principal
from app.core.errors import Conflict, DependencyDown
from app.core.identifiers import EventId
from app.core.states import STOPPED_STATES, TranscriptionState
from app.db import events, listing
from app.db.events import EventKind, LoggedEvent

Result = TypeVar("Result")

_IDLE_SECONDS = 15.0
_LOOK_SECONDS = 0.5
_ENDS = STOPPED_STATES | {TranscriptionState.TRANSCRIBED}


class Audience(Protocol):
    """Who is told what happens to a transcription before its end."""

    async def changed(self, summary: dict[str, Any]) -> None:
        """A new state, stage or percentage."""

    async def text(self, news: dict[str, Any]) -> None:
        """New segments of a chunk: the data of an event `transcription.text`."""

    async def idle(self) -> None:
        """Nothing happened for some seconds."""


class Nobody:
    """An audience that waits for the end alone."""

    async def changed(self, summary: dict[str, Any]) -> None:
        pass

    async def text(self, news: dict[str, Any]) -> None:
        pass

    async def idle(self) -> None:
        pass


async def until_text(
    app: web.Application, principal: Principal, transcription: UUID, audience: Audience
) -> dict[str, Any]:
    """Wait until there is no more text to come, and return the transcription's summary of then.

    Raises `Conflict` where somebody deletes it meanwhile, `DependencyDown` where this instance is stopped.
    """
    cursor = EventId(0)
    while True:
        async with app[HUB].listen() as listener:
            # What was committed before the listening began is in the log, what comes after it at the listener.
            summary, missed, cursor = await app[DATABASE].run(_present, principal, transcription, cursor)
            await audience.changed(summary)
            for event in missed:
                await audience.text(event.data)
            try:
                while summary["state"] not in _ENDS:
                    event = await _next_of(listener, transcription, cursor, audience)
                    cursor = event.id
                    summary = await _tell(event, audience) or summary
            except ListenerTooSlow:
                continue
            except HubClosed as error:
                raise DependencyDown("This instance of the API is being stopped.") from error
            return summary


async def while_connected(request: web.Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work; once the client is gone, stop it and raise `ConnectionResetError`."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ConnectionResetError("the client went away")
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _until_gone(request: web.Request) -> None:
    # aiohttp tells no handler that its client went away; this looks at a field in memory.
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(_LOOK_SECONDS)


def _present(
    principal: Principal, transcription: UUID, after: EventId
) -> tuple[dict[str, Any], list[LoggedEvent], EventId]:
    """Return the summary, the events with text behind the cursor, and the present's cursor."""
    # The cursor first: what changes between the questions is told once more, never missed.
    cursor = max(after, events.latest())
    found = listing.list_one(principal, transcription)
    if not found:
        raise _deleted()
    told = [event for event in events.of_transcription(transcription, EventKind.TEXT, after) if event.id <= cursor]
    return found[0], told, cursor


async def _next_of(listener: Listener, transcription: UUID, cursor: EventId, audience: Audience) -> LoggedEvent:
    while True:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                while True:
                    event = await listener.next()
                    if event.transcription == transcription and event.id > cursor:
                        return event
        except TimeoutError:
            await audience.idle()


async def _tell(event: LoggedEvent, audience: Audience) -> dict[str, Any] | None:
    """Tell the audience, and return the new summary where there is one."""
    if event.kind == EventKind.DELETED:
        raise _deleted()
    if event.kind == EventKind.TEXT:
        await audience.text(event.data)
        return None
    summary: dict[str, Any] | None = event.data.get("transcription")
    if summary is not None:
        await audience.changed(summary)
    return summary


def _deleted() -> Conflict:
    return Conflict("The transcription was deleted before it was finished.", remedy="Send the recording again.")
