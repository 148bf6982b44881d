"""A bare client of tus, which does what it is told and nothing on its own account."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse

from tests.api.conftest import Person

VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = VERSION | {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


@dataclass
class Sender:
    """One upload and who sends it."""

    person: Person
    path: str

    async def head(self) -> ClientResponse:
        return await self.person.ask("HEAD", self.path, headers=VERSION)

    async def offset(self) -> int:
        answer = await self.head()
        assert answer.status == 200, answer.status
        return int(answer.headers["Upload-Offset"])

    async def patch(self, content: Any, offset: int = 0, **headers: str) -> ClientResponse:
        sent = PIECE | {"Upload-Offset": str(offset)} | {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.person.patch(self.path, data=content, headers=sent)

    async def read(self) -> dict[str, Any]:
        answer = await self.person.get(self.path)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def delete(self) -> ClientResponse:
        return await self.person.delete(self.path, headers=VERSION)


async def begin(person: Person, length: int, headers: dict[str, str] | None = None, **fields: str) -> ClientResponse:
    sent = VERSION | {"Upload-Length": str(length)} | (headers or {})
    if fields:
        sent["Upload-Metadata"] = metadata(**fields)
    return await person.post("/api/uploads", headers=sent)


async def begun(person: Person, length: int, headers: dict[str, str] | None = None, **fields: str) -> Sender:
    answer = await begin(person, length, headers, **fields)
    assert answer.status == 201, await answer.text()
    return Sender(person, answer.headers["Location"])


@dataclass
class Tap:
    """A body that gives what it is told to, when it is told to."""

    parts: asyncio.Queue[bytes]

    @classmethod
    def new(cls) -> "Tap":
        return cls(asyncio.Queue())

    async def flow(self) -> AsyncIterator[bytes]:
        while part := await self.parts.get():
            yield part
