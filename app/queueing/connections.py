"""Connections to Redis that notice a dead server within seconds and find it again when it is back."""

import logging
import time

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

CONNECT_TIMEOUT_SECONDS = 3.0
ANSWER_TIMEOUT_SECONDS = 10.0
HEALTH_CHECK_SECONDS = 30
LONGEST_WAIT_SECONDS = 25.0
"""How long an asynchronous command may block on the server (XREAD): below the time after which silence is an error."""

_LOST = (RedisConnectionError, RedisTimeoutError)
_ATTEMPTS = 2
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5.0

logger = logging.getLogger(__name__)


def connect(url: str, *, name: str = "vocalyx") -> Redis:
    """Return a client for threads, with a pool of its own. Connects on first use; `name` is shown by CLIENT LIST."""
    return Redis.from_url(
        url,
        client_name=name,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=ANSWER_TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=Retry(ExponentialWithJitterBackoff(base=0.1, cap=1.0), _ATTEMPTS, supported_errors=_LOST),
    )


def connect_async(url: str, *, name: str = "vocalyx") -> AsyncRedis:
    """Return a client for the event loop, whose commands may block for up to `LONGEST_WAIT_SECONDS`."""
    return AsyncRedis.from_url(
        url,
        client_name=name,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=LONGEST_WAIT_SECONDS + ANSWER_TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=AsyncRetry(ExponentialWithJitterBackoff(base=0.1, cap=1.0), _ATTEMPTS, supported_errors=_LOST),
    )


def wait_until_up(connection: Redis) -> None:
    """Return once Redis answers, saying meanwhile that it does not. For threads that have nothing else to do."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            connection.ping()
        except RedisError as error:
            logger.warning("Redis does not answer (%s); trying again in %.1f s.", error, pause)
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
        else:
            return
