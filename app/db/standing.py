"""How the site's work stands and went, for operators. One short transaction a function, cheap however much is stored."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from app.core.jobs import JobKind, JobState
from app.core.standing import Backlog
from app.core.states import TranscriptionState
from app.db import events
from app.db.summaries import iso
from app.db.tables import Job, Transcription, database

LONGEST_DAYS = 92

_UNFINISHED = (
    TranscriptionState.PENDING,
    TranscriptionState.QUEUED,
    TranscriptionState.PROCESSING,
    TranscriptionState.TRANSCRIBED,
)

# Numbers are no reason to keep anybody waiting: asked from the thread of the health check, they must end before that.
_SHORTLY = "set local statement_timeout = '2s'"

_TRANSCRIPTIONS = "select state, count(*) from transcriptions where state in %(unfinished)s group by state"

# Held jobs are in no index of their own; those of unfinished recordings are found by the recording.
_JOBS = """
select kind, state, count(*), extract(epoch from clock_timestamp() - min(queued_at))::float
from jobs where state in ('queued', 'running') group by kind, state
union all
select 'question', state, count(*), extract(epoch from clock_timestamp() - min(queued_at))::float
from questions where state in ('queued', 'running') group by state
union all
select jobs.kind, jobs.state, count(*), null
from jobs join transcriptions on transcriptions.id = jobs.transcription_id
where transcriptions.state in %(unfinished)s and jobs.state = 'held' group by jobs.kind, jobs.state
"""

_WENT = """
select
    (finished_at at time zone 'UTC')::date as day,
    count(*) filter (where state = 'done'),
    count(*) filter (where state = 'error'),
    count(*) filter (where state = 'cancelled'),
    coalesce(sum(duration_seconds) filter (where state = 'done'), 0)::float,
    percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from started_at - created_at)::float)
        filter (where state = 'done' and retried_at is null),
    percentile_cont(array[0.5, 0.95]) within group (
        order by extract(epoch from finished_at - started_at)::float / nullif(duration_seconds, 0)
    ) filter (where state = 'done' and retried_at is null)
from transcriptions
where finished_at is not null and finished_at >= %(since)s
group by grouping sets ((1), ())
"""

_FAILED_JOBS = """
select (finished_at at time zone 'UTC')::date as day, count(*)
from jobs where state = 'failed' and finished_at >= %(since)s group by grouping sets ((1), ())
"""


def backlog() -> Backlog:
    """Return the unfinished work, within two seconds or not at all."""
    database.execute_sql(_SHORTLY)
    rows = database.execute_sql(_JOBS, {"unfinished": _UNFINISHED}).fetchall()
    queued = [(JobKind(kind), age) for kind, state, _, age in rows if state == JobState.QUEUED]
    return Backlog(
        jobs={(JobKind(kind), JobState(state)): count for kind, state, count, _ in rows},
        # A queue's clock may be an instance's, a little ahead of the database's.
        oldest_seconds={kind: max(0.0, age) for kind, age in queued},
        transcriptions={TranscriptionState(state): count for state, count in _unfinished().items()},
        latest_event=events.latest(),
    )


def in_hand(jobs: Collection[UUID]) -> dict[str, dict[str, Any]]:
    """Return those of the jobs that are running, by their ids."""
    rows: Any = (
        Job.select(Job, Transcription.project.alias("project"))
        .join(Transcription)
        .where(Job.id.in_(list(jobs)), Job.state == JobState.RUNNING)
        .objects()
    )
    return {
        str(row.id): {
            "id": str(row.id),
            "kind": row.kind,
            "position": row.position,
            "transcription_id": str(row.transcription_id),
            "project_id": str(row.project),
            "stage": row.stage,
            "percent": round(row.percent, 1),
            "attempt": row.attempt,
            "started_at": iso(row.started_at),
        }
        for row in rows
    }


def failures(limit: int) -> list[dict[str, Any]]:
    """Return the jobs that came to nothing and were not tried again since, the newest first."""
    rows: Any = (
        Job.select(Job, Transcription.project.alias("project"), Transcription.name.alias("name"))
        .join(Transcription)
        .where(Job.state == JobState.FAILED)
        .order_by(Job.finished_at.desc())
        .limit(limit)
        .objects()
    )
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "position": row.position,
            "transcription_id": str(row.transcription_id),
            "transcription_name": row.name,
            "project_id": str(row.project),
            "worker": row.worker,
            "attempt": row.attempt,
            "error": row.error,
            "finished_at": iso(row.finished_at),
        }
        for row in rows
    ]


def overview(days: int) -> dict[str, Any]:
    """Return how the last `days` days went, today in UTC among them, and all of them together."""
    today = dt.datetime.now(dt.UTC).date()
    first = today - dt.timedelta(days=days - 1)
    since = dt.datetime.combine(first, dt.time(), dt.UTC)
    went = {row[0]: row[1:] for row in database.execute_sql(_WENT, {"since": since}).fetchall()}
    failed = dict(database.execute_sql(_FAILED_JOBS, {"since": since}).fetchall())
    dates = [first + dt.timedelta(days=number) for number in range(days)]
    return {
        "since": first.isoformat(),
        "until": today.isoformat(),
        "days": [{"day": day.isoformat(), **_numbers(went.get(day), failed.get(day, 0))} for day in dates],
        "total": _numbers(went.get(None), failed.get(None, 0)),
        "unfinished": _unfinished(),
    }


def _unfinished() -> dict[str, int]:
    counted = dict(database.execute_sql(_TRANSCRIPTIONS, {"unfinished": _UNFINISHED}).fetchall())
    return {str(state): counted.get(state, 0) for state in _UNFINISHED}


def _numbers(went: Any, failed_jobs: int) -> dict[str, Any]:
    done, failed, cancelled, seconds, waiting, factor = went or (0, 0, 0, 0.0, None, None)
    return {
        "done": done,
        "failed": failed,
        "cancelled": cancelled,
        "failed_jobs": failed_jobs,
        "hours": round(seconds / 3600, 3),
        "waiting_seconds": _spread(waiting),
        "real_time_factor": _spread(factor),
    }


def _spread(values: Any) -> dict[str, float] | None:
    if values is None or None in values:
        return None
    return {"median": round(values[0], 3), "p95": round(values[1], 3)}
