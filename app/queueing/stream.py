"""The Redis Stream that wakes listeners: it says only that there is news, up to which event; what, PostgreSQL knows.

An entry's id is `<event id>-0`, so a listener waits behind the same cursor with which it reads the event log. A lost
entry or a lost stream costs one waiting time, never an event: whoever waits reads the log again when the time is up.
"""

import asyncio
import logging
from typing import cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError, ResponseError

from app.core.identifiers import EventId
from app.queueing.connections import LONGEST_WAIT_SECONDS

STREAM = "vocalyx:events"
KEPT_ENTRIES = 10_000
_PAUSE_WITHOUT_REDIS_SECONDS = 1.0
_READ_AT_ONCE = 1_000

logger = logging.getLogger(__name__)


def publish(connection: Redis, event_id: EventId, transcription_id: str) -> None:
    """Wake every listener behind a cursor below `event_id`. To be called after the event was committed.

    Raises `redis.RedisError` where Redis does not answer; the event is in the log all the same, and the caller may
    log that and go on.
    """
    try:
        connection.xadd(
            STREAM, {"transcription": transcription_id}, id=f"{event_id}-0", maxlen=KEPT_ENTRIES, approximate=True
        )
    except ResponseError as error:
        if "equal or smaller" not in str(error):
            raise
        # Two instances published in the other order than they committed: the larger id has woken everyone already.
        logger.debug("Event %s came behind a later one.", event_id)


async def wait_after(connection: AsyncRedis, event_id: EventId, timeout_seconds: float) -> EventId | None:
    """Wait until there is news behind `event_id`, for `timeout_seconds` at most (never more than 25).

    Returns the newest event id that the stream speaks of, with which the next wait begins, or None when the time is
    up: read the log then too, for an entry may have been lost. (Waiting behind what was read from the log alone would
    spin where the log was restored from a backup older than the stream.) While Redis is down it returns None after a
    second, so that listeners go on by reading the log.
    """
    block_ms = max(1, int(min(timeout_seconds, LONGEST_WAIT_SECONDS) * 1000))
    try:
        answer = await connection.xread({STREAM: f"{event_id}-0"}, count=_READ_AT_ONCE, block=block_ms)
    except RedisError as error:
        logger.warning("No wake-ups, Redis does not answer (%s): listeners read the event log instead.", error)
        await asyncio.sleep(min(timeout_seconds, _PAUSE_WITHOUT_REDIS_SECONDS))
        return None
    if not answer:
        return None
    [(_, entries)] = cast("list[tuple[bytes, list[tuple[bytes, object]]]]", answer)
    newest = entries[-1][0]
    return EventId(int(newest.partition(b"-")[0]))
