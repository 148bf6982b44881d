"""A way to the server that falls silent and is cut now and then, as trains do it to telephones."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_BLOCK_BYTES = 4096
_SILENT_SECONDS = 0.3


@dataclass
class CuttingProxy:
    """Passes everything on; of `cuts`, each ends a connection after so many bytes from the client, one after the other."""

    target: str
    target_port: int
    cuts: list[int]
    port: int = 0
    done: list[int] = field(default_factory=list)
    passed: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection(self.target, self.target_port)
        back = asyncio.create_task(self._pump(onward_reader, writer))
        passed = 0
        with contextlib.suppress(ConnectionError):
            while block := await reader.read(_BLOCK_BYTES):
                passed += len(block)
                if self.cuts and passed > self.cuts[0]:
                    self.done.append(self.cuts.pop(0))
                    await asyncio.sleep(_SILENT_SECONDS)
                    break
                onward.write(block)
                await onward.drain()
                self.passed += len(block)
        for side in (onward, writer):
            side.transport.abort()
        back.cancel()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while block := await reader.read(_BLOCK_BYTES):
                writer.write(block)
                await writer.drain()
            writer.close()


@asynccontextmanager
async def cutting_proxy(target: str, target_port: int, cuts: list[int]) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(target, target_port, cuts)
    server = await asyncio.start_server(proxy.pass_on, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
