# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""A password that its user has to change before anything else; and which logins were made by a password."""

from typing import Any

# With defaults: an instance of the release before, which still runs, knows neither.
STATEMENTS = (
    "alter table users add column must_change_password boolean not null default false",
    "alter table sessions add column by_password boolean not null default true",
)

BACK = (
    "alter table sessions drop column by_password",
    "alter table users drop column must_change_password",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
