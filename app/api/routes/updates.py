"""The WebSocket of changes: a snapshot, then every change of what its user may see, resumable by cursor."""

import asyncio
import logging
from typing import Literal
from uuid import UUID

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ValidationError

from app.api.authentication import authenticate, credentials
from app.api.feed import Feed
from app.api.hub import HubClosed, ListenerTooSlow
from app.api.keys import DATABASE, HUB
from app.core.errors import DependencyDown, InvalidFields, NotAuthenticated
from app.core.identifiers import EventId

_HEARTBEAT_SECONDS = 20
_FIRST_MESSAGE_SECONDS = 10
_MESSAGE_LIMIT_BYTES = 16 * 1024
# What fits PostgreSQL's bigint for sure.
_CURSOR_DIGITS = 18

CLOSE_UNAUTHENTICATED = 4401
CLOSE_TRY_AGAIN = int(WSCloseCode.TRY_AGAIN_LATER)
_RESUME = b"Connect again with ?after= your last cursor."

routes = web.RouteTableDef()

logger = logging.getLogger(__name__)


class FirstMessage(BaseModel):
    """What a client that cannot set headers proves itself with."""

    type: Literal["authenticate"]
    token: str | None = None
    api_key: str | None = None


@routes.get("/api/ws/updates")
async def updates(request: web.Request) -> web.StreamResponse:
    """Send a snapshot (or, behind `?after=<cursor>`, what was missed), then every change until the client leaves."""
    after, only = _after(request), _only(request)
    token, api_key = credentials(request)
    database = request.app[DATABASE]
    if token or api_key:
        await authenticate(database, token, api_key)
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MESSAGE_LIMIT_BYTES)
    await socket.prepare(request)
    if not (token or api_key):
        token, api_key = await _first_message(socket)
    feed = Feed(socket, database, token, api_key, only)
    async with request.app[HUB].listen() as listener:
        sending = asyncio.create_task(feed.send(listener, after))
        # Reading is what notices that the client has gone; nothing that it says after the start is of interest.
        reading = asyncio.create_task(_read_until_closed(socket))
        try:
            await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await _close(socket, sending)
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)
    return socket


async def _first_message(socket: web.WebSocketResponse) -> tuple[str | None, str | None]:
    """Return the credentials in the client's first message; (None, None) where it sends none in time."""
    try:
        message = await socket.receive(timeout=_FIRST_MESSAGE_SECONDS)
        if message.type is not WSMsgType.TEXT:
            return None, None
        first = FirstMessage.model_validate_json(message.data)
    except (TimeoutError, ValidationError):
        return None, None
    return first.token, first.api_key


async def _read_until_closed(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _close(socket: web.WebSocketResponse, sending: "asyncio.Task[None]") -> None:
    """Tell the client why the feed has ended, and whether it is worth coming back."""
    try:
        sending.result()
    except NotAuthenticated as error:
        await socket.close(code=CLOSE_UNAUTHENTICATED, message=error.detail.encode())
    except HubClosed:
        await socket.close(code=WSCloseCode.GOING_AWAY, message=_RESUME)
    except (ListenerTooSlow, DependencyDown):
        await socket.close(code=CLOSE_TRY_AGAIN, message=_RESUME)
    except ConnectionError:
        await socket.close()
    except Exception:
        # Not the edge's to answer: the connection speaks WebSocket by now, and no HTTP any more.
        logger.exception("a feed of updates failed")
        await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=_RESUME)


def _after(request: web.Request) -> EventId | None:
    value = request.query.get("after")
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > _CURSOR_DIGITS:
        raise InvalidFields([{"field": "after", "message": "Send the cursor of the last message that you received."}])
    return EventId(int(value))


def _only(request: web.Request) -> UUID | None:
    value = request.query.get("transcription")
    try:
        return UUID(value) if value is not None else None
    except ValueError as error:
        raise InvalidFields([{"field": "transcription", "message": "Send the id of a transcription."}]) from error
