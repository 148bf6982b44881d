# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Answers that also rest on a recording under a legal hold stay, until it is lifted."""

from typing import Any

STATEMENTS = (
    # The rows are locked by either side before it looks, in one order: a hold is placed before or after an answer goes.
    """
    create or replace function vocalyx_forget_answers() returns trigger language plpgsql
    set search_path from current as $$
    begin
        perform 1 from questions where recordings @> array[old.id] order by id for update;
        delete from questions where recordings @> array[old.id]
            and not exists (select from transcriptions where id = any (recordings) and legal_hold);
        return null;
    end
    $$
    """,
    # What is lifted was all that kept answers made of recordings that are gone.
    """
    create function vocalyx_hold_answers() returns trigger language plpgsql set search_path from current as $$
    begin
        perform 1 from questions where recordings @> array[new.id] order by id for update;
        if not new.legal_hold then
            delete from questions where recordings @> array[new.id]
                and not exists (select from transcriptions where id = any (recordings) and legal_hold)
                and exists (
                    select from unnest(recordings) as recording
                        where not exists (select from transcriptions where id = recording)
                );
        end if;
        return null;
    end
    $$
    """,
    """
    create trigger transcriptions_hold_answers after update of legal_hold on transcriptions
        for each row when (old.legal_hold <> new.legal_hold) execute function vocalyx_hold_answers()
    """,
)

BACK = (
    "drop trigger transcriptions_hold_answers on transcriptions",
    "drop function vocalyx_hold_answers",
    """
    create or replace function vocalyx_forget_answers() returns trigger language plpgsql
    set search_path from current as $$
    begin
        delete from questions where recordings @> array[old.id];
        return null;
    end
    $$
    """,
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
