import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.receiver import Receiver, running_receiver

soon_given_up = pytest.mark.parametrize("webhook_timeout", [1.0])

EVERYTHING = [
    "transcription.created",
    "transcription.transcribed",
    "transcription.done",
    "transcription.failed",
    "transcription.cancelled",
    "transcription.deleted",
]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def webhook_timeout() -> float:
    """As long as nobody is slow on purpose: tests with such receivers say less."""
    return 20.0


@pytest.fixture
async def settings(settings: Settings, receiver: Receiver, webhook_timeout: float) -> Settings:
    """One address of loopback is where the site's receivers are, and no other."""
    allowed = {"webhook_allowed": "127.0.0.1/32", "webhook_ports": str(receiver.port)}
    return settings.model_copy(update=allowed | {"webhook_timeout": webhook_timeout})


@pytest.fixture
def tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.webhooks._FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("app.core.webhooks._PAUSE_GROWS_BY", 1)


@dataclass
class Hook:
    """A webhook, and its owner's hands on it."""

    owner: Person
    address: str
    body: dict[str, Any]

    @property
    def secret(self) -> str:
        return self.body["secret"]

    async def read(self) -> dict[str, Any]:
        return await (await self.owner.get(self.address)).json()

    async def deliveries(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.owner.get(f"{self.address}/deliveries", params=query)
        assert answer.status == 200, await answer.text()
        return (await answer.json())["items"]

    async def settled(self, count: int = 1, seconds: float = 20) -> list[dict[str, Any]]:
        """Wait until there are so many messages and none of them is pending any more; the oldest comes first."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.deliveries()
                if len(found) >= count and all(one["outcome"] != "pending" for one in found):
                    return found[::-1]
                await asyncio.sleep(0.05)

    async def tried(self, times: int = 1, seconds: float = 20) -> dict[str, Any]:
        """Wait until the newest message was sent so many times."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.deliveries()
                if found and len(found[0]["attempts"]) >= times:
                    return found[0]
                await asyncio.sleep(0.05)


MakeHook = Callable[..., Awaitable[Hook]]


@pytest.fixture
def hook(owner: Person) -> MakeHook:
    """Make a webhook of the owner's project."""

    async def make(url: str, events: list[str] | None = None, *, by: Person | None = None, **fields: Any) -> Hook:
        person = by or owner
        [project] = (await (await person.get("/api/projects")).json())["items"]
        address = f"/api/projects/{project['id']}/webhooks"
        answer = await person.post(address, json={"url": url, "events": events or EVERYTHING} | fields)
        assert answer.status == 201, await answer.text()
        body = await answer.json()
        assert answer.headers["Location"] == f"{address}/{body['id']}"
        return Hook(person, f"{address}/{body['id']}", body)

    return make
