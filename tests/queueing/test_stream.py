"""Waking listeners: by news, by time, and not at all where Redis is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from app.core.identifiers import EventId
from app.queueing.connections import connect_async
from app.queueing.stream import KEPT_ENTRIES, STREAM, publish, wait_after


@pytest.fixture
async def listener(redis_url: str) -> AsyncIterator[AsyncRedis]:
    async with connect_async(redis_url, name="tests") as client:
        yield client


async def test_news_wakes_a_listener_at_once(connection: Redis, listener: AsyncRedis) -> None:
    waiting = asyncio.create_task(wait_after(listener, EventId(4), 20))
    while connection.info("clients")["blocked_clients"] == 0:  # noqa: ASYNC110 - the server tells it in no other way
        await asyncio.sleep(0.01)
    publish(connection, EventId(5), str(uuid4()))
    assert await asyncio.wait_for(waiting, 5) == 5


async def test_old_news_does_not_make_a_listener_wait(connection: Redis, listener: AsyncRedis) -> None:
    for event_id in range(1, 8):
        publish(connection, EventId(event_id), str(uuid4()))
    assert await wait_after(listener, EventId(2), 20) == 7


async def test_without_news_the_wait_ends_in_time(connection: Redis, listener: AsyncRedis) -> None:
    publish(connection, EventId(7), str(uuid4()))
    begun = time.monotonic()
    assert await wait_after(listener, EventId(7), 0.2) is None
    assert time.monotonic() - begun >= 0.2


async def test_publishing_out_of_order_or_twice_is_no_error(connection: Redis, listener: AsyncRedis) -> None:
    for event_id in (3, 2, 3):
        publish(connection, EventId(event_id), str(uuid4()))
    assert await wait_after(listener, EventId(1), 20) == 3


async def test_the_stream_stays_short(connection: Redis) -> None:
    for event_id in range(1, KEPT_ENTRIES + 500):
        publish(connection, EventId(event_id), "t")
    assert KEPT_ENTRIES <= connection.xlen(STREAM) < KEPT_ENTRIES + 500


async def test_listeners_go_on_where_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    async with connect_async("redis://127.0.0.1:1/0") as nowhere:
        assert await asyncio.wait_for(wait_after(nowhere, EventId(1), 0.1), 10) is None
    assert "read the event log" in caplog.text
