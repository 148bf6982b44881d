"""Workers' cards in Redis, as workers write them."""

import json

from redis import Redis

from app.queueing.queues import QueueName


def put_card(
    redis: Redis, name: str, queue: QueueName = QueueName.TRANSCRIPTION, *, silent: float = 0.0, **fields: object
) -> None:
    """Register a worker whose heart last beat `silent` seconds ago; fields of None are left out."""
    card = {
        "birth": "2026-01-02T03:04:05.000006Z",
        "last_heartbeat": "2026-01-02T04:04:05.000006Z",
        "queues": str(queue),
        "pid": 4711,
        "hostname": "host-1",
        "state": "idle",
        "release": "1.2.3",
        "models": json.dumps(["whisper/base", "diarization/community-campplus"]),
        "threads": 4,
        "cpu_percent": 187.5,
        "memory_bytes": 900_000_000,
        "memory_limit_bytes": 8_000_000_000,
        "memory_limit_source": "MemoryMax= of a unit",
        "done": 12,
        "failed": 1,
        "recorded_seconds": 360.5,
        "total_working_time": 61.25,
        "card_seconds": 60,
        "hold_seconds": 30,
    } | fields
    key = f"rq:worker:{name}"
    redis.hset(key, mapping={field: value for field, value in card.items() if value is not None})
    redis.pexpire(key, int((60 - silent) * 1000))
    redis.sadd("rq:workers", key)
    redis.sadd(f"rq:workers:{queue}", key)
