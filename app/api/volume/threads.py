"""Threads for what waits for a volume: while one is away, nobody else's work may wait behind it."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from app.core.errors import DependencyDown

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = 32
_LOOK_SECONDS = 10.0

_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="volume")


async def on_volume(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do what reads or writes a volume, and return what it returns, however long it takes.

    A volume of the network that is away gives no error: who works on it waits until it is back, and so does its thread.
    """
    call = partial(contextvars.copy_context().run, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_threads, call)


async def looked_up(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do what only looks at a volume. Raises `DependencyDown` where that does not answer within seconds."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return await on_volume(work, *args, **kwargs)
    except TimeoutError as error:
        raise DependencyDown("The volume with the models does not answer.") from error
