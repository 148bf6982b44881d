"""A connection of server-sent events: one direction, plain HTTP, resumed by its client itself.

The format is that of the HTML standard, 9.2 (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from aiohttp import web

from app.api.following.hub import HubClosed, ListenerTooSlow
from app.core.errors import DependencyDown, NotAuthenticated, NotFound, VocalyxError
from app.core.identifiers import EventId

EVENTS_TYPE = "text/event-stream; charset=utf-8"

_BEAT_SECONDS = 15.0
_RESUME_AFTER_MS = 2000
# A client that takes nothing for so long is gone, or might as well be: it resumes from its cursor.
_STALLED_SECONDS = 60.0
_HEADERS = {
    "Content-Type": EVENTS_TYPE,
    # Neither kept nor changed on the way, nor gathered by a proxy before it is passed on.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}

logger = logging.getLogger(__name__)


class EventStream:
    """A channel of a feed (see `app.api.following.feed`)."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = web.StreamResponse(headers=_HEADERS)

    async def begin(self) -> None:
        """Send the answer's head, at once: the client learns that it is connected before anything happens."""
        await self._response.prepare(self._request)
        await self._write(f"retry: {_RESUME_AFTER_MS}\n\n")

    async def send(self, cursor: EventId, message: Mapping[str, Any]) -> None:
        """Send one message. It has no name, so that browsers hand it to `onmessage`; its `type` says what it is."""
        await self._write(f"id: {cursor}\ndata: {json.dumps(message, ensure_ascii=False)}\n\n")

    async def beat(self) -> None:
        """Send a comment now and then, for ever: nobody on the way shall take the connection for dead."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await self._write(":\n\n")

    async def say_why(self, code: str) -> None:
        """Tell the client why the stream ends, as an event of the name `end`."""
        await self._write(f"event: end\ndata: {json.dumps({'type': 'end', 'code': code})}\n\n")

    async def end(self) -> web.StreamResponse:
        await self._response.write_eof()
        return self._response

    async def _write(self, text: str) -> None:
        try:
            async with asyncio.timeout(_STALLED_SECONDS):
                await self._response.write(text.encode())
        except TimeoutError as error:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("the client takes nothing any more") from error


async def carry(
    sending: Coroutine[Any, Any, None],
    beside: Coroutine[Any, Any, None],
    ended: Callable[[BaseException], Awaitable[None]],
) -> None:
    """Send until the feed ends, which `ended` is told the reason of, or until what is done beside it does.

    Nothing is done beside `ended`: a WebSocket that is read elsewhere while it is closed drops the connection without
    the client's answer, and a client that is about to answer takes the reason for a broken connection.
    """
    tasks = [asyncio.create_task(sending), asyncio.create_task(beside)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done() and (error := tasks[0].exception()) is not None:
            await _stopped(tasks[1:])
            await ended(error)
    finally:
        await _stopped(tasks)


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def say_why(channel: EventStream, error: BaseException) -> None:
    """Tell the client why its stream has ended, by a code that says whether to come back: its head was sent long ago."""
    if isinstance(error, ConnectionError):
        return
    if isinstance(error, NotAuthenticated | NotFound | DependencyDown):
        await channel.say_why(error.code)
    elif isinstance(error, HubClosed | ListenerTooSlow):
        await channel.say_why("resume")
    else:
        logger.error("a stream of events failed", exc_info=error)
        await channel.say_why(VocalyxError.code)
