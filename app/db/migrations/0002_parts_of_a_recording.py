# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Recordings planned part by part, voices described stretch by stretch, and a window of jobs in the queue."""

from typing import Any

STATEMENTS = (
    "alter table jobs drop constraint jobs_kind_check",
    "alter table jobs drop constraint jobs_state_check",
    """
    alter table jobs
        add column start_seconds double precision not null default 0,
        add column length_seconds double precision not null default 0,
        add constraint jobs_kind_check check (kind in ('plan', 'chunk', 'voices', 'diarization', 'enrichment')),
        add constraint jobs_state_check
            check (state in ('held', 'queued', 'running', 'done', 'failed', 'cancelled'))
    """,
    "create index jobs_finished on jobs (finished_at)",
    """
    alter table chunks
        add column channel integer,
        add column dropped jsonb not null default '[]',
        add column told integer
    """,
    "alter table chunks alter column dropped drop default",
    """
    alter table transcriptions
        add column survey jsonb,
        add column planned_turns jsonb not null default '[]'
    """,
    "alter table transcriptions alter column planned_turns drop default",
    """
    create table voices (
        transcription_id uuid not null references transcriptions on delete cascade,
        position integer not null,
        start_seconds double precision not null,
        end_seconds double precision not null check (end_seconds > start_seconds),
        description jsonb,
        primary key (transcription_id, position)
    )
    """,
    # What was under way was planned in one piece: it is planned again.
    """
    create temporary table under_way on commit drop as
        select id from transcriptions where state in ('processing', 'error', 'cancelled')
    """,
    "delete from jobs where kind <> 'plan' and transcription_id in (select id from under_way)",
    "delete from jobs where kind = 'diarization' and state = 'failed'",
    "delete from chunks where transcription_id in (select id from under_way)",
    """
    update jobs set state = 'queued', attempt = 0, lease = null, lease_expires_at = null, finished_at = null
        where transcription_id in (select id from transcriptions where state = 'processing')
    """,
    "update jobs set state = 'cancelled' where transcription_id in (select id from transcriptions where state = 'cancelled')",
    "update jobs set state = 'failed' where transcription_id in (select id from transcriptions where state = 'error')",
    "update transcriptions set state = 'queued' where state = 'processing'",
)

BACK = (
    "drop table voices",
    "alter table transcriptions drop column survey, drop column planned_turns",
    "alter table chunks drop column channel, drop column dropped, drop column told",
    "drop index jobs_finished",
    "delete from jobs where kind = 'voices' or state = 'held'",
    "alter table jobs drop constraint jobs_kind_check",
    "alter table jobs drop constraint jobs_state_check",
    """
    alter table jobs
        drop column start_seconds,
        drop column length_seconds,
        add constraint jobs_kind_check check (kind in ('plan', 'chunk', 'diarization', 'enrichment')),
        add constraint jobs_state_check check (state in ('queued', 'running', 'done', 'failed', 'cancelled'))
    """,
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
