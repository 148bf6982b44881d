"""Statements that PostgreSQL plans once for each connection, for what is asked with nearly every request."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

from app.db.tables import database


class Prepared:
    """One statement; its parameters are `$1`, `$2` … of these types."""

    def __init__(self, name: str, types: Sequence[str], statement: str) -> None:
        self._prepare = f"prepare {name} ({', '.join(types)}) as {statement}"
        self._execute = f"execute {name} ({', '.join(f'%s::{kind}' for kind in types)})"
        self._known: WeakSet[Any] = WeakSet()

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Return what it finds, asked through this thread's connection."""
        connection = database.connection()
        if connection not in self._known:
            database.execute_sql(self._prepare)
            self._known.add(connection)
        found: list[tuple[Any, ...]] = database.execute_sql(self._execute, values).fetchall()
        return found
