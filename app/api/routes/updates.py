"""Changes, over a WebSocket or as server-sent events: a snapshot, then every change, resumable by cursor."""

import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from app.api.contract import Access, Parameter, Reply, Tag, contract
from app.api.credentials.authentication import admit, authenticator, credentials
from app.api.following.event_stream import EVENTS_TYPE, EventStream, carry, say_why
from app.api.following.feed import Feed
from app.api.following.hub import HubClosed, ListenerTooSlow
from app.api.keys import DATABASE, HUB
from app.api.requests import validate
from app.core.errors import (
    DependencyDown,
    InvalidFields,
    MissingScope,
    NotAuthenticated,
    PasswordChangeDue,
    TooManyAttempts,
)
from app.core.identifiers import EventId

_HEARTBEAT_SECONDS = 20
_FIRST_MESSAGE_SECONDS = 10
_MESSAGE_LIMIT_BYTES = 16 * 1024
# As many digits as fit PostgreSQL's bigint for sure.
_CURSOR = r"^[0-9]{1,18}$"

CLOSE_UNAUTHENTICATED = 4401
CLOSE_NOT_PERMITTED = 4403
CLOSE_TRY_AGAIN = int(WSCloseCode.TRY_AGAIN_LATER)
_RESUME = b"Connect again with ?after= your last cursor."

routes = web.RouteTableDef()

logger = logging.getLogger(__name__)


class UpdatesQuery(BaseModel):
    """Where to begin, and what to tell of."""

    after: Annotated[
        Annotated[str, StringConstraints(pattern=_CURSOR)] | None,
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
    if token or api_key:
        await admit(request, token, api_key)
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MESSAGE_LIMIT_BYTES)
    await socket.prepare(request)
    if not (token or api_key):
        token, api_key = await _first_message(socket)
        if not await _is_admitted(request, socket, token, api_key):
            return socket
    authenticate = authenticator(request.app, token, api_key)
    feed = Feed(_SocketChannel(socket), request.app[DATABASE], authenticate, query.transcription)
    async with request.app[HUB].listen() as listener:
        # Reading is what notices that the client has gone; nothing that it says after the start is of interest.
        await carry(feed.send(listener, after), _read_until_closed(socket), lambda error: _close(socket, error))
    return socket


# Without HEAD: its answer would have no end, and nothing in it.
@routes.get("/api/updates", allow_head=False)
@contract(
    tag=Tag.UPDATES,
    access=Access.SIGNED_IN,
    query=UpdatesQuery,
    headers={
        "Last-Event-ID": Parameter(
            Annotated[str, StringConstraints(pattern=_CURSOR)],
            "The `id` of the last message that you received; it goes before `after`.",
        )
    },
    answers={200: Reply(media_types=(EVENTS_TYPE,), description="Messages without end, as docs/api.md tells them.")},
)
async def stream(request: web.Request) -> web.StreamResponse:
    """Send the messages of the WebSocket as server-sent events.

    The `id` of each is its cursor, so that clients of such streams resume by themselves where they were cut off.
    """
    query = validate(TypeAdapter(UpdatesQuery), dict(request.query))
    resumed = _last_event_id(request) or query.after
    channel = EventStream(request)
    authenticate = authenticator(request.app, *credentials(request))
    feed = Feed(channel, request.app[DATABASE], authenticate, query.transcription)
    async with request.app[HUB].listen() as listener:
        await channel.begin()
        after = EventId(int(resumed)) if resumed else None
        await carry(feed.send(listener, after), channel.beat(), lambda error: say_why(channel, error))
    return await channel.end()


class _SocketChannel:
    """A WebSocket as a channel of a feed."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, cursor: EventId, message: Mapping[str, Any]) -> None:  # noqa: ARG002 - the message has it, too
        await self._socket.send_json(message)


def _last_event_id(request: web.Request) -> str | None:
    told = request.headers.get("Last-Event-ID")
    if told and not re.fullmatch(_CURSOR, told, re.ASCII):
        raise InvalidFields([{"field": "Last-Event-ID", "message": "This is no id of an event of this stream."}])
    return told


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
    except (MissingScope, PasswordChangeDue) as error:
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


async def _close(socket: web.WebSocketResponse, error: BaseException) -> None:
    """Tell the client why the feed has ended, and whether it is worth coming back."""
    if isinstance(error, NotAuthenticated):
        await socket.close(code=CLOSE_UNAUTHENTICATED, message=error.detail.encode())
    elif isinstance(error, HubClosed):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=_RESUME)
    elif isinstance(error, ListenerTooSlow | DependencyDown):
        await socket.close(code=CLOSE_TRY_AGAIN, message=_RESUME)
    elif isinstance(error, ConnectionError):
        await socket.close()
    else:
        # Not the edge's to answer: the connection speaks WebSocket by now, and no HTTP any more.
        logger.error("a feed of updates failed", exc_info=error)
        await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=_RESUME)
