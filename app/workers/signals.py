"""SIGTERM and SIGINT, heard at once even while the main thread computes in a native library."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

EXIT_FORCED = 75
"""EX_TEMPFAIL of sysexits(3): the same job may well succeed elsewhere."""
FORCE_AFTER_SECONDS = 1.0
"""A terminal and a supervisor may both pass on the same Ctrl-C: what comes sooner is its echo."""

_HEARD = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger(__name__)


class SignalWatch:
    """While entered, the first signal calls `ask` and a second one ends the process.

    Python runs a signal's handler between two instructions of the main thread, so not before a native call of seconds,
    or of ever, returns. The byte that its C handler writes into the wake-up descriptor comes at once, and a thread
    waits for it. The handler in the main thread remains, to interrupt waiting: it calls `interrupt`, which may raise.
    """

    def __init__(self, ask: Callable[[str], None], interrupt: Callable[[], None]) -> None:
        self._ask = ask
        self._interrupt = interrupt
        self._asked_at: float | None = None
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._thread = threading.Thread(target=self._watch, name="signals", daemon=True)

    def __enter__(self) -> Self:
        self._descriptor_before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self._handlers_before = {number: signal.signal(number, self._handle) for number in _HEARD}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._descriptor_before)
        self._sender.close()
        self._thread.join()
        self._receiver.close()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupt()

    def _watch(self) -> None:
        while received := self._receiver.recv(16):
            for number in received:
                if number in _HEARD:
                    self._hear(signal.Signals(number).name)

    def _hear(self, name: str) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._ask(name)
        elif now - self._asked_at >= FORCE_AFTER_SECONDS:
            logger.warning("Asked a second time (%s): ending at once.", name)
            os._exit(EXIT_FORCED)
