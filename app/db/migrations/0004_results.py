# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""How loud a recording is, for players to draw."""

from typing import Any

STATEMENTS = (
    """
    create table waveforms (
        transcription_id uuid not null references transcriptions on delete cascade,
        first integer not null check (first >= 0),
        peaks bytea not null,
        last boolean not null,
        primary key (transcription_id, first)
    )
    """,
)

BACK = ("drop table waveforms",)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
