"""The WebSocket of changes: a snapshot, then every change of what its user may see, resumable by cursor."""

import asyncio
import logging
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from app.api.authentication import admit, credentials
from app.api.contract import Access, Reply, Tag, contract
from app.api.feed import Feed
from app.api.hub import HubClosed, ListenerTooSlow
from app.api.keys import DATABASE, HUB
from app.api.requests import validate
from app.core.errors import DependencyDown, MissingScope, NotAuthenticated, TooManyAttempts
from app.core.identifiers import EventId

_HEARTBEAT_SECONDS = 20
_FIRST_MESSAGE_SECONDS = 10
_MESSAGE_LIMIT_BYTES = 16 * 1024
# What fits PostgreSQL's bigint for sure.
_CURSOR_DIGITS = 18

CLOSE_UNAUTHENTICATED = 4401
CLOSE_NOT_PERMITTED = 4403
CLOSE_TRY_AGAIN = int(WSCloseCode.TRY_AGAIN_LATER)
_RESUME = b"Connect again with ?after= your last cursor."

routes = web.RouteTableDef()

logger = logging.getLogger(__name__)


class UpdatesQuery(BaseModel):
    """Where to begin, and what to tell of."""

    after: Annotated[
        Annotated[str, StringConstraints(pattern=rf"^[0-9]{{1,{_CURSOR_DIGITS}}}$")] | None,
        Field(description="The cursor of the last message that you received; without it a snapshot comes first."),
    ] = None
    transcription: Annotated[UUID | None, Field(description="Tell of this one alone.")] = None


class FirstMessage(BaseModel):
    """What a client that cannot set headers proves itself with."""

    type: Literal["authenticate"]
    token: str | None = None
    api_key: str | None = None


@routes.get("/api/ws/updates")
@contract(
    tag=Tag.UPDATES,
    access=Access.SIGNED_IN,
    credentials_later=True,
    query=UpdatesQuery,
    answers={101: Reply(description="From here on messages come, as docs/api.md tells them.")},
)
async def updates(request: web.Request) -> web.StreamResponse:
    """Open the WebSocket of changes: a snapshot (or what was missed since a cursor), then every change.

    Where headers cannot be set, send `{"type": "authenticate", "token": "…"}` (or `"api_key"`) as the first message,
    within ten seconds.
    """
    query = validate(TypeAdapter(UpdatesQuery), dict(request.query))
    after = EventId(int(query.after)) if query.after else None
    token, api_key = credentials(request)
    database = request.app[DATABASE]
    if token or api_key:
        await admit(request, token, api_key)
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MESSAGE_LIMIT_BYTES)
    await socket.prepare(request)
    if not (token or api_key):
        token, api_key = await _first_message(socket)
        if not await _is_admitted(request, socket, token, api_key):
            return socket
    feed = Feed(socket, database, token, api_key, query.transcription)
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


async def _is_admitted(
    request: web.Request, socket: web.WebSocketResponse, token: str | None, api_key: str | None
) -> bool:
    """Tell whether the credentials of the first message are good for this; the socket is closed where they are not."""
    try:
        await admit(request, token, api_key)
    except NotAuthenticated as error:
        await socket.close(code=CLOSE_UNAUTHENTICATED, message=error.detail.encode())
    except MissingScope as error:
        await socket.close(code=CLOSE_NOT_PERMITTED, message=error.detail.encode())
    except TooManyAttempts as error:
        await socket.close(code=CLOSE_TRY_AGAIN, message=f"Wait {error.retry_after_seconds} seconds.".encode())
    except DependencyDown:
        await socket.close(code=CLOSE_TRY_AGAIN, message=_RESUME)
    else:
        return True
    return False


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
