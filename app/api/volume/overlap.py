"""Work on a block while the next one comes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from app.api.volume.threads import on_volume


class Overlap:
    """Runs blocking steps in threads, one after the other, while its owner goes on: one step is on its way at most.

    What a step raises is raised to whoever waits for it: the next `start`, or `done`.
    """

    def __init__(self) -> None:
        self._step: asyncio.Future[None] | None = None

    async def start(self, step: Callable[[], None]) -> None:
        """Begin a step once the one before is done."""
        await self.done()
        self._step = asyncio.ensure_future(on_volume(step))

    async def done(self) -> None:
        """Return once the last step is done. Where this is cancelled the step goes on: see `settle`."""
        if self._step is not None:
            await asyncio.wait({self._step})
            step, self._step = self._step, None
            step.result()

    async def settle(self) -> None:
        """Return once no step is on its way, whatever came of it: a thread cannot be stopped."""
        with suppress(Exception):
            await self.done()
