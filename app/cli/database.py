"""The database of this machine's instance, for commands that speak to it themselves."""

import os
import pwd
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from app.core.audit import Actor, ActorKind, Source, current_source

P = ParamSpec("P")
R = TypeVar("R")


def database_url() -> str:
    """Return where the database is, with its password."""
    from app.settings import load_settings

    return load_settings().database_url.get_secret_value()


def run(unit: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run one unit of work in one transaction, and return what it returns."""
    from app.db.database import Database

    database = Database(database_url(), connections=1)
    current_source.set(Source(Actor(ActorKind.COMMAND, name=_account())))
    try:
        return database.run_here(unit, *args, **kwargs)
    finally:
        database.close()


def _account() -> str:
    """Return whose account gives the command: that of whoever said `sudo`, where somebody did."""
    return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
