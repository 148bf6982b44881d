# ruff: noqa: INP001 - a folder of scripts that the runner loads by path, no package
"""Users whom a provider of logins names, who have no password, and logins on their way there and back."""

from typing import Any

STATEMENTS = (
    "alter table users alter column password_hash drop not null",
    """
    create table identities (
        issuer text not null,
        subject text not null check (subject <> ''),
        user_id uuid not null references users on delete cascade,
        created_at timestamptz not null,
        last_login_at timestamptz,
        primary key (issuer, subject)
    )
    """,
    "create unique index identities_user on identities (user_id, issuer)",
    """
    create table pending_logins (
        state_hash text primary key,
        browser_hash text not null,
        lands boolean not null,
        expires_at timestamptz not null
    )
    """,
    "create index pending_logins_age on pending_logins (expires_at)",
    """
    create table login_codes (
        code_hash text primary key,
        browser_hash text not null,
        user_id uuid not null references users on delete cascade,
        expires_at timestamptz not null
    )
    """,
    "create index login_codes_user on login_codes (user_id)",
    "create index login_codes_age on login_codes (expires_at)",
)

BACK = (
    "drop table login_codes, pending_logins, identities",
    # No hash of any password: these users stay shut out until they are given one.
    "update users set password_hash = '' where password_hash is null",
    "alter table users alter column password_hash set not null",
)


def up(_migrator: Any, database: Any) -> None:
    for statement in STATEMENTS:
        database.execute_sql(statement)


def down(_migrator: Any, database: Any) -> None:
    for statement in BACK:
        database.execute_sql(statement)
