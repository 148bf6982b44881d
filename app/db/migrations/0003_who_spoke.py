# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""People's corrections beside the machine's labels, and voices by which speakers are recognised."""

from typing import Any

STATEMENTS = (
    "alter table projects add column recognise_speakers boolean not null default false",
    """
    create table voiceprints (
        id uuid primary key,
        project_id uuid not null references projects on delete cascade,
        name text not null check (name <> ''),
        embedding jsonb not null,
        embedding_model text,
        enrolled_from_id uuid references transcriptions on delete set null,
        enrolled_speaker text,
        created_by_id uuid references users on delete set null,
        created_at timestamptz not null
    )
    """,
    "create index voiceprints_project on voiceprints (project_id, created_at)",
    "create index voiceprints_enrolled_from on voiceprints (enrolled_from_id)",
    "create index voiceprints_created_by on voiceprints (created_by_id)",
    """
    alter table speakers
        add column merged_into text,
        add column made_by_person boolean not null default false,
        add column embedding jsonb,
        add column embedding_model text,
        add column recognised_as_id uuid references voiceprints on delete set null,
        add column similarity double precision,
        add check (merged_into <> label),
        add foreign key (transcription_id, merged_into) references speakers (transcription_id, label)
            deferrable initially deferred
    """,
    "create index speakers_recognised_as on speakers (recognised_as_id)",
    """
    alter table segments
        add column corrected_speaker text,
        add foreign key (transcription_id, corrected_speaker) references speakers (transcription_id, label)
            deferrable initially deferred
    """,
)

BACK = (
    "alter table segments drop column corrected_speaker",
    # First, and apart: what is deleted below is checked against it at the end, and altering a table would be refused.
    "alter table speakers drop column merged_into",
    "delete from speakers where made_by_person",
    """
    alter table speakers
        drop column made_by_person,
        drop column embedding,
        drop column embedding_model,
        drop column recognised_as_id,
        drop column similarity
    """,
    "drop table voiceprints",
    "alter table projects drop column recognise_speakers",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
