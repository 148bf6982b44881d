# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""The audit log: rows are added, and leave by one door alone."""

from typing import Any

STATEMENTS = (
    """
    create table audit_entries (
        id bigint generated always as identity primary key,
        created_at timestamptz not null,
        action text not null check (action <> ''),
        outcome text not null check (outcome in ('done', 'refused')),
        actor_kind text not null check (actor_kind in ('user', 'key', 'worker', 'command', 'system', 'nobody')),
        actor_id uuid,
        actor_name text,
        thing_kind text,
        thing_id text,
        project_id uuid,
        address text,
        request_id text,
        details jsonb not null
    )
    """,
    "create index audit_entries_age on audit_entries (created_at)",
    "create index audit_entries_project on audit_entries (project_id, id) where project_id is not null",
    "create index audit_entries_action on audit_entries (action, id)",
    "create index audit_entries_actor on audit_entries (actor_id, id) where actor_id is not null",
    "create index audit_entries_actor_name on audit_entries (actor_name, id) where actor_name is not null",
    """
    create function vocalyx_audit_append_only() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and current_setting('vocalyx.audit_purge', true) = 'on' then
            return old;
        end if;
        raise insufficient_privilege using
            message = 'the audit log is append-only: ' || tg_op || ' is refused',
            hint = 'What is older than its retention goes by vocalyx_purge_audit(before).';
    end $$
    """,
    """
    create trigger audit_entries_append_only before update or delete on audit_entries
        for each row execute function vocalyx_audit_append_only()
    """,
    """
    create trigger audit_entries_no_truncate before truncate on audit_entries
        for each statement execute function vocalyx_audit_append_only()
    """,
    # The door. What it opens is closed again before anything else can go through.
    """
    create function vocalyx_purge_audit(before timestamptz) returns bigint language plpgsql as $$
    declare
        purged bigint;
    begin
        perform set_config('vocalyx.audit_purge', 'on', true);
        delete from audit_entries where created_at < before;
        get diagnostics purged = row_count;
        perform set_config('vocalyx.audit_purge', 'off', true);
        return purged;
    end $$
    """,
)

BACK = (
    "drop function vocalyx_purge_audit",
    "drop table audit_entries",
    "drop function vocalyx_audit_append_only",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
