"""Workers and queues as they stand in Redis: what RQ writes of them, and what our workers add to it."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from redis import Redis
from rq.registry import DeferredJobRegistry, FailedJobRegistry, StartedJobRegistry
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from app.core.standing import RedisQueue, WorkerCard, WorkerState
from app.queueing.queues import QueueName, open_queue

_WORKER_PREFIX = "rq:worker:"
# Of workers of a release that did not yet say how long their cards stand, and how long they may be silent.
_CARD_SECONDS, _HOLD_SECONDS = 60.0, 30.0


def read_queues(connection: Redis) -> list[RedisQueue]:
    """Return every queue, in one round trip."""
    with connection.pipeline(transaction=False) as pipe:
        for name in QueueName:
            queue = open_queue(connection, name)
            pipe.llen(queue.key)
            for registry in (StartedJobRegistry, FailedJobRegistry, DeferredJobRegistry):
                pipe.zcard(registry(queue=queue).key)
        counts = cast("list[int]", pipe.execute())
    found = iter(counts)
    return [RedisQueue(name, next(found), next(found), next(found), next(found)) for name in QueueName]


def read_workers(connection: Redis) -> list[WorkerCard]:
    """Return every worker that is registered, dead ones until RQ clears them away, in two round trips."""
    with connection.pipeline(transaction=False) as pipe:
        for name in QueueName:
            pipe.smembers(WORKERS_BY_QUEUE_KEY % name)
        registered = cast("list[set[bytes]]", pipe.execute())
    keys = [
        (name, key.decode()) for name, members in zip(QueueName, registered, strict=True) for key in sorted(members)
    ]
    with connection.pipeline(transaction=False) as pipe:
        for _, key in keys:
            pipe.hgetall(key)
            pipe.pttl(key)
        answers = pipe.execute()
    cards = zip(keys, answers[::2], answers[1::2], strict=True)
    return [_card(name, key, _text(card), left) for (name, key), card, left in cards if b"death" not in card]


def _card(queue: QueueName, key: str, card: Mapping[str, str], left_ms: int) -> WorkerCard:
    stands = _number(card.get("card_seconds")) or _CARD_SECONDS
    # By Redis's clock, which is one: those of the hosts may differ.
    silent = max(0.0, stands - max(0, left_ms) / 1000) if card and left_ms != _NEVER_EXPIRES else 0.0
    stale = not card or silent >= (_number(card.get("hold_seconds")) or _HOLD_SECONDS)
    busy = card.get("state") == "busy"
    return WorkerCard(
        name=key.removeprefix(_WORKER_PREFIX),
        queue=str(queue),
        state=WorkerState.STALE if stale else WorkerState.BUSY if busy else WorkerState.IDLE,
        host=card.get("hostname"),
        pid=_whole(card.get("pid")),
        version=card.get("release"),
        models=_names(card.get("models")),
        threads=_whole(card.get("threads")),
        cpu_percent=_share(card.get("cpu_percent")),
        memory_bytes=_whole(card.get("memory_bytes")),
        memory_limit_bytes=_whole(card.get("memory_limit_bytes")),
        memory_limit_source=card.get("memory_limit_source"),
        done=_whole(card.get("done")) or 0,
        failed=_whole(card.get("failed")) or 0,
        recorded_seconds=_number(card.get("recorded_seconds")) or 0.0,
        working_seconds=_number(card.get("total_working_time")) or 0.0,
        started_at=_moment(card.get("birth")),
        last_heartbeat_at=_moment(card.get("last_heartbeat")),
        silent_seconds=round(silent, 1),
        job=card.get("current_job") or None,
    )


_NEVER_EXPIRES = -1


def _text(card: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in card.items()}


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _share(text: str | None) -> float | None:
    found = _number(text)
    return found if found is not None and math.isfinite(found) and found >= 0 else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _names(text: str | None) -> tuple[str, ...]:
    try:
        names = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _moment(text: str | None) -> str | None:
    try:
        return None if text is None else datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None
