"""Whether the uploads volume answers, asked for over and over, so that a request need not find out by waiting for it."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from app.api.volume.uploads import UploadVolume

_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class VolumeWatch:
    """Asks at most once at a time, in a thread of its own: where the volume hangs, one thread hangs with it."""

    def __init__(self, volume: UploadVolume) -> None:
        self._volume = volume
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="volume-watch")
        self._looking: asyncio.Future[None] | None = None
        self._asked_at = 0.0

    async def run(self) -> None:
        """Keep `UploadVolume.hangs` and `hung_at` up to date until cancelled, and say in the log when the volume goes and comes back."""
        before: str | None = None
        while True:
            problem = await self.check()
            if problem != before:
                logger.warning("the uploads volume %s", f"is away: {problem}" if problem else "is back")
            before = problem
            await asyncio.sleep(_PAUSE_SECONDS)

    async def check(self) -> str | None:
        """Return what is wrong with the volume, None where nothing is; after three seconds at most."""
        if self._looking is None:
            self._asked_at = time.monotonic()
            self._looking = asyncio.get_running_loop().run_in_executor(self._thread, self._volume.check_writable)
        looking = self._looking
        left = max(0.0, self._asked_at + _PATIENCE_SECONDS - time.monotonic())
        done, _ = await asyncio.wait({looking}, timeout=left)
        self._volume.hangs = not done
        if not done:
            self._volume.hung_at = time.monotonic()
            return f"no answer within {_PATIENCE_SECONDS:g} seconds"
        if self._looking is looking:
            self._looking = None
        error = looking.exception()
        # The class says enough; a message may carry a path.
        return None if error is None else type(error).__name__

    def close(self) -> None:
        """Ask no more. What is asked already ends with the volume's answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)
