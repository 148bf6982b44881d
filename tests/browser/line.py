"""A line to the server that is slow, and that can be cut and mended."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_BLOCK_BYTES = 4096


@dataclass
class Line:
    """Passes everything on; what comes from the client at `bytes_a_second` a connection, None: as fast as it can.

    The answer to the next request that begins with `loses_answer_to` gets lost, and its connection breaks off.
    """

    target_port: int
    bytes_a_second: int | None = None
    loses_answer_to: bytes | None = None
    port: int = 0
    is_cut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break off every connection, and take none until it is mended."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut = False

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._open |= {writer, onward}
        losing = asyncio.Event()
        back = asyncio.create_task(_pump(onward_reader, writer, losing))
        with contextlib.suppress(ConnectionError):
            while block := await reader.read(_BLOCK_BYTES):
                if self.loses_answer_to and block.startswith(self.loses_answer_to):
                    self.loses_answer_to = None
                    losing.set()
                onward.write(block)
                await onward.drain()
                if self.bytes_a_second:
                    await asyncio.sleep(len(block) / self.bytes_a_second)
        for side in (onward, writer):
            side.transport.abort()
        self._open -= {writer, onward}
        back.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event) -> None:
    with contextlib.suppress(ConnectionError):
        while block := await reader.read(_BLOCK_BYTES):
            if losing.is_set():
                writer.transport.abort()
                return
            writer.write(block)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def line_to(target_port: int) -> AsyncIterator[Line]:
    line = Line(target_port)
    # Small buffers, this program's and the system's: what waits in them counts as sent for the browser, and goes its slow way
    # even where the browser has broken off.
    gate = socket.socket()
    gate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BLOCK_BYTES)
    gate.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(line.pass_on, sock=gate, limit=_BLOCK_BYTES)
    line.port = gate.getsockname()[1]
    async with server:
        yield line
