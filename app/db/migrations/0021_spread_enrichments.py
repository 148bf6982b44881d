# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""What a long enrichment is shared out by, and what its parts found, until it is joined."""

from typing import Any

_KINDS = "'plan', 'chunk', 'voices', 'diarization', 'enrichment'"

STATEMENTS = (
    f"""
    alter table jobs
        drop constraint jobs_kind_check,
        add constraint jobs_kind_check check (kind in ({_KINDS}, 'reading', 'rewriting', 'folding'))
    """,
    # The text as it was when it was cut, whatever people correct meanwhile.
    """
    create table enrichment_plans (
        transcription_id uuid primary key references transcriptions on delete cascade,
        id uuid not null,
        questions jsonb not null,
        windows integer not null,
        failures jsonb not null
    )
    """,
    """
    create table enrichment_parts (
        transcription_id uuid not null references transcriptions on delete cascade,
        number integer not null,
        kind text not null check (kind in ('reading', 'rewriting', 'folding')),
        excerpt jsonb not null,
        findings jsonb,
        primary key (transcription_id, number)
    )
    """,
)

BACK = (
    # An enrichment that waits for parts goes back into the queue as one job.
    """
    update jobs set state = 'queued', queued_at = now()
        where kind = 'enrichment' and state = 'held'
    """,
    "delete from jobs where kind in ('reading', 'rewriting', 'folding')",
    f"""
    alter table jobs
        drop constraint jobs_kind_check,
        add constraint jobs_kind_check check (kind in ({_KINDS}))
    """,
    "drop table enrichment_parts",
    "drop table enrichment_plans",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
