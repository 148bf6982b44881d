"""Guessing is slowed: failed attempts to come in are counted by name and by address, and too many of them wait.

Only failures count. What is judged takes its place before it is judged, so that a thousand guesses at once are no more
than one after another; a success gives it back, and forgets the failures with its name. What waits for its name is not
judged, and so no failure of its address: a program with an old password holds up nobody else behind it. Unknown names are
counted as known ones are: nothing tells them apart.

The counts are in Redis, for all instances together. While Redis does not answer, each instance counts for itself: nobody is
locked out for that, and the gate stays guarded, by as many counts as there are instances.
"""

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from app.core.errors import TooManyAttempts, WrongCredentials, WrongPassword
from app.settings import Settings

_PREFIX = "vocalyx:attempts"
_PATIENCE_SECONDS = 1.0
_PAUSE_AFTER_LOSS_SECONDS = 5.0
# Redis tells a remaining time rounded to the second.
_ROUNDING_SECONDS = 1

R = TypeVar("R")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Count:
    """One thing that is counted, and how many failures it may have in a window."""

    limit: RateLimitItem
    key: str


class Attempts:
    """See the module's own words."""

    def __init__(self, redis: AsyncRedis, settings: Settings) -> None:
        # With the connections, and so the settings, of everything else that asks Redis; the address is not read.
        connections: Any = redis.connection_pool
        shared = RedisStorage("redis://", implementation="redispy", key_prefix=_PREFIX, connection_pool=connections)
        self._shared = FixedWindowRateLimiter(shared)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._lost_until = 0.0
        self._is_lost = False
        window = settings.attempts_window
        self._by_name = RateLimitItemPerSecond(settings.login_attempts_by_name, window, "name")
        self._by_address = RateLimitItemPerSecond(settings.login_attempts_by_address, window, "address")
        self._by_unknown = RateLimitItemPerSecond(settings.credential_attempts_by_address, window, "credentials")

    @asynccontextmanager
    async def login(self, name: str, address: str) -> AsyncIterator[None]:
        """Judge a name and a password inside; raises `TooManyAttempts` instead where too many were wrong."""
        # A digest: a name may be long, and now and then somebody types a password in its place.
        of_name = _Count(self._by_name, hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest())
        of_address = _Count(self._by_address, address)
        await self._take(of_address, address)
        try:
            await self._take(of_name, address)
        except BaseException:
            await self._give_back(of_address)
            raise
        try:
            yield
        except (WrongCredentials, WrongPassword):
            raise
        except BaseException:
            # Nothing was judged.
            await self._give_back(of_name)
            await self._give_back(of_address)
            raise
        await self._ask(lambda limiter: limiter.clear(of_name.limit, of_name.key))
        await self._give_back(of_address)

    async def unknown_credentials(self, address: str) -> None:
        """Count a token or a key that is worth nothing; raises `TooManyAttempts` where there were too many."""
        await self._take(_Count(self._by_unknown, address), address)

    async def _take(self, count: _Count, address: str) -> None:
        if await self._ask(lambda limiter: limiter.hit(count.limit, count.key)):
            return
        window = await self._ask(lambda limiter: limiter.get_window_stats(count.limit, count.key))
        seconds = max(0, math.ceil(window.reset_time - time.time())) + _ROUNDING_SECONDS
        logger.warning(
            "too many failed attempts: further ones wait",
            extra={"fields": {"counted_by": count.limit.namespace, "address": address, "seconds": seconds}},
        )
        raise TooManyAttempts(seconds)

    async def _give_back(self, count: _Count) -> None:
        await self._ask(lambda limiter: limiter.hit(count.limit, count.key, cost=-1))

    async def _ask(self, question: Callable[[FixedWindowRateLimiter], Awaitable[R]]) -> R:
        """Put a question to the counts of all instances, or to our own ones while those cannot be reached in time."""
        if time.monotonic() >= self._lost_until:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    answer = await question(self._shared)
            except (RedisError, TimeoutError) as error:
                self._lose(error)
            else:
                if self._is_lost:
                    self._is_lost = False
                    logger.warning("Redis answers again: failed attempts are counted over all instances.")
                return answer
        return await question(self._own)

    def _lose(self, error: Exception) -> None:
        self._lost_until = time.monotonic() + _PAUSE_AFTER_LOSS_SECONDS
        if not self._is_lost:
            self._is_lost = True
            logger.warning(
                "Redis does not answer (%s): until it does, this instance counts failed attempts for itself alone.",
                str(error) or type(error).__name__,
            )
