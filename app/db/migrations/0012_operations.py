# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""What the log and the numbers for operators need: the request that sent a recording, and indexes that keep them cheap."""

from typing import Any

STATEMENTS = (
    "alter table transcriptions add column request_id text, add column retried_at timestamptz",
    # All that the overview reads, so that it reads nothing but this, and of this no more than its days.
    """
    create index transcriptions_finished on transcriptions (finished_at)
        include (state, created_at, started_at, retried_at, duration_seconds)
        where finished_at is not null
    """,
    "create index jobs_failed on jobs (finished_at) where state = 'failed'",
)

BACK = (
    "drop index jobs_failed",
    "drop index transcriptions_finished",
    "alter table transcriptions drop column request_id, drop column retried_at",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
