# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Uploads that come in pieces, recordings that are fetched, what is there already, and quotas."""

from typing import Any

STATEMENTS = (
    """
    create table uploads (
        id uuid primary key,
        project_id uuid not null references projects on delete cascade,
        created_by_id uuid references users on delete set null,
        idempotency_key text,
        name text not null,
        metadata text not null,
        options jsonb not null,
        reuse boolean not null,
        size_bytes bigint not null check (size_bytes > 0),
        received_bytes bigint not null check (received_bytes between 0 and size_bytes),
        state text not null check
            (state in ('receiving', 'complete', 'finished', 'refused', 'terminated', 'expired')),
        transcription_id uuid references transcriptions on delete set null,
        error jsonb,
        lease text,
        lease_expires_at timestamptz,
        wanted boolean not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        check ((lease is null) = (lease_expires_at is null)),
        check (state <> 'complete' or received_bytes = size_bytes)
    )
    """,
    "create index uploads_project on uploads (project_id)",
    "create index uploads_created_by on uploads (created_by_id)",
    "create index uploads_transcription on uploads (transcription_id)",
    "create index uploads_expiry on uploads (expires_at)",
    "create index uploads_complete on uploads (id) where state = 'complete'",
    """
    alter table transcriptions
        alter column audio_path drop not null,
        alter column sha256 drop not null,
        alter column size_bytes drop not null,
        add constraint transcriptions_recording check (
            state in ('pending', 'error', 'cancelled')
            or (audio_path is not null and sha256 is not null and size_bytes is not null)
        )
    """,
    """
    create table downloads (
        transcription_id uuid primary key references transcriptions on delete cascade,
        url text,
        url_sha256 text not null,
        attempt integer not null,
        lease text,
        lease_expires_at timestamptz,
        due_at timestamptz not null,
        check ((lease is null) = (lease_expires_at is null))
    )
    """,
    "create index downloads_due on downloads (due_at) where url is not null",
    """
    alter table projects
        add column quota_bytes bigint check (quota_bytes >= 0),
        add column quota_hours double precision check (quota_hours >= 0)
    """,
    """
    create table deleted_usage (
        project_id uuid not null references projects on delete cascade,
        month text not null,
        seconds double precision not null,
        primary key (project_id, month)
    )
    """,
    # A trigger, so that no way of deleting can be forgotten.
    """
    create function remember_usage() returns trigger language plpgsql as $$
    begin
        if old.state <> 'error' and old.duration_seconds > 0 then
            insert into deleted_usage as known (project_id, month, seconds)
            values (old.project_id, to_char(old.created_at at time zone 'UTC', 'YYYY-MM'), old.duration_seconds)
            on conflict (project_id, month) do update set seconds = known.seconds + excluded.seconds;
        end if;
        return null;
    end
    $$
    """,
    """
    create trigger remember_usage after delete on transcriptions
        for each row execute function remember_usage()
    """,
    "create index transcriptions_content on transcriptions (project_id, sha256)",
)

BACK = (
    "drop index transcriptions_content",
    "drop trigger remember_usage on transcriptions",
    "drop function remember_usage",
    "drop table deleted_usage",
    "alter table projects drop column quota_bytes, drop column quota_hours",
    "drop table downloads",
    # Without a recording they come to nothing in an older release.
    "delete from transcriptions where audio_path is null",
    """
    alter table transcriptions
        drop constraint transcriptions_recording,
        alter column audio_path set not null,
        alter column sha256 set not null,
        alter column size_bytes set not null
    """,
    "drop table uploads",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
