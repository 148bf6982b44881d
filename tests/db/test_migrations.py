"""The migrations make what the models describe, once, whoever asks at the same time."""

import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
    UUIDField,
)
from playhouse.migrations import Runner
from playhouse.postgres_ext import (
    ArrayField,
    BinaryJSONField,
    DateTimeTZField,
    PostgresqlExtDatabase,
    TSVectorField,
)

from app.db import tables
from app.db.database import connection_parameters
from app.db.migrate import MIGRATIONS, migrate
from app.db.tables import Table

# Also those that the package forgets to name.
for module in pkgutil.iter_modules(tables.__path__, f"{tables.__name__}."):
    importlib.import_module(module.name)
TABLES = Table.__subclasses__()
TYPES = {
    ArrayField: "ARRAY",
    BigAutoField: "bigint",
    BigIntegerField: "bigint",
    BinaryJSONField: "jsonb",
    BlobField: "bytea",
    BooleanField: "boolean",
    DateTimeTZField: "timestamp with time zone",
    DoubleField: "double precision",
    IntegerField: "integer",
    TextField: "text",
    TSVectorField: "tsvector",
    UUIDField: "uuid",
}

COLUMNS = """
    select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns
    where table_schema = 'public'
"""
KEYS = """
    select conrelid::regclass::text, contype, array_agg(attname::text order by ordinality)
    from pg_constraint, unnest(conkey) with ordinality as key (number, ordinality), pg_attribute
    where attrelid = conrelid and attnum = number and connamespace = 'public'::regnamespace and contype in ('p', 'u')
    group by oid, conrelid, contype
"""
FOREIGN_KEYS = """
    select conrelid::regclass::text, attname::text, confrelid::regclass::text, confdeltype
    from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where contype = 'f' and cardinality(conkey) = 1
"""
INDEXED_FIRST = """
    select indrelid::regclass::text, attname::text from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indpred is null
"""
SHAPE = """
    select 'column', table_name || '.' || column_name,
        concat_ws(' ', data_type, is_nullable, column_default, generation_expression)
    from information_schema.columns where table_schema = 'public'
    union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
    union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
        from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'trigger', tgname, pg_get_triggerdef(pg_trigger.oid) from pg_trigger where not tgisinternal
    union all select 'function', proname, pg_get_functiondef(pg_proc.oid) from pg_proc
        where pronamespace = 'public'::regnamespace and not exists (
            select 1 from pg_depend where objid = pg_proc.oid and deptype = 'e'
        )
"""

# What stands in a database of before the uploads in pieces; the ids do not matter.
AN_EARLIER_RECORDING = """
    insert into projects (id, name, recognise_speakers, created_at) values (gen_random_uuid(), 'first', false, now());
    insert into transcriptions
        (id, project_id, name, audio_path, sha256, size_bytes, media, options, planned_turns, state, language, created_at)
        select gen_random_uuid(), id, 'a.wav', 'x', 'y', 1, '{}', '{}', '[]', 'done', 'fr', now() from projects;
    insert into speakers (transcription_id, label, seconds, made_by_person)
        select id, 'SPEAKER_00', 1, false from transcriptions;
    insert into segments (transcription_id, position, start_seconds, end_seconds, text, speaker, words)
        select id, 0, 0, 1, 'Les réunions sont validées.', 'SPEAKER_00', '[]' from transcriptions;
    insert into enrichments (transcription_id, state, answers, provenance, updated_at)
        select id, 'done', '{"title": "Réunions"}', '{}', now() from transcriptions
"""
ONE_THAT_IS_FETCHED = """
    insert into transcriptions (id, project_id, name, media, options, planned_turns, state, created_at)
        select gen_random_uuid(), id, 'b.wav', '{}', '{}', '[]', 'pending', now() from projects
"""
VERSIONS = "select number, answers ->> 'title', options ->> 'prompts' from enrichment_versions"
IS_FOUND = "select search @@ vocalyx_search_query('french', 'réunion validée') from segments"


def ask(url: str, question: str) -> list[Any]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()
    finally:
        connection.close()


def column_type(field: Any) -> str:
    return TYPES[type(field.rel_field if isinstance(field, ForeignKeyField) else field)]


def test_every_column_is_as_the_models_say(database_url: str) -> None:
    there = {tuple(row) for row in ask(database_url, COLUMNS) if not row[0].startswith("migration")}
    described = {
        (table._meta.table_name, field.column_name, column_type(field), field.null)
        for table in TABLES
        for field in table._meta.sorted_fields
    }
    described = {row for row in described if row[0] in {name for name, *_ in there}}
    assert len({row[0] for row in described}) == len(TABLES)
    assert {row for row in there if row[0] in {name for name, *_ in described}} == described


def test_every_key_is_as_the_models_say(database_url: str) -> None:
    keys = {(table, kind, tuple(columns)) for table, kind, columns in ask(database_url, KEYS)}
    for table in TABLES:
        meta = table._meta
        primary = meta.primary_key
        names = getattr(primary, "field_names", None) or (primary.name,)
        columns = tuple(meta.fields[name].column_name for name in names)
        assert (meta.table_name, "p", columns) in keys
        for field in meta.sorted_fields:
            if field.unique:
                assert (meta.table_name, "u", (field.column_name,)) in keys


def test_every_foreign_key_does_on_deletion_what_the_models_say(database_url: str) -> None:
    actions = {"CASCADE": "c", "RESTRICT": "r", "SET NULL": "n"}
    there = {tuple(row) for row in ask(database_url, FOREIGN_KEYS)}
    described = {
        (table._meta.table_name, field.column_name, field.rel_model._meta.table_name, actions[field.on_delete])
        for table in TABLES
        for field in table._meta.sorted_fields
        if isinstance(field, ForeignKeyField)
    }
    assert there == described


def test_no_deletion_reads_a_whole_table_to_find_what_refers_to_a_row(database_url: str) -> None:
    indexed = {tuple(row) for row in ask(database_url, INDEXED_FIRST)}
    assert {(table, column) for table, column, *_ in ask(database_url, FOREIGN_KEYS)} <= indexed


def test_migrating_again_does_nothing(empty_database_url: str) -> None:
    assert migrate(empty_database_url)
    assert migrate(empty_database_url) == []


def test_two_releases_that_start_at_once_do_not_both_migrate(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [empty_database_url] * 4))
    assert sorted(applied, key=len) == [[], [], [], applied[max(range(4), key=lambda n: len(applied[n]))]]
    assert migrate(empty_database_url) == []


def test_every_migration_goes_back_to_what_was_there_before(empty_database_url: str) -> None:
    database = PostgresqlExtDatabase(**connection_parameters(empty_database_url))

    def shape() -> set[tuple[str, ...]]:
        return set(database.execute_sql(SHAPE).fetchall())

    with database.connection_context():
        runner = Runner(database, str(MIGRATIONS))
        shapes = []
        for migration in runner.migrations():
            if migration.name == "0006_uploads":
                database.execute_sql(AN_EARLIER_RECORDING)
            if migration.name == "0007_reading":
                database.execute_sql(ONE_THAT_IS_FETCHED)
            shapes.append(shape())
            runner.up(migration.name)
        assert database.execute_sql(IS_FOUND).fetchall() == [(True,)]
        assert database.execute_sql(VERSIONS).fetchall() == [(1, "Réunions", "{}")]
        shape_of_today = shape()
        for before in reversed(shapes[1:]):
            runner.down()
            assert shape() == before
        runner.up()
        assert shape() == shape_of_today


@pytest.mark.parametrize(
    "statement",
    [
        "insert into users values (gen_random_uuid(), '', 'x', false, true, now())",
        "insert into projects values (gen_random_uuid(), '', now())",
        "insert into memberships values (gen_random_uuid(), gen_random_uuid(), 'king')",
    ],
)
def test_the_database_itself_refuses_what_cannot_be(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor, pytest.raises(psycopg2.IntegrityError):
        cursor.execute(statement)
    connection.close()
