"""Requests as bytes, for what no well-behaved client sends."""

import asyncio
import re
from dataclasses import dataclass

from aiohttp.test_utils import TestClient

BOUNDARY = b"vocalyx-test-boundary"


def part(name: bytes, content: bytes, extra: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name + b'"' + extra
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


@dataclass(frozen=True)
class RawAnswer:
    status: int
    text: str


async def send_raw(
    client: TestClient, headers: dict[str, str], body: bytes, *, length: int | None = None, chunked: bool = False
) -> RawAnswer | None:
    """Send a form to the address of uploads as these very bytes; with `length` announce that, and go away after `body`.

    Returns the answer, None where the connection was ended before there was one.
    """
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    try:
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(length or len(body))}
        lines = {
            "Host": "test",
            "Connection": "close",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}",
        }
        head = "POST /api/transcriptions HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in (lines | framing | headers).items()
        )
        writer.write(head.encode() + b"\r\n" + body)
        await writer.drain()
        if length is not None:
            return None
        async with asyncio.timeout(30):
            return await _answer(reader)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> RawAnswer | None:
    # To its own length, not to the end of the connection: the server waits some seconds for the rest of the body.
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    length = re.search(r"(?i)^content-length: (\d+)", head, re.MULTILINE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return RawAnswer(int(head.split()[1]), head + body.decode(errors="replace"))
