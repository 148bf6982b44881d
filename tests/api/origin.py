"""A server that recordings are fetched from, and that behaves as badly as a test wants."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.api.sound import tone

CONTENT = tone(3.0)
SECRET = "signature-that-opens-the-recording"

Behaviour = Callable[["Origin", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Origin:
    """Knows what it was asked; `gate` holds back the second half of /held until it is opened."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    connected_to: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, bytes] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    _serving: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.answers[path] = f"HTTP/1.1 {status} Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving[asyncio.create_task(self._serve(reader, writer))] = writer

    async def close(self) -> None:
        for task, writer in self._serving.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1].partition("?")[0]
            self.asked.append(path)
            self.heads.append(head)
            self.connected_to.append(writer.get_extra_info("sockname")[0])
            if path in self.behaviours:
                await self.behaviours[path](self, writer)
            else:
                writer.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
                await writer.drain()
        writer.close()


def whole(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def held(origin: Origin, writer: asyncio.StreamWriter) -> None:
    writer.write(whole(CONTENT[: len(CONTENT) // 2], length=len(CONTENT)))
    await writer.drain()
    await origin.gate.wait()
    writer.write(CONTENT[len(CONTENT) // 2 :])
    await writer.drain()


async def slow_body(_: Origin, writer: asyncio.StreamWriter) -> None:
    writer.write(whole(b"", length=1_000_000))
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.02)


async def slow_head(_: Origin, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Patience: a virtue\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(_: Origin, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"100000\r\n" + bytes(0x100000) + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def running_origin() -> AsyncIterator[Origin]:
    origin = Origin(behaviours={"/held": held, "/slow": slow_body, "/slow-head": slow_head, "/endless": endless})
    bomb = gzip.compress(bytes(20_000_000))
    origin.answers = {
        "/meeting.wav": whole(CONTENT),
        "/r%C3%A9union%20d'%C3%A9t%C3%A9.wav": whole(CONTENT),
        "/diary": whole(b"Dear diary, today I only wrote.\n" * 50),
        "/empty": whole(b""),
        "/bomb": whole(bomb, "Content-Encoding: gzip"),
        "/announced-too-large": whole(b"x", length=65 * 1024 * 1024),
        "/shorter": whole(CONTENT[:-1000], length=len(CONTENT)),
        "/longer": whole(CONTENT + b"more", length=len(CONTENT)),
        "/broken-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "/no-http": b"SSH-2.0-OpenSSH_9.2p1\r\n",
        "/nothing": b"",
        "/busy": whole(b"", status="503 Busy"),
        "/forbidden": whole(b"", status="403 Forbidden"),
        "/part": whole(CONTENT[:100], status="206 Partial Content"),
        "/big-head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    }
    # On all of loopback, so that a test sees at which address it was reached.
    server = await asyncio.start_server(origin.accept, "0.0.0.0", 0)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()
        await origin.close()
