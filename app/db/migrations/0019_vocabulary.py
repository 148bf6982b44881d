# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""What a project's recordings are expected to speak of."""

from typing import Any

# May be null: an instance of the release before, which still runs, knows neither.
STATEMENTS = ("alter table projects add column hotwords text, add column initial_prompt text",)

BACK = ("alter table projects drop column initial_prompt, drop column hotwords",)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
