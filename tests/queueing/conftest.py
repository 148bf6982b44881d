from collections.abc import Iterator

import pytest
from redis import Redis

from app.queueing.connections import connect


@pytest.fixture
def connection(redis_url: str) -> Iterator[Redis]:
    """A client as the API has it."""
    with connect(redis_url, name="tests") as client:
        yield client
