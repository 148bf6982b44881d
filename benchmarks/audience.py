"""Listeners on the WebSocket of updates, a process of their own: `python -m benchmarks.audience`.

It reads whom to listen to as JSON from standard input, says `"ready"` once all are there, and, once each has heard of
every change, when that was. On the bare protocol (RFC 6455), so that hearing takes little of the machine.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

_OPENING_AT_ONCE = 25
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_SHORT, _LONG = 126, 127
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Wanted:
    """`changes`: how many messages each of the listeners waits for, after the snapshot."""

    url: str
    headers: dict[str, str]
    listeners: int
    changes: int


class Audience:
    """The process, from outside."""

    def __init__(self, wanted: Wanted, patience_seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.audience"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(wanted)))
        self._process.stdin.close()
        self._timer = threading.Timer(patience_seconds, self._process.kill)
        self._timer.start()

    def said(self) -> Any:
        """Return what it says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the listeners ended early")
        return json.loads(line)

    def end(self) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()


class _Listener(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = bytearray()
        self._greeted = False
        self.heard: list[float] = []
        self.changed = asyncio.Event()
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = True
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._received += data
        if not self._greeted:
            head = self._received.find(_END_OF_HEAD)
            if head < 0:
                return
            if not self._received.startswith(b"HTTP/1.1 101 "):
                raise RuntimeError(self._received[:1000].decode(errors="replace"))
            self._greeted = True
            del self._received[: head + len(_END_OF_HEAD)]
        while frame := self._frame():
            opcode, content = frame
            if opcode == _TEXT:
                self.heard.append(now)
                self.changed.set()
            elif opcode == _PING:
                # Clients mask what they send; a mask of zeros is one.
                self._transport.write(bytes([0x80 | _PONG, 0x80 | len(content), 0, 0, 0, 0]) + content)
            elif opcode == _CLOSE:
                self._transport.close()

    def _frame(self) -> tuple[int, bytes] | None:
        """Take one whole frame off what came; servers neither mask nor part theirs."""
        received = self._received
        if len(received) < 2:  # noqa: PLR2004 - the shortest head
            return None
        length, start = received[1], 2
        if length in (_SHORT, _LONG):
            start = 4 if length == _SHORT else 10
            length = int.from_bytes(received[2:start], "big")
        if len(received) < start + length:
            return None
        content = bytes(received[start : start + length])
        opcode = received[0] & 0x0F
        del received[: start + length]
        return opcode, content

    async def has_heard(self, messages: int) -> None:
        while len(self.heard) < messages:
            if self.ended:
                raise ConnectionError("a listener was cut off")
            self.changed.clear()
            await self.changed.wait()


async def _listen(wanted: Wanted) -> None:
    address = urlsplit(wanted.url)
    fields = {
        "Host": address.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    } | wanted.headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    request = f"GET /api/ws/updates HTTP/1.1\r\n{lines}\r\n".encode()
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(_OPENING_AT_ONCE)

    async def come() -> _Listener:
        async with gate:
            _, listener = await loop.create_connection(lambda: _Listener(request), address.hostname, address.port)
            await listener.has_heard(1)
            return listener

    audience = await asyncio.gather(*(come() for _ in range(wanted.listeners)))
    print(json.dumps("ready"), flush=True)
    await asyncio.gather(*(listener.has_heard(1 + wanted.changes) for listener in audience))
    print(json.dumps([listener.heard[1:] for listener in audience]), flush=True)


if __name__ == "__main__":
    asyncio.run(_listen(Wanted(**json.load(sys.stdin))))
