"""A small real server that speaks the part of the API that the command line uses, and can be told to misbehave.

It stands in for the API only where the API cannot be made to misbehave on demand: losing a connection at a given byte,
going away between two events, answering before it has read. That the client fits the real API is tested with the real one.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
Work = Callable[["ContractServer", str], Awaitable[None]]

PASSWORD = "correct horse"
API_KEY = "vk_project"


class ContractServer:
    """State survives `stop` and `start`, which keep the port: a restarted API."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.port = 0
        self.received: list[Json] = []
        self.broken_off: list[tuple[int, str]] = []
        self.transcriptions: dict[str, Json] = {}
        self.keys: dict[str, str] = {}
        self.events: list[Json] = []
        self.news = asyncio.Event()
        self.tokens: set[str] = set()
        self.logins = 0
        self.accepts_logins = True
        self.connections: list[dict[str, str]] = []
        self.cancelled: list[str] = []
        self.logged_out = 0
        self.break_upload_at: list[int] = []
        self.lose_answer = False
        """Whether the first upload's answer is lost; the second one is then read no further than its beginning."""
        self.sent_again = asyncio.Event()
        self.refuse_upload: Json | None = None
        self.resumable = True
        self.uploading = asyncio.Event()
        self.listened_to = asyncio.Event()
        self.streams: list[int | list[Json]] = []
        """What each opening of an answer's stream gets: a status, or messages and then the end of the connection."""
        self.results = {"txt": "Bonjour à tous.\n".encode(), "md": b"# Bonjour\n", "docx": b"PK\x03\x04\xff\x00"}
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.post("/api/auth/token", self._log_in),
                web.delete("/api/auth/token", self._log_out),
                web.get("/api/auth/me", self._me),
                web.get("/health/ready", self._ready),
                web.post("/api/transcriptions", self._create),
                web.get("/api/transcriptions/{id}.{format}", self._render),
                web.get("/api/transcriptions/{id}", self._read),
                web.post("/api/transcriptions/{id}/cancel", self._cancel),
                web.post("/api/transcriptions/{id}/questions", self._ask),
                web.get("/api/questions/{id}/events", self._answer),
                web.get("/api/ws/updates", self._updates),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away as a killed process does: nothing is said to anyone."""
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        await self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def change(self, transcription_id: str, **fields: Any) -> None:
        self.transcriptions[transcription_id] |= fields
        self._publish({"type": "transcription.changed", "transcription": dict(self.transcriptions[transcription_id])})

    def say(self, transcription_id: str, start: float, text: str) -> None:
        segments = [{"position": 0, "start": start, "end": start + 1, "speaker": None, "text": text, "words": []}]
        self._publish({"type": "transcription.text", "transcription_id": transcription_id, "segments": segments})

    def delete(self, transcription_id: str) -> None:
        del self.transcriptions[transcription_id]
        self._publish({"type": "transcription.deleted", "transcription_id": transcription_id})

    def _publish(self, event: Json) -> None:
        self.events.append(event | {"cursor": str(len(self.events) + 1)})
        self.news.set()
        self.news = asyncio.Event()

    # Routes

    async def _log_in(self, request: web.Request) -> web.Response:
        self.logins += 1
        if not self.accepts_logins or (await request.json())["password"] != PASSWORD:
            return problem(401, "wrong-credentials", "No active user has this name and password.", "Check both.")
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    async def _log_out(self, _request: web.Request) -> web.Response:
        self.logged_out += 1
        return web.Response(status=204)

    def _authenticated(self, request: web.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return token in self.tokens or request.headers.get("X-API-Key") == API_KEY

    async def _me(self, request: web.Request) -> web.Response:
        if not self._authenticated(request):
            return problem(401, "not-authenticated", "The request carries no valid credentials.", "Log in.")
        return web.json_response({"username": "admin"})

    async def _ready(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ready"})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        if not self._authenticated(request):
            return problem(401, "not-authenticated", "The request carries no valid credentials.", "Log in.")
        if self.refuse_upload is not None:
            return problem(**self.refuse_upload)
        fields: dict[str, str] = {}
        content = bytearray()
        filename = None
        async for part in await request.multipart():
            assert part.name is not None
            if part.name != "file":
                fields[part.name] = await part.text()
                continue
            filename = part.filename
            while block := await part.read_chunk():
                content += block
                self.uploading.set()
                if self.lose_answer and self.received:
                    self.sent_again.set()
                    await asyncio.Event().wait()
                if self.break_upload_at and len(content) >= self.break_upload_at[0]:
                    self.broken_off.append((self.break_upload_at.pop(0), key))
                    assert request.transport is not None
                    request.transport.abort()
                    raise ConnectionResetError
        self.received.append({"fields": fields, "filename": filename, "content": bytes(content), "key": key})
        known = key in self.keys
        transcription_id = self.keys.setdefault(key, str(uuid.uuid4()))
        if not known:
            self.transcriptions[transcription_id] = {
                "id": transcription_id, "name": filename, "state": "queued", "stage": "queued", "percent": 0,
                "diarization": {"state": "pending"}, "enrichment": {"state": "pending", "percent": 0}, "error": None,
            }  # fmt: skip
            task = asyncio.ensure_future(self.work(self, transcription_id))
            self._tasks.add(task)  # type: ignore[arg-type]
        if self.lose_answer:
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        return web.json_response(self.transcriptions[transcription_id], status=200 if known else 201)

    async def _read(self, request: web.Request) -> web.Response:
        if not self._authenticated(request):
            return problem(401, "not-authenticated", "The request carries no valid credentials.", "Log in.")
        found = self.transcriptions.get(request.match_info["id"])
        if found is None:
            return problem(404, "not-found", "There is nothing here.", "Check the address.")
        return web.json_response(found | {"segments": [], "speakers": []})

    async def _render(self, request: web.Request) -> web.Response:
        return web.Response(body=self.results[request.match_info["format"]])

    async def _cancel(self, request: web.Request) -> web.Response:
        transcription_id = request.match_info["id"]
        self.cancelled.append(transcription_id)
        self.change(transcription_id, state="cancelled")
        return web.json_response(self.transcriptions[transcription_id])

    async def _ask(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": str(uuid.uuid4()), "state": "queued"}, status=202)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if not self._authenticated(request):
            return problem(401, "not-authenticated", "The request carries no valid credentials.", "Log in.")
        stream = self.streams.pop(0)
        if isinstance(stream, int):
            return problem(stream, "dependency-down", "No instance of the API takes requests.", "Send it again.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        for message in stream:
            await response.write(f"data: {json.dumps(message)}\n\n".encode())
        return response

    async def _updates(self, request: web.Request) -> web.StreamResponse:
        if not self._authenticated(request):
            return problem(401, "not-authenticated", "The request carries no valid credentials.", "Log in.")
        self.connections.append(dict(request.query))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        position = len(self.events)
        if "after" in request.query and self.resumable:
            position = int(request.query["after"])
        else:
            known = list(self.transcriptions.values())
            await socket.send_json({"type": "snapshot", "cursor": str(position), "transcriptions": known})
        self.listened_to.set()
        reading = asyncio.create_task(self._drain(socket))
        try:
            while not reading.done():
                news = self.news
                while position < len(self.events):
                    await socket.send_json(self.events[position])
                    position += 1
                waiting = asyncio.create_task(news.wait())
                await asyncio.wait({waiting, reading}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
        finally:
            reading.cancel()
        return socket

    @staticmethod
    async def _drain(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                return


def problem(status: int, code: str, detail: str, remedy: str) -> web.Response:
    body = {"type": f"/problems/{code}", "title": code, "status": status, "code": code, "detail": detail}
    body |= {"remedy": remedy, "instance": "/", "request_id": "r-1", "errors": []}
    return web.Response(text=json.dumps(body), status=status, content_type="application/problem+json")


@asynccontextmanager
async def contract_server(work: Work) -> AsyncIterator[ContractServer]:
    server = ContractServer(work)
    await server.start()
    with contextlib.suppress(ConnectionResetError):
        try:
            yield server
        finally:
            await server.close()
