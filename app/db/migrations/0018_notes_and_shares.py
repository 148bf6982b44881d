# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Notes that people write on passages of a recording, and links by which those without a login may read one."""

from typing import Any

STATEMENTS = (
    """
    create table notes (
        id uuid primary key,
        transcription_id uuid not null references transcriptions on delete cascade,
        author_name text not null,
        start_seconds double precision not null check (start_seconds >= 0),
        end_seconds double precision not null check (end_seconds >= start_seconds),
        text text not null,
        revision integer not null,
        created_at timestamptz not null,
        changed_at timestamptz not null
    )
    """,
    "create index notes_transcription on notes (transcription_id, start_seconds)",
    """
    create table shared_links (
        id uuid primary key,
        transcription_id uuid not null references transcriptions on delete cascade,
        scope text not null check (scope in ('text', 'text+audio')),
        token_hash text not null,
        made_by text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        revoked_by text,
        revoked_at timestamptz,
        check ((revoked_by is null) = (revoked_at is null))
    )
    """,
    "create index shared_links_transcription on shared_links (transcription_id)",
)

BACK = ("drop table shared_links", "drop table notes")


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
