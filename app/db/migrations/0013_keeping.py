# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""How long things are kept, what must be kept whatever is asked, and the earlier versions of enrichments."""

from typing import Any

_ENDED = "state in ('done', 'error', 'cancelled')"

# Columns that may not be null have defaults: an instance of the release before, which still runs, knows none of them.
STATEMENTS = (
    """
    alter table projects
        add column retention_audio_days integer check (retention_audio_days >= 0),
        add column retention_text_days integer check (retention_text_days >= 1),
        add column legal_hold boolean not null default false,
        add constraint projects_retention check (retention_audio_days <= retention_text_days)
    """,
    """
    alter table transcriptions
        add column audio_removed_at timestamptz,
        add column legal_hold boolean not null default false
    """,
    # What a sweep looks for, project by project: what ended long ago, and of that what still has its recording.
    f"""
    create index transcriptions_by_end on transcriptions (project_id, (coalesce(finished_at, created_at)))
        where {_ENDED}
    """,
    f"""
    create index transcriptions_with_audio_by_end on transcriptions
        (project_id, (coalesce(finished_at, created_at)))
        where {_ENDED} and audio_path is not null and audio_removed_at is null
    """,
    """
    create table legal_holds (
        id uuid primary key,
        project_id uuid not null references projects on delete cascade,
        transcription_id uuid references transcriptions on delete cascade,
        reason text not null,
        by_administrator boolean not null,
        placed_by text not null,
        placed_at timestamptz not null,
        lifted_by text,
        lifted_at timestamptz,
        check ((lifted_by is null) = (lifted_at is null))
    )
    """,
    "create index legal_holds_project on legal_holds (project_id)",
    "create index legal_holds_transcription on legal_holds (transcription_id)",
    """
    create unique index legal_holds_of_project on legal_holds (project_id)
        where lifted_at is null and transcription_id is null
    """,
    "create unique index legal_holds_of_transcription on legal_holds (transcription_id) where lifted_at is null",
    "alter table enrichments add column options jsonb, add column asked_by text",
    """
    create table enrichment_versions (
        transcription_id uuid not null references transcriptions on delete cascade,
        number integer not null,
        options jsonb not null,
        model text,
        answers jsonb not null,
        provenance jsonb not null,
        asked_by text,
        created_at timestamptz not null,
        primary key (transcription_id, number)
    )
    """,
    """
    insert into enrichment_versions (transcription_id, number, options, model, answers, provenance, created_at)
        select
            transcription_id, 1,
            jsonb_build_object(
                'llm_model', transcriptions.options -> 'llm_model',
                'prompts', coalesce(transcriptions.options -> 'prompts', '{}')
            ),
            enrichments.model, answers, provenance, updated_at
        from enrichments join transcriptions on transcriptions.id = transcription_id
        where enrichments.state = 'done'
    """,
    # Until now a recording from an address was always a new one.
    "alter table downloads add column reuse boolean not null default false",
    """
    alter table segment_versions
        drop constraint segment_versions_kind_check,
        add constraint segment_versions_kind_check
            check (kind in ('corrected', 'reverted', 'carried', 'split', 'merged'))
    """,
)

BACK = (
    "update segment_versions set kind = 'carried' where kind in ('split', 'merged')",
    """
    alter table segment_versions
        drop constraint segment_versions_kind_check,
        add constraint segment_versions_kind_check check (kind in ('corrected', 'reverted', 'carried'))
    """,
    "alter table downloads drop column reuse",
    "drop table enrichment_versions",
    "alter table enrichments drop column options, drop column asked_by",
    "drop table legal_holds",
    "drop index transcriptions_with_audio_by_end, transcriptions_by_end",
    "alter table transcriptions drop column legal_hold, drop column audio_removed_at",
    """
    alter table projects
        drop constraint projects_retention,
        drop column legal_hold, drop column retention_text_days, drop column retention_audio_days
    """,
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
