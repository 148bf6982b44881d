"""How long, and in what steps, to wait for a server that is away."""

import asyncio
import random
import time
from collections.abc import Callable

from app.core.errors import VocalyxError

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0


class ApiUnreachable(VocalyxError):
    """The API did not answer, or not as itself, for longer than somebody cared to wait."""

    status = 503
    code = "api-unreachable"
    title = "The API cannot be reached"
    default_remedy = "Check the address (--url, VOCALYX_API_URL) and that the server runs; 'make run' starts one here."


class Patience:
    """Waits between tries, twice as long each time, until `limit_seconds` have passed without any success.

    Waits are drawn at random up to their length, so that many clients do not come back in the same instant.
    """

    def __init__(self, limit_seconds: float, notify: Callable[[str], None]) -> None:
        self._limit_seconds = limit_seconds
        self._notify = notify
        self._began: float | None = None
        self._delay_seconds = FIRST_DELAY_SECONDS

    def restore(self) -> None:
        """Something succeeded: the next trouble is a new one."""
        if self._began is not None:
            self._notify("The API is back.")
        self._began = None
        self._delay_seconds = FIRST_DELAY_SECONDS

    async def wait(self, trouble: str, *, at_least_seconds: float = 0.0) -> None:
        """Wait before the next try; raises `ApiUnreachable` once the limit would be passed. `trouble` is a sentence."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
            if self._limit_seconds:
                self._notify(f"{trouble} Trying again for up to {self._limit_seconds:.0f} s.")
        delay = max(at_least_seconds, self._delay_seconds * random.uniform(0.5, 1.0))
        if now + delay > self._began + self._limit_seconds:
            raise ApiUnreachable(trouble)
        self._delay_seconds = min(LONGEST_DELAY_SECONDS, 2 * self._delay_seconds)
        await asyncio.sleep(delay)
