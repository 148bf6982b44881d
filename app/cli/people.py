"""`vocalyx admin`, as far as it is about users: what administrators do through the API, for whoever has the machine."""

import os
import sys
from typing import Any

import click

from app.cli.database import run

MINIMUM_PASSWORD_CHARACTERS = 12

_must_change = click.option(
    "--must-change-password", is_flag=True, help="The first login with it is good for changing it alone."
)


@click.command("create-user")
@click.argument("username")
@click.option("--administrator", is_flag=True, help="May manage users and see every project.")
@_must_change
def create_user(username: str, *, administrator: bool, must_change_password: bool) -> None:
    """Add a user.

    The password is asked for, or is the first line of the standard input; where it is set, VOCALYX_NEW_PASSWORD is taken.
    """
    from app.db import accounts

    run(
        accounts.create_user,
        username,
        _new_password(),
        administrator=administrator,
        must_change_password=must_change_password,
    )
    click.echo(f"{username} can log in")


@click.command("reset-password")
@click.argument("username")
@_must_change
def reset_password(username: str, *, must_change_password: bool) -> None:
    """Give a user a new password and end all logins of this user.

    The password is asked for, or is the first line of the standard input; where it is set, VOCALYX_NEW_PASSWORD is taken.
    """
    from app.db import accounts

    run(accounts.set_password, username, _new_password(), must_change_password=must_change_password)
    click.echo(f"{username} has a new password; earlier logins have ended")


@click.command("list-users")
@click.option("--search", metavar="TEXT", help="Those whose name has this in it.")
def list_users(search: str | None) -> None:
    """List the users: name, administrator or not, active or not."""
    run(_list, search or None)


@click.command("change-user")
@click.argument("username")
@click.option("--active/--inactive", default=None, help="Let the user in, or log them out and keep them out.")
@click.option(
    "--administrator/--no-administrator", default=None, help="May manage users and see every project, or not."
)
def change_user(username: str, *, active: bool | None, administrator: bool | None) -> None:
    """Let a user in or keep them out; make them an administrator or take that back."""
    from app.db import accounts, users

    if active is None and administrator is None:
        raise click.UsageError("Say what is to change: --help lists what there is.")

    def unit() -> Any:
        changed, _ = users.change(accounts.user_named(username).id, active=active, administrator=administrator)
        return changed

    click.echo(_told(run(unit)))


@click.command("end-sessions")
@click.argument("username")
def end_sessions(username: str) -> None:
    """End all logins of a user."""
    from app.db import accounts, users

    run(lambda: users.end_sessions(accounts.user_named(username).id))
    click.echo(f"{username} is logged in nowhere")


@click.command("delete-user")
@click.argument("username")
@click.confirmation_option(prompt="The user is removed for good, what they sent stays. Go on?")
def delete_user(username: str) -> None:
    """Remove a user for good; what they sent and wrote stays. `change-user --inactive` keeps the name with it."""
    from app.db import accounts, users

    run(lambda: users.delete(accounts.user_named(username).id))
    click.echo(f"{username} is removed")


COMMANDS = (create_user, reset_password, list_users, change_user, end_sessions, delete_user)


def _list(search: str | None) -> None:
    from app.db import users

    cursor = None
    while True:
        page = users.list_page(search=search, active=None, administrator=None, limit=200, cursor=cursor)
        for user in page.users:
            click.echo(_told(user))
        if (cursor := page.next_cursor) is None:
            return


def _told(user: Any) -> str:
    kind = "administrator" if user.administrator else "user"
    return f"{user.username}\t{kind}\t{'active' if user.active else 'inactive'}"


def _new_password() -> str:
    # Never an option: command lines can be read by everyone on the machine.
    password: str = os.environ.get("VOCALYX_NEW_PASSWORD") or _typed()
    if len(password) < MINIMUM_PASSWORD_CHARACTERS:
        raise click.ClickException(
            f"The password has fewer than {MINIMUM_PASSWORD_CHARACTERS} characters; a few words make a good one."
        )
    return password


def _typed() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")
