"""The workers in the shape of the first Vocalyx, which was what Celery said of them."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.core.standing import WorkerCard, WorkerState
from app.queueing.queues import QueueName, kinds_of

_QUEUES = (QueueName.TRANSCRIPTION, QueueName.ENRICHMENT)


def workers(
    cards: Iterable[WorkerCard], jobs: Mapping[str, Mapping[str, Any]], visible: Collection[str]
) -> dict[str, Any]:
    """Return the living workers; of the `jobs` in their hands only those of the `visible` projects name theirs."""
    living = [card for card in cards if card.state is not WorkerState.STALE]
    tasks: dict[str, list[dict[str, Any]]] = {card.name: _tasks(card, jobs, visible) for card in living}
    of_queue = {queue: {card.name: tasks[card.name] for card in living if card.queue == queue} for queue in _QUEUES}
    transcription, enrichment = (of_queue[queue] for queue in _QUEUES)
    return {
        "worker_count": len(living),
        "transcription_worker_count": len(transcription),
        "enrichment_worker_count": len(enrichment),
        "active_tasks": _number(tasks),
        "transcription_active_tasks": _number(transcription),
        "enrichment_active_tasks": _number(enrichment),
        "workers": tasks,
        "transcription_workers": transcription,
        "enrichment_workers": enrichment,
        "registered_tasks": {card.name: [str(kind) for kind in kinds_of(QueueName(card.queue))] for card in living},
        "stats": {card.name: _numbers(card) for card in living},
    }


def _tasks(card: WorkerCard, jobs: Mapping[str, Mapping[str, Any]], visible: Collection[str]) -> list[dict[str, Any]]:
    job = jobs.get(card.job or "")
    if job is None:
        return []
    seen = job["project_id"] in visible
    started = job["started_at"] and dt.datetime.fromisoformat(job["started_at"]).timestamp()
    return [
        {
            "id": job["transcription_id"] if seen else None,
            "name": job["kind"],
            "args": [job["transcription_id"]] if seen else [],
            "hostname": card.name,
            "time_start": started,
        }
    ]


def _number(tasks: Mapping[str, list[dict[str, Any]]]) -> int:
    return sum(len(found) for found in tasks.values())


def _numbers(card: WorkerCard) -> dict[str, Any]:
    return {
        "pid": card.pid,
        "db_stats": {
            "total_audio_processed_s": card.recorded_seconds,
            "total_processing_time_s": card.working_seconds,
            "total_jobs_completed": card.done,
        },
    }
