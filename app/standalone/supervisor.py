"""Keeps programs running, and ends them all.

Why our own, and neither supervisord, circus nor honcho: a first start has steps that end (models, a build) between
programs that stay, and order is by readiness (the API is started once PostgreSQL *answers*, not once it was forked);
supervisord and circus start by priority and delay. honcho stops everyone when one dies and restarts none. None of the
three ends its children when it is itself killed, which the kernel does here (see `leash`). In production systemd does
all of this; on one machine this file does.
"""

import asyncio
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

from app.standalone.child import Child, Program
from app.standalone.errors import CannotStart
from app.standalone.log import InstanceLog

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before restarting what has died `failures` times in a row (the first: 0)."""

    first_seconds: float = FIRST_PAUSE_SECONDS
    longest_seconds: float = LONGEST_PAUSE_SECONDS
    steady_after_seconds: float = STEADY_AFTER_SECONDS

    def pause_seconds(self, failures: int) -> float:
        return float(min(self.longest_seconds, self.first_seconds * 2 ** min(failures, 16)))


class Supervisor:
    """Runs programs until `stop`; what dies before is started again, after a pause that doubles while it keeps dying.

    Programs stop in the reverse order of the `keep` calls that started them, those of one call together.
    """

    def __init__(self, log: InstanceLog, backoff: Backoff | None = None) -> None:
        self._log = log
        self._backoff = backoff or Backoff()
        self._keepers: list[list[_Keeper]] = []
        self._steps: set[Child] = set()

    async def keep(self, *programs: Program) -> None:
        """Start the programs side by side and return once all are ready; keep them running from then on.

        Raises CannotStart where one does not become ready at its first start.
        """
        keepers = [_Keeper(program, self._log, self._backoff) for program in programs]
        self._keepers.append(keepers)
        await asyncio.gather(*(keeper.start() for keeper in keepers))

    async def perform(self, program: Program) -> None:
        """Run a step to its end. Raises CannotStart, with the end of what it said, where its exit status is not 0."""
        child = await Child.start(program, self._log)
        self._steps.add(child)
        try:
            status = await child.wait()
        except asyncio.CancelledError:
            await child.stop()
            raise
        finally:
            self._steps.discard(child)
        if status != 0:
            raise CannotStart(
                "\n".join((f"{program.name} failed ({describe_exit(status)}):", *child.last_lines)),
                remedy="Mend what the lines above say and start again; what was done already is kept.",
            )

    async def stop(self) -> None:
        """End every program and step; nothing runs afterwards."""
        await asyncio.gather(*(step.stop() for step in tuple(self._steps)))
        while self._keepers:
            # Left in the list until it has ended: `kill` must find it there.
            await asyncio.gather(*(keeper.stop() for keeper in self._keepers[-1]))
            self._keepers.pop()

    def kill(self) -> None:
        """End everything at once, for those who cannot wait for `stop`."""
        for child in (*self._steps, *(child for keeper in self._all() if (child := keeper.child) is not None)):
            child.kill()

    def running(self) -> dict[str, int]:
        """Return the process ids of what runs now, by program name."""
        return {keeper.name: child.process_id for keeper in self._all() if (child := keeper.child) is not None}

    def _all(self) -> Iterable["_Keeper"]:
        return (keeper for group in self._keepers for keeper in group)


class _Keeper:
    """Keeps one program running."""

    def __init__(self, program: Program, log: InstanceLog, backoff: Backoff) -> None:
        self.name = program.name
        self.child: Child | None = None
        self._program = program
        self._log = log
        self._backoff = backoff
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._failures = 0

    async def start(self) -> None:
        started = time.monotonic()
        child = self.child = await Child.start(self._program, self._log)
        if not await child.wait_until_ready():
            await child.stop()
            self.child = None
            raise CannotStart(
                "\n".join((f"{self.name} did not become ready. The last lines it said:", *child.last_lines)),
                remedy="Mend what the lines say and start again; nothing that was stored is lost.",
            )
        verb = "ready" if self._program.is_ready else "started"
        self._log.line(self.name, f"{verb} in {time.monotonic() - started:.1f} s (process {child.process_id})")
        self._task = asyncio.create_task(self._keep(child), name=f"keep {self.name}")

    async def stop(self) -> None:
        self._stopping = True
        if self.child is not None:
            await self.child.stop()
            self._log.line(self.name, "stopped")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.child is not None:
            # A restart may have been under way.
            await self.child.stop()
            self.child = None

    async def _keep(self, child: Child) -> None:
        while True:
            started = time.monotonic()
            status = await child.wait()
            if self._stopping:
                return
            if time.monotonic() - started > self._backoff.steady_after_seconds:
                self._failures = 0
            child = await self._replacement(f"ended ({describe_exit(status)})")

    async def _replacement(self, reason: str) -> Child:
        while True:
            self.child = None
            pause = self._backoff.pause_seconds(self._failures)
            self._failures += 1
            self._log.line(self.name, f"ERROR: {reason}; starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            try:
                child = self.child = await Child.start(self._program, self._log)
            except (CannotStart, OSError) as error:
                reason = f"cannot be started: {error}"
                continue
            if await child.wait_until_ready():
                self._log.line(self.name, f"is back (process {child.process_id})")
            else:
                # Whether it ended or hangs: `_keep` sees it end.
                child.kill()
            return child


def describe_exit(status: int) -> str:
    """Say an exit status in words: `exit status 1`, or `killed by SIGKILL` for a negative one."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
