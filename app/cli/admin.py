"""`vocalyx admin`: what an operator does on the machine, beside the API.

On a one-machine instance the database is found through its state folder ($VOCALYX_STATE, or ./var).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

MINIMUM_PASSWORD_CHARACTERS = 12


@click.group()
def admin() -> None:
    """The database and its users."""
    credentials = Path(os.environ.get("VOCALYX_STATE", "var")).absolute() / "credentials"
    told = {"VOCALYX_DATABASE_URL", "CREDENTIALS_DIRECTORY"} & os.environ.keys()
    if not told and credentials.is_dir():
        # Before app.settings is imported, which reads it.
        os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)


@admin.command()
def migrate() -> None:
    """Bring the database to this release; several at once wait for one another."""
    from app.db.migrate import migrate as apply_migrations

    applied = apply_migrations(_database_url())
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to do: the database is at this release")


@admin.command("create-user")
@click.argument("username")
@click.option("--administrator", is_flag=True, help="May manage users and see every project.")
def create_user(username: str, *, administrator: bool) -> None:
    """Add a user. The password is asked for; programs set VOCALYX_NEW_PASSWORD instead."""
    from app.db import accounts

    _run(accounts.create_user, username, _new_password(), administrator=administrator)
    click.echo(f"{username} can log in")


@admin.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Give a user a new password and end all logins of this user.

    The password is asked for; programs set VOCALYX_NEW_PASSWORD instead.
    """
    from app.db import accounts

    _run(accounts.set_password, username, _new_password())
    click.echo(f"{username} has a new password; earlier logins have ended")


def _new_password() -> str:
    # Never an option: command lines can be read by everyone on the machine.
    password: str = os.environ.get("VOCALYX_NEW_PASSWORD") or click.prompt(
        "New password", hide_input=True, confirmation_prompt=True
    )
    if len(password) < MINIMUM_PASSWORD_CHARACTERS:
        raise click.ClickException(
            f"The password has fewer than {MINIMUM_PASSWORD_CHARACTERS} characters; a few words make a good one."
        )
    return password


def _database_url() -> str:
    from app.settings import load_settings

    return load_settings().database_url.get_secret_value()


def _run(unit: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    from app.db.database import Database

    database = Database(_database_url(), connections=1)
    try:
        return database.run_here(unit, *args, **kwargs)
    finally:
        database.close()
