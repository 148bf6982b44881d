# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Which transcriptions belong to one request alone."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    database.execute_sql("alter table transcriptions add column reusable boolean not null default true")


def down(_migrator: Any, database: Any) -> None:
    database.execute_sql("alter table transcriptions drop column reusable")
