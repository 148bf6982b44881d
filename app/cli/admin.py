"""`vocalyx admin`: what an operator does on the machine, beside the API.

On a one-machine instance the database is found through its state folder ($VOCALYX_STATE, or ./var).
"""

import os
from pathlib import Path

import click

from app.cli import audit_log, identities, people
from app.cli.database import database_url
from app.cli.operations import failures, overview, queues, workers


@click.group()
def admin() -> None:
    """The database, its users, and how the site stands."""
    credentials = Path(os.environ.get("VOCALYX_STATE", "var")).absolute() / "credentials"
    told = {"VOCALYX_DATABASE_URL", "CREDENTIALS_DIRECTORY"} & os.environ.keys()
    if not told and credentials.is_dir():
        # Before app.settings is imported, which reads it.
        os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)


@admin.command()
def migrate() -> None:
    """Bring the database to this release; several at once wait for one another."""
    from app.db.migrate import migrate as apply_migrations

    applied = apply_migrations(database_url())
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to do: the database is at this release")


for command in (*people.COMMANDS, *identities.COMMANDS, audit_log.audit, workers, queues, failures, overview):
    admin.add_command(command)
