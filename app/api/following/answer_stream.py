"""One client's view of an answer while it is written: what is there, every piece that is new, and the end.

The event log only says that there is news of a question; what, its row says. So a client that comes late, or again, is
told the present, and pieces that came together are one.
"""

import asyncio
import time
from typing import Any
from uuid import UUID

from app.api.credentials.authentication import Authenticate
from app.api.following.event_stream import EventStream
from app.api.following.hub import Hub, Listener
from app.core.access import Principal
from app.core.identifiers import EventId
from app.core.questions import QuestionState
from app.db import questions
from app.db.database import Database
from app.db.events import EventKind, LoggedEvent

FINISHED = "finished"

_CREDENTIALS_CHECK_SECONDS = 60.0
_ENDED = (QuestionState.DONE, QuestionState.ERROR)


class AnswerFeed:
    """Sends what becomes of one question, until it has ended."""

    def __init__(
        self,
        channel: EventStream,
        database: Database,
        hub: Hub,
        authenticate: Authenticate,
        question: UUID,
    ) -> None:
        self._channel = channel
        self._database = database
        self._hub = hub
        self._authenticate = authenticate
        self._question = question
        self._state: str | None = None
        self._written = ""

    async def send(self, principal: Principal, listener: Listener) -> None:
        """Send until the question has ended. Raises `NotAuthenticated`, `NotFound`, `ListenerTooSlow`, `HubClosed`."""
        cursor, checked = self._hub.cursor or EventId(0), time.monotonic()
        while True:
            found = await self._database.run(questions.read, principal, self._question)
            await self._tell(found, cursor)
            if found["state"] in _ENDED:
                await self._channel.say_why(FINISHED)
                return
            while True:
                event = await _next(listener, checked + _CREDENTIALS_CHECK_SECONDS)
                if event is None or event.concerns(principal.user):
                    principal, checked = await self._authenticate(), time.monotonic()
                    break
                if event.kind == EventKind.QUESTION and event.data.get("question") == str(self._question):
                    cursor = event.id
                    break

    async def _tell(self, found: dict[str, Any], cursor: EventId) -> None:
        written = found["written"]
        if found["state"] != self._state:
            await self._channel.send(cursor, {"type": "question.changed", "question": found})
            self._state, self._written = found["state"], written
        elif written != self._written:
            # An answer that is begun anew has less in common with what was sent.
            kept = common_length(self._written, written)
            await self._channel.send(cursor, {"type": "answer.text", "from": kept, "text": written[kept:]})
            self._written = written


def common_length(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


async def _next(listener: Listener, due: float) -> LoggedEvent | None:
    """Return the next event, or None when it is time to look at the credentials again."""
    try:
        async with asyncio.timeout(max(0.0, due - time.monotonic())):
            return await listener.next()
    except TimeoutError:
        return None
