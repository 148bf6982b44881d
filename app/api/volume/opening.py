"""Files that a thread opens for a request, which may have ended by then."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, ParamSpec, Protocol, TypeVar

from app.api.volume.threads import on_volume

P = ParamSpec("P")


class Closable(Protocol):
    def close(self) -> object: ...


Opened = TypeVar("Opened", bound=Closable)


async def opened_on_volume(work: Callable[P, Opened], *args: P.args, **kwargs: P.kwargs) -> Opened:
    """Return what `work` opens on a volume, which may take its time.

    Nothing that is cancelled meanwhile stops the thread, and what it returns then reaches nobody. So whoever comes last
    closes it: this function, or the thread.
    """
    handover = _Handover(partial(work, *args, **kwargs))
    try:
        return await on_volume(handover.open)
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
