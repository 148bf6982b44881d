"""Files that a thread opens for a request, which may have ended by then."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> object: ...


Opened = TypeVar("Opened", bound=Closable)


async def opened_in_thread(open_: Callable[[], Opened]) -> Opened:
    """Return what `open_` opens, in a thread: a volume may take its time.

    Nothing that is cancelled meanwhile stops the thread, and what it returns then reaches nobody. So whoever comes last
    closes it: this function, or the thread.
    """
    handover = _Handover(open_)
    try:
        return await asyncio.to_thread(handover.open)
    except asyncio.CancelledError:
        handover.give_up()
        raise


class _Handover(Generic[Opened]):
    """What one thread opens and another one takes, if it still wants it."""

    def __init__(self, open_: Callable[[], Opened]) -> None:
        self._open = open_
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._given_up = False

    def open(self) -> Opened:
        opened = self._open()
        with self._lock:
            self._opened = opened
            if self._given_up:
                opened.close()
        return opened

    def give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._opened is not None:
                self._opened.close()
