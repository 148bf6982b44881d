"""Follow one transcription to its end over the WebSocket, through losses of the connection and restarts of the API."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import aiohttp

from app.cli.client import LOST, ApiClient, RequestRefused, reason
from app.core.states import STOPPED_STATES

# Without news for so long, the state is asked for: an event may have been lost on a way that we cannot see.
IDLE_SECONDS = 30.0
_SESSION_ENDED_CODES = frozenset({1008, 4401})
_NOT_FOUND = 404


class Observer(Protocol):
    """Is told what happens to a transcription."""

    def changed(self, transcription: Mapping[str, Any]) -> None:
        """State, stage or percentage are new; also called with what is already known, after a reconnection."""

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        """These segments were heard, in order of time; where a chunk's end changed them, some a second time."""


class SilentObserver:
    """Looks away."""

    def changed(self, transcription: Mapping[str, Any]) -> None:
        pass

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        pass


async def follow(api: ApiClient, transcription_id: str, observer: Observer | None = None) -> dict[str, Any]:
    """Return the transcription's summary once it is done, failed or cancelled.

    Raises `RequestRefused` (404) where it was deleted, `ApiUnreachable` where the API stays away for too long.
    """
    return await _Follower(api, transcription_id, observer or SilentObserver()).run()


class _Follower:
    def __init__(self, api: ApiClient, transcription_id: str, observer: Observer) -> None:
        self._api = api
        self._id = transcription_id
        self._observer = observer
        self._cursor: str | None = None
        self._patience = api.patience()

    async def run(self) -> dict[str, Any]:
        while True:
            try:
                return await self._listen()
            except (*LOST, aiohttp.ClientError, ValueError) as error:
                trouble = f"The connection for updates was lost ({reason(error)})."
            await self._patience.wait(trouble)

    async def _listen(self) -> dict[str, Any]:
        parameters = {"transcription": self._id} | ({"after": self._cursor} if self._cursor is not None else {})
        async with self._api.updates(parameters) as socket, aclosing(self._messages(socket)) as messages:
            async for message in messages:
                self._patience.restore()
                summary = await self._take(message)
                if summary is None:
                    continue
                self._observer.changed(summary)
                if summary.get("state") in STOPPED_STATES:
                    return summary
        if socket.close_code in _SESSION_ENDED_CODES:
            self._api.forget_session()
            await self._api.connect()  # raises where the credentials are worth nothing any more
        raise ConnectionError(f"closed with code {socket.close_code}")

    async def _messages(self, socket: aiohttp.ClientWebSocketResponse) -> AsyncGenerator[Mapping[str, Any] | None]:
        """Yield what the server says, and None whenever it has said nothing for a while; ends with the connection."""
        while not socket.closed:
            receiving = asyncio.ensure_future(socket.receive())
            try:
                while not (await asyncio.wait({receiving}, timeout=IDLE_SECONDS))[0]:
                    yield None
            finally:
                receiving.cancel()
            received = receiving.result()
            if received.type is aiohttp.WSMsgType.TEXT:
                yield json.loads(received.data)
            elif received.type is not aiohttp.WSMsgType.BINARY:
                return

    async def _take(self, message: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the transcription's summary where the message brings one."""
        if message is None:
            return await self._api.read(self._id)
        self._cursor = message.get("cursor", self._cursor)
        match message:
            case {"type": "snapshot", "transcriptions": transcriptions}:
                known = next((one for one in transcriptions if one["id"] == self._id), None)
                return known or await self._api.read(self._id)
            case {"type": "transcription.changed", "transcription": {"id": self._id} as summary}:
                return dict(summary)
            case {"type": "transcription.text", "transcription_id": self._id, "segments": segments}:
                self._observer.text_appeared(segments)
            case {"type": "transcription.deleted", "transcription_id": self._id}:
                raise RequestRefused(
                    _NOT_FOUND, {"detail": "The transcription was deleted.", "remedy": "Send the recording again."}
                )
        return None
