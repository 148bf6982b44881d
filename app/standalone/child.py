"""One program, and one run of it: started on a leash, in a process group of its own, listened to, stopped whole."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.standalone import leash
from app.standalone.log import InstanceLog

PROBE_INTERVAL_SECONDS = 0.1
LINE_LIMIT_BYTES = 64 * 1024
REMEMBERED_LINES = 15
KILL_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is to be run, and how it wants to be treated.

    `is_ready` is asked in a thread until it says yes; without one a program is ready once it runs. `before_start` runs
    before each start, restarts included. `orphan_signal` is what it gets when this process dies without a word.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    is_ready: Callable[[], bool] | None = None
    before_start: Callable[[], None] | None = None
    start_timeout_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_seconds: float = 10
    orphan_signal: signal.Signals = signal.SIGKILL
    shed_root: bool = False
    niceness: int = 0
    umask: int = 0o077
    shown: Callable[[str], str | None] = str
    """Turns a line of output into the line to show, or into None where it is not worth showing."""


class Child:
    """One run of a program. `last_lines` holds the end of what it said."""

    def __init__(
        self, program: Program, process: asyncio.subprocess.Process, output: "_Output", log: InstanceLog
    ) -> None:
        self.program = program
        self.process_id = process.pid
        self.last_lines: deque[str] = deque(maxlen=REMEMBERED_LINES)
        self._process = process
        self._output = output
        self._log = log
        self._listening = asyncio.create_task(self._listen(), name=f"listen to {program.name}")

    @classmethod
    async def start(cls, program: Program, log: InstanceLog) -> Self:
        if program.before_start is not None:
            await asyncio.to_thread(program.before_start)
        command = leash.command(
            list(program.command),
            orphan_signal=program.orphan_signal,
            niceness=program.niceness,
            shed_root=program.shed_root,
        )
        output = _Output()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output.entrance,
                stderr=subprocess.STDOUT,
                env=dict(program.environment),
                cwd=program.folder,
                umask=program.umask,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops everyone in order
            )
            await output.open()
        except BaseException:
            output.close()
            raise
        return cls(program, process, output, log)

    async def wait(self) -> int:
        """Wait for its end, clear away what it left in its group, and return its exit status (-N: by signal N)."""
        status = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            # Something may have left the group and kept the pipe open; it is not waited for.
            await asyncio.wait_for(self._listening, timeout=1)
        return status

    async def wait_until_ready(self) -> bool:
        """Return True once it is ready, False where it ended first or took longer than it may."""
        if self.program.is_ready is None:
            return True
        deadline = asyncio.get_running_loop().time() + self.program.start_timeout_seconds
        while self._process.returncode is None and asyncio.get_running_loop().time() < deadline:
            if await asyncio.to_thread(self.program.is_ready):
                return True
            await asyncio.sleep(PROBE_INTERVAL_SECONDS)
        return False

    async def stop(self) -> None:
        """Ask it to stop, wait as long as it may take, then kill its whole group."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.program.stop_signal)
            try:
                await asyncio.wait_for(self._process.wait(), self.program.stop_timeout_seconds)
            except TimeoutError:
                self._log.line(
                    self.program.name, f"did not stop in {self.program.stop_timeout_seconds:.0f} s and is killed"
                )
        self.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wait(), KILL_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """End it and all of its group at once."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id, number)

    async def _listen(self) -> None:
        try:
            async for text in self._output:
                self.last_lines.append(text)
                shown = self.program.shown(text)
                if shown is not None:
                    self._log.line(self.program.name, shown)
        finally:
            self._output.close()


class _Output:
    """The pipe that a program writes to, and its lines.

    A pipe of our own: with asyncio's, waiting for a process also waits until the last heir of its output has closed it,
    and a dead server whose children live on would never be seen to have died.
    """

    def __init__(self) -> None:
        self._exit, self.entrance = os.pipe()
        self._reader = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
        self._transport: asyncio.ReadTransport | None = None

    async def open(self) -> None:
        """Begin to read; the writing end is left to the program alone."""
        os.close(self.entrance)
        self.entrance = -1
        file = os.fdopen(self._exit, "rb", buffering=0)
        self._exit = -1
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), file
        )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        for descriptor in (self._exit, self.entrance):
            if descriptor != -1:
                os.close(descriptor)
        self._exit = self.entrance = -1

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            try:
                raw = await self._reader.readline()
            except ValueError:  # over the limit: asyncio has dropped what it had of it
                raw = b"(a line too long to show)\n"
            if not raw:
                return
            yield raw.decode(errors="replace").rstrip()
