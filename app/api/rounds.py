"""Work that every API instance does in the background, a few pieces at a time, each of which it has claimed for itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from app.core.errors import DependencyDown

Claimed = TypeVar("Claimed")

logger = logging.getLogger(__name__)


class Rounds(Generic[Claimed]):
    """Claims what is due and works on it, at most `at_once` pieces: when woken, when one has ended, and every so often.

    `claim` returns the next piece, under a lease, or None; `work` ends it as something, whatever goes wrong, and where it
    is cancelled gives it back. `what` names the work in the log, such as "downloads".
    """

    def __init__(
        self,
        what: str,
        claim: Callable[[], Awaitable[Claimed | None]],
        work: Callable[[Claimed], Coroutine[Any, Any, None]],
        *,
        at_once: int,
        interval_seconds: float,
    ) -> None:
        self._what = what
        self._claim = claim
        self._work = work
        self._at_once = at_once
        self._interval_seconds = interval_seconds
        self._woken = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many pieces are worked on just now."""
        return len(self._running)

    def wake(self) -> None:
        """Look at once for what is due."""
        self._woken.set()

    async def run(self) -> None:
        """Work on what is due until cancelled; what is under way then is given back."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._begin_due()
                except DependencyDown as error:
                    logger.warning("%s wait: %s", self._what, error.detail)
                except Exception:
                    # Whatever went wrong with one piece must not end all later rounds.
                    logger.exception("looking for %s failed", self._what)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval_seconds):
                        await self._woken.wait()
        finally:
            await self._give_back()

    async def _begin_due(self) -> None:
        while len(self._running) < self._at_once and (claimed := await self._claim()) is not None:
            task = asyncio.create_task(self._work(claimed))
            self._running.add(task)
            task.add_done_callback(self._ended)

    async def _give_back(self) -> None:
        for task in self._running:
            task.cancel()
        while self._running:
            # Whoever cancels this more than once gains nothing by a lease that has to run out.
            with suppress(asyncio.CancelledError):
                await asyncio.wait(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake()
