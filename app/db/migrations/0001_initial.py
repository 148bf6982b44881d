# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""The first tables."""

from typing import Any

TABLES = (
    """
    create table users (
        id uuid primary key,
        username text not null unique check (username <> ''),
        password_hash text not null,
        administrator boolean not null,
        active boolean not null,
        created_at timestamptz not null
    )
    """,
    """
    create table sessions (
        token_hash text primary key,
        user_id uuid not null references users on delete cascade,
        created_at timestamptz not null,
        expires_at timestamptz not null
    )
    """,
    "create index sessions_user on sessions (user_id)",
    """
    create table projects (
        id uuid primary key,
        name text not null unique check (name <> ''),
        created_at timestamptz not null
    )
    """,
    """
    create table memberships (
        user_id uuid not null references users on delete cascade,
        project_id uuid not null references projects on delete cascade,
        role text not null check (role in ('viewer', 'editor', 'owner')),
        primary key (user_id, project_id)
    )
    """,
    "create index memberships_project on memberships (project_id)",
    """
    create table api_keys (
        id uuid primary key,
        project_id uuid not null references projects on delete cascade,
        name text not null,
        prefix text not null,
        key_hash text not null unique,
        role text not null check (role in ('viewer', 'editor', 'owner')),
        created_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    "create index api_keys_project on api_keys (project_id)",
    """
    create table transcriptions (
        id uuid primary key,
        project_id uuid not null references projects on delete restrict,
        created_by_id uuid references users on delete set null,
        idempotency_key text,
        name text not null,
        audio_path text not null,
        sha256 text not null,
        size_bytes bigint not null check (size_bytes > 0),
        media jsonb not null,
        options jsonb not null,
        state text not null check
            (state in ('pending', 'queued', 'processing', 'transcribed', 'done', 'error', 'cancelled')),
        language text,
        language_probability double precision,
        duration_seconds double precision,
        diarization jsonb,
        error jsonb,
        created_at timestamptz not null,
        started_at timestamptz,
        finished_at timestamptz
    )
    """,
    "create unique index transcriptions_idempotency on transcriptions (project_id, idempotency_key)",
    "create index transcriptions_newest on transcriptions (project_id, created_at desc, id desc)",
    "create index transcriptions_newest_of_all on transcriptions (created_at desc, id desc)",
    "create index transcriptions_created_by on transcriptions (created_by_id)",
    """
    create table jobs (
        id uuid primary key,
        transcription_id uuid not null references transcriptions on delete cascade,
        kind text not null check (kind in ('plan', 'chunk', 'diarization', 'enrichment')),
        position integer not null,
        state text not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
        attempt integer not null,
        empty boolean not null,
        lease text,
        lease_expires_at timestamptz,
        worker text,
        stage text not null,
        percent double precision not null check (percent between 0 and 100),
        error jsonb,
        metrics jsonb not null,
        queued_at timestamptz not null,
        started_at timestamptz,
        finished_at timestamptz,
        unique (transcription_id, kind, position),
        check ((state = 'running') = (lease is not null))
    )
    """,
    "create index jobs_unfinished on jobs (state, queued_at) where state in ('queued', 'running')",
    """
    create table chunks (
        transcription_id uuid not null references transcriptions on delete cascade,
        position integer not null,
        start_seconds double precision not null,
        end_seconds double precision not null check (end_seconds > start_seconds),
        speech jsonb,
        segments jsonb not null,
        primary key (transcription_id, position)
    )
    """,
    """
    create table speakers (
        transcription_id uuid not null references transcriptions on delete cascade,
        label text not null,
        name text,
        seconds double precision not null,
        primary key (transcription_id, label)
    )
    """,
    """
    create table segments (
        transcription_id uuid not null references transcriptions on delete cascade,
        position integer not null,
        start_seconds double precision not null,
        end_seconds double precision not null check (end_seconds >= start_seconds),
        text text not null,
        speaker text,
        words jsonb not null,
        primary key (transcription_id, position),
        foreign key (transcription_id, speaker) references speakers (transcription_id, label)
            on delete cascade deferrable initially deferred
    )
    """,
    """
    create table enrichments (
        transcription_id uuid primary key references transcriptions on delete cascade,
        state text not null check (state in ('pending', 'processing', 'done', 'error', 'skipped')),
        answers jsonb not null,
        model text,
        provenance jsonb not null,
        error jsonb,
        updated_at timestamptz not null
    )
    """,
    """
    create table events (
        id bigint generated by default as identity primary key,
        kind text not null,
        project_id uuid,
        transcription_id uuid,
        data jsonb not null,
        created_at timestamptz not null
    )
    """,
    "create index events_transcription on events (transcription_id, id)",
    "create index events_project on events (project_id, id)",
    "create index events_age on events (created_at)",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in TABLES:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    database.execute_sql(
        "drop table events, enrichments, segments, speakers, chunks, jobs, transcriptions, api_keys, memberships,"
        " projects, sessions, users"
    )
