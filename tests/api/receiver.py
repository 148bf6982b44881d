"""A receiver of webhooks, as an integrator would write one, and as badly behaved as a test wants."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Message:
    """What came, and when it was taken and answered by this machine's clock."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.json["type"]

    def signed_by(self, secret: str) -> bool:
        """Verify as a receiver does, written without the sender's code."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        fresh = abs(time.time() - int(self.headers["webhook-timestamp"])) < 60
        return fresh and f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """`behaviours` say by path how to answer; a path without one answers 204. `gate` holds back what waits for it."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: dict[str, int] = field(default_factory=dict)
    most_at_once: dict[str, int] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Message]:
        return [message for message in self.messages if message.path == path]

    async def until(self, enough: Callable[["Receiver"], bool], seconds: float = 20) -> None:
        """Wait until what has come is enough."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: enough(self))

    async def until_told(self, path: str, count: int, seconds: float = 20) -> list[Message]:
        await self.until(lambda _: len(self.at(path)) >= count, seconds)
        return self.at(path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        message = Message(request.path, {k.lower(): v for k, v in request.headers.items()}, await request.read())
        self.messages.append(message)
        self.at_once[message.id] = self.at_once.get(message.id, 0) + 1
        self.most_at_once[message.id] = max(self.at_once[message.id], self.most_at_once.get(message.id, 0))
        async with self._news:
            self._news.notify_all()
        try:
            behaviour = self.behaviours.get(request.path)
            return web.Response(status=204) if behaviour is None else await behaviour(request)
        finally:
            self.at_once[message.id] -= 1


def answering(*statuses: int, text: str = "", **headers: str) -> Behaviour:
    """Answer with these statuses one after the other, and with the last one from then on."""
    left = list(statuses)
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behaviour(_: web.Request) -> web.StreamResponse:
        return web.Response(status=left.pop(0) if len(left) > 1 else left[0], text=text, headers=named)

    return behaviour


@asynccontextmanager
async def running_receiver(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()

    async def held(_: web.Request) -> web.StreamResponse:
        await receiver.gate.wait()
        return web.Response(status=204)

    async def hanging(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits for so long")

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"more and more " * 10_000)

    async def trickling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"a")
            await asyncio.sleep(0.05)

    receiver.behaviours |= {"/held": held, "/hanging": hanging, "/endless": endless, "/trickling": trickling}
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    # What has gone away is let go at once: the hanging ones would hold up the end of the test.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    # On all of loopback, so that a test sees at which address it was reached.
    site = web.TCPSite(runner, "0.0.0.0", port)
    await site.start()
    receiver.port = site._server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
