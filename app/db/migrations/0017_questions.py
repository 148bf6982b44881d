# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Questions to recordings: each row is a question, the work on it and its answer."""

from typing import Any

STATEMENTS = (
    """
    create table questions (
        id uuid primary key,
        project_id uuid not null references projects on delete cascade,
        transcription_id uuid references transcriptions on delete cascade,
        asked_by_id uuid references users on delete set null,
        asker text not null,
        asked_by text not null,
        question text not null,
        llm_model text,
        language text,
        request_id text,
        state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
        attempt integer not null default 0,
        lease text,
        lease_expires_at timestamptz,
        worker text,
        percent double precision not null default 0,
        written text not null default '',
        answer jsonb,
        model text,
        provenance jsonb not null default '{}',
        error jsonb,
        recordings uuid[] not null default '{}',
        created_at timestamptz not null,
        queued_at timestamptz not null,
        started_at timestamptz,
        finished_at timestamptz
    )
    """,
    "create index questions_of_transcription on questions (transcription_id, created_at desc, id desc)",
    "create index questions_of_project on questions (project_id, created_at desc, id desc)",
    "create index questions_user on questions (asked_by_id)",
    "create index questions_unfinished on questions (state, queued_at) where state in ('queued', 'running')",
    "create index questions_recordings on questions using gin (recordings)",
    # What is deleted must not live on in answers that were made of it.
    """
    create function vocalyx_forget_answers() returns trigger language plpgsql set search_path from current as $$
    begin
        delete from questions where recordings @> array[old.id];
        return null;
    end
    $$
    """,
    """
    create trigger transcriptions_forget_answers after delete on transcriptions
        for each row execute function vocalyx_forget_answers()
    """,
)

BACK = (
    "drop trigger transcriptions_forget_answers on transcriptions",
    "drop function vocalyx_forget_answers",
    "drop table questions",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
