# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Webhooks are told once of a text that stands, also where its enrichment was cancelled and is made anew."""

from typing import Any

_FUNCTION = """
    create or replace function tell_webhooks() returns trigger language plpgsql as $$
    declare
        told transcriptions;
        types text[];
    begin
        if tg_op = 'INSERT' then
            told := new;
            types := array['transcription.created'];
        elsif tg_op = 'DELETE' then
            told := old;
            types := array['transcription.deleted'];
        else
            told := new;
            types := case
                when new.state = 'done' and old.state = 'transcribed' then array['transcription.done']
                when new.state = 'done' then array['transcription.transcribed', 'transcription.done']
                when new.state = 'transcribed' and {is_new} then array['transcription.transcribed']
                when new.state = 'error' then array['transcription.failed']
                when new.state = 'cancelled' then array['transcription.cancelled']
                else array[]::text[]
            end;
        end if;
        insert into webhook_deliveries (webhook_id, type, transcription_id, data)
            select webhooks.id, due.type, told.id, jsonb_build_object(
                'transcription_id', told.id,
                'project_id', told.project_id,
                'name', case when tg_op <> 'DELETE' then told.name end,
                'state', told.state
            )
            from unnest(types) with ordinality as due (type, place)
            join webhooks on webhooks.project_id = told.project_id
            where webhooks.active and due.type = any (webhooks.events)
            order by due.place;
        if tg_op = 'DELETE' then
            update webhook_deliveries set data = jsonb_set(data, '{{name}}', 'null')
                where transcription_id = told.id and type <> 'transcription.deleted';
        end if;
        return null;
    end
    $$
"""
# What was cancelled with a text has only its enrichment to come.
_STATEMENT = _FUNCTION.format(
    is_new="""old.state <> 'done'
                    and not (old.state = 'cancelled' and exists (select from segments where transcription_id = new.id))
                   """
)
_BACK = _FUNCTION.format(is_new="old.state <> 'done'")


def up(_migrator: Any, database: Any) -> None:
    database.execute_sql(_STATEMENT)


def down(_migrator: Any, database: Any) -> None:
    database.execute_sql(_BACK)
