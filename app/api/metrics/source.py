"""A question whose answer is kept for some seconds, and for which nobody waits long."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from app.core.errors import VocalyxError

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Source(Generic[Answer]):
    """Asks at most once at a time, however many want to know, and lets a server that hangs hang by itself."""

    def __init__(
        self,
        name: str,
        ask: Callable[[], Awaitable[Answer]],
        *,
        kept_seconds: float = 5.0,
        patience_seconds: float = 1.5,
    ) -> None:
        self._name = name
        self._ask = ask
        self._kept = kept_seconds
        self._patience = patience_seconds
        self._asking: asyncio.Task[Answer | None] | None = None
        self._answer: Answer | None = None
        self._answered_at = float("-inf")

    async def value(self) -> Answer | None:
        """Return an answer that is a few seconds old at most; None where there is none to be had in a moment."""
        if time.monotonic() - self._answered_at < self._kept:
            return self._answer
        if self._asking is None:
            self._asking = asyncio.create_task(self._look())
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=self._patience)
        return self._answer if done else None

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking

    async def _look(self) -> Answer | None:
        answer: Answer | None = None
        try:
            answer = await self._ask()
        except (VocalyxError, OSError) as error:
            logger.debug("no numbers from %s: %s", self._name, error)
        except Exception:
            # A fault of ours in one question must not take the other numbers away.
            logger.exception("asking %s for numbers failed", self._name)
        finally:
            self._answer, self._answered_at = answer, time.monotonic()
            self._asking = None
        return answer
