"""Whether something answers, asked for over and over, so that a request need not find out by waiting for it."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Watch:
    """Asks at most once at a time, in a thread of its own: where what is asked hangs, one thread hangs with it.

    `tell` is told after each look whether it hangs: gives neither answer nor error for `patience_seconds`. An error is an
    answer; but where `errors_go_on`, what hung goes on hanging until it answers without one.
    """

    def __init__(
        self,
        what: str,
        look: Callable[[], object],
        tell: Callable[[bool], None],
        *,
        patience_seconds: float,
        errors_go_on: bool = False,
    ) -> None:
        """`what` names it in the log, such as "the database"."""
        self._what = what
        self._look = look
        self._tell = tell
        self._patience_seconds = patience_seconds
        self._errors_go_on = errors_go_on
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._looking: asyncio.Future[object] | None = None
        self._asked_at = 0.0

    async def run(self) -> None:
        """Look until cancelled, and say in the log when it goes and comes back."""
        before: str | None = None
        while True:
            problem = await self.check()
            if problem != before:
                logger.warning("%s %s", self._what, f"is away: {problem}" if problem else "is back")
            before = problem
            await asyncio.sleep(_PAUSE_SECONDS)

    async def check(self) -> str | None:
        """Return what is wrong, None where nothing is; after `patience_seconds` at most."""
        if self._looking is None:
            self._asked_at = time.monotonic()
            self._looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
        looking = self._looking
        left = max(0.0, self._asked_at + self._patience_seconds - time.monotonic())
        done, _ = await asyncio.wait({looking}, timeout=left)
        if not done:
            self._tell(True)
            return f"no answer within {self._patience_seconds:g} seconds"
        if self._looking is looking:
            self._looking = None
        error = looking.exception()
        if error is None or not self._errors_go_on:
            self._tell(False)
        # The class says enough; a message may carry a path, an address or a password.
        return None if error is None else type(error).__name__

    def close(self) -> None:
        """Ask no more. What is asked already ends with its answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)
