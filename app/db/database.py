"""The connection pool, and the executor in which units of work run."""

import asyncio
import contextlib
import contextvars
import functools
import logging
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded
from playhouse.postgres_ext import PooledPostgresqlExtDatabase

from app.core.errors import DependencyDown
from app.db import tables

P = ParamSpec("P")
R = TypeVar("R")

# No unit takes long: what does is a fault, and must not hold its locks and its thread for ever. In milliseconds.
_SESSION_OPTIONS = (
    "-c statement_timeout=60000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    # Compiling a query takes longer than any of ours runs.
    " -c jit=off"
)

BESIDE_UNITS = 2
"""Connections beside those of the units' threads: to be asked whether it answers (`check`), and what it holds (`ask`)."""

logger = logging.getLogger(__name__)


def connection_parameters(url: str) -> dict[str, Any]:
    """Translate `postgresql://user:password@host:port/name?host=/socket/dir` for peewee's PostgreSQL databases."""
    parts = urlsplit(url)
    values: dict[str, Any] = {
        "database": unquote(parts.path.lstrip("/")),
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "host": parts.hostname,
        "port": parts.port,
        "connect_timeout": 5,
        "application_name": "vocalyx",
        # A server that vanished without a word (power, network) is noticed after some ten seconds, not after hours.
        "keepalives_idle": 5,
        "keepalives_interval": 3,
        "keepalives_count": 2,
        "tcp_user_timeout": 10_000,
    }
    values.update(parse_qsl(parts.query))
    return {name: value for name, value in values.items() if value is not None}


class PoolUse:
    """How busy the threads for units of work are. `observe` is told how many seconds each one waited for its thread."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.busy = 0
        self.waiting = 0
        self.observe: Callable[[float], object] = float
        self._lock = threading.Lock()

    def submit(self, executor: ThreadPoolExecutor, work: Callable[[], R]) -> Future[R]:
        """Have work done by a thread, and count it while it waits and while it runs."""
        asked = time.perf_counter()

        def counted() -> R:
            self.observe(time.perf_counter() - asked)
            self._count(waiting=-1, busy=1)
            try:
                return work()
            finally:
                self._count(busy=-1)

        self._count(waiting=1)
        future = executor.submit(counted)
        # One that was given up before it began never runs.
        future.add_done_callback(lambda done: self._count(waiting=-1) if done.cancelled() else None)
        return future

    def _count(self, *, waiting: int = 0, busy: int = 0) -> None:
        with self._lock:
            self.waiting += waiting
            self.busy += busy


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Somebody who waits for the outcome of a unit's work."""

    outcome: asyncio.Future[Any]
    work: Future[Any]
    changes_nothing: bool


def _settle(outcome: asyncio.Future[R], work: Future[R]) -> None:
    if outcome.done() or work.cancelled():
        return
    if (error := work.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(work.result())


def _away() -> DependencyDown:
    return DependencyDown("PostgreSQL does not answer.")


class Database:
    """Runs synchronous units of work in as many threads as there are connections, each in one transaction.

    A unit raises `DependencyDown` where PostgreSQL cannot be reached or goes away half-way; nothing of it stands then,
    unless it went away in the very moment of the commit. While PostgreSQL hangs it raises it at once, before any work.
    The models are bound to one database a process: opening a second one before the first is closed is a mistake that
    would send units to the wrong server, and raises `RuntimeError`.
    """

    def __init__(self, url: str, connections: int = 8) -> None:
        if tables.database.obj is not None:
            raise RuntimeError("this process has a database open already")
        self._pool = PooledPostgresqlExtDatabase(
            max_connections=connections + BESIDE_UNITS,
            stale_timeout=300,
            timeout=10,
            **{"options": _SESSION_OPTIONS, **connection_parameters(url)},
        )
        tables.database.initialize(self._pool)
        self.use = PoolUse(connections)
        self._executor = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="database")
        self._hangs = False
        self._waiting: set[_Waiting] = set()
        # A thread of its own, and one alone: what is measured is measured however busy the others are.
        self._asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-ask")

    async def run(self, unit: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one unit of work in a thread, and return what it returns."""
        return await self._in_thread(functools.partial(self.run_here, unit, *args, **kwargs))

    async def read(self, unit: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit that reads, in a thread, each of its statements by itself: that is half the talk of a transaction.

        Where PostgreSQL begins to hang meanwhile, it is not waited for, as a unit that has not begun is not: nothing can
        stand of either.
        """
        call = functools.partial(unit, *args, **kwargs)
        return await self._in_thread(
            functools.partial(self._with_connection, contextlib.nullcontext, call), changes_nothing=True
        )

    def run_here(self, unit: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one unit of work in this thread."""
        return self._with_connection(self._pool.atomic, functools.partial(unit, *args, **kwargs))

    async def _in_thread(self, call: Callable[[], R], *, changes_nothing: bool = False) -> R:
        self._require()
        context, loop = contextvars.copy_context(), asyncio.get_running_loop()
        work = self.use.submit(self._executor, lambda: context.run(call))
        outcome: asyncio.Future[R] = loop.create_future()
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(_settle, outcome, done))
        waiting = _Waiting(outcome, work, changes_nothing)
        self._waiting.add(waiting)
        try:
            return await outcome
        finally:
            self._waiting.discard(waiting)
            work.cancel()

    def _require(self) -> None:
        if self._hangs:
            raise _away()

    def _with_connection(self, within: Callable[[], AbstractContextManager[Any]], call: Callable[[], R]) -> R:
        try:
            self._pool.connect(reuse_if_open=True)
            self._discard_if_dead()
            with within():
                result = call()
            self._pool.close()
        except (OperationalError, InterfaceError, MaxConnectionsExceeded) as error:
            self._pool.manual_close()
            logger.warning("the database does not answer: %s", str(error).strip().partition("\n")[0])
            raise _away() from error
        except BaseException:
            self._pool.close()
            raise
        return result

    def check(self) -> None:
        """Raise `DependencyDown` unless PostgreSQL answers a query in this thread, one beside those of the units."""
        self.run_here(lambda: self._pool.execute_sql("select 1"))

    def tell_whether_it_hangs(self, hangs: bool) -> None:
        """Note whether PostgreSQL gives neither answer nor error: whoever waited for it would wait as long as it does."""
        self._hangs = hangs
        for waiting in self._waiting if hangs else ():
            # One that has not begun never does.
            if (waiting.work.cancel() or waiting.changes_nothing) and not waiting.outcome.done():
                waiting.outcome.set_exception(_away())

    async def ask(self, unit: Callable[[], R]) -> R:
        """Run a unit that takes moments in a thread beside those of the others, however busy they are."""
        self._require()
        return await asyncio.get_running_loop().run_in_executor(self._asker, self.run_here, unit)

    def close(self) -> None:
        """Close every connection, after the units that are running."""
        self._executor.shutdown(wait=True)
        self._asker.shutdown(wait=True)
        self._pool.close_all()
        tables.database.initialize(None)

    def _discard_if_dead(self) -> None:
        # A pooled connection may be from before PostgreSQL was restarted. A server that ends one says so, and what it
        # said is there to be read; one cheap query finds out what it was, before any work.
        waiting = select.poll()
        waiting.register(self._pool.connection(), select.POLLIN)
        if not waiting.poll(0):
            return
        try:
            self._pool.execute_sql("select 1")
        except (OperationalError, InterfaceError):
            self._pool.manual_close()
            self._pool.connect()
