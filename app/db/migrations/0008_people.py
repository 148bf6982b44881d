# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Logins that can be told apart and ended one by one; what API keys may do, and until when."""

from typing import Any

# The defaults of sessions stay: an instance of the release before, which still runs, opens some without these columns.
STATEMENTS = (
    """
    alter table sessions
        add column id uuid not null default gen_random_uuid() unique,
        add column last_used_at timestamptz not null default now(),
        add column user_agent text,
        add column address text
    """,
    "update sessions set last_used_at = created_at",
    """
    alter table api_keys
        add column scopes text[] check (cardinality(scopes) > 0),
        add column expires_at timestamptz
    """,
)

BACK = (
    # The release before knows neither: a key that ends or is limited must not live on there without either.
    "delete from api_keys where scopes is not null or expires_at is not null",
    "alter table api_keys drop column scopes, drop column expires_at",
    "alter table sessions drop column id, drop column last_used_at, drop column user_agent, drop column address",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
