# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""The search goes from the newest recordings back: its index knows whose a segment is, and of when.

Both are the transcription's and never change. They are written beside each segment by a trigger, as an index cannot hold
what another table says, and no writer of segments can get them wrong.

GIN knows no ranges: of "from … to" it would read all of the index. So a time is in it at four sizes, as words would be,
and any range is a few dozen of these (`app.db.places` says which).

Names are kept folded, too: an index of parts of names only proposes, and to fold a name in order to compare it took
PostgreSQL longer than to find it.
"""

from typing import Any

STATEMENTS = (
    "alter table segments add column project_id uuid, add column period integer",
    # A quarter of an hour.
    """
    create function vocalyx_period(moment timestamptz) returns integer
        language sql immutable strict parallel safe
        return floor(extract(epoch from moment at time zone 'UTC') / 900)::integer
    """,
    """
    create function vocalyx_places(project uuid, period integer) returns text[]
        language sql immutable strict parallel safe
        return array['p' || project::text, '0:' || period, '1:' || (period >> 4), '2:' || (period >> 8),
            '3:' || (period >> 12)]
    """,
    """
    update segments set project_id = transcriptions.project_id, period = vocalyx_period(created_at)
        from transcriptions where transcriptions.id = transcription_id
    """,
    "alter table segments alter column project_id set not null, alter column period set not null",
    """
    create function vocalyx_place_segment() returns trigger language plpgsql set search_path from current as $$
    begin
        select project_id, vocalyx_period(created_at) into new.project_id, new.period
            from transcriptions where id = new.transcription_id;
        return new;
    end
    $$
    """,
    """
    create trigger segments_place before insert on segments
        for each row execute function vocalyx_place_segment()
    """,
    """
    alter table transcriptions
        add column folded_name text not null generated always as (vocalyx_fold(name)) stored
    """,
    "drop index transcriptions_name, transcriptions_by_name, transcriptions_by_name_of_all",
    "create index transcriptions_name on transcriptions using gin (folded_name gin_trgm_ops)",
    'create index transcriptions_by_name on transcriptions (project_id, folded_name collate "C", id)',
    'create index transcriptions_by_name_of_all on transcriptions (folded_name collate "C", id)',
    "drop index segments_search",
    "create index segments_search on segments using gin (vocalyx_places(project_id, period), search)",
)

BACK = (
    "drop index segments_search",
    "create index segments_search on segments using gin (search)",
    "alter table transcriptions drop column folded_name",
    'create index transcriptions_by_name on transcriptions (project_id, (vocalyx_fold(name)) collate "C", id)',
    'create index transcriptions_by_name_of_all on transcriptions ((vocalyx_fold(name)) collate "C", id)',
    "create index transcriptions_name on transcriptions using gin (vocalyx_fold(name) gin_trgm_ops)",
    "drop trigger segments_place on segments",
    "drop function vocalyx_place_segment",
    "alter table segments drop column project_id, drop column period",
    "drop function vocalyx_places, vocalyx_period",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
