# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Sets of tasks for the language model, which a project makes for itself."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    database.execute_sql(
        """
        create table task_sets (
            project_id uuid not null references projects on delete cascade,
            name text not null,
            definition jsonb not null,
            changed_by text,
            changed_at timestamptz not null,
            primary key (project_id, name)
        )
        """
    )


def down(_migrator: Any, database: Any) -> None:
    database.execute_sql("drop table task_sets")
