"""The database of this machine's instance, for commands that speak to it themselves."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

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
    try:
        return database.run_here(unit, *args, **kwargs)
    finally:
        database.close()
