"""The rows of what somebody sends: while it came, its sender or its project may have gone."""

from typing import Any

from peewee import IntegrityError

from app.core.errors import NotFound
from app.db.tables import Table, database


def insert(table: type[Table], **values: Any) -> Any:
    """Return a new row: without a sender where that user was removed meanwhile.

    Raises `NotFound` where the project was, and `IntegrityError` for every other constraint.
    """
    meta: Any = table._meta  # noqa: SLF001 - peewee's own way to a model's name
    try:
        with database.atomic():
            return table.create(**values)
    except IntegrityError as error:
        broken = constraint_of(error)
        if broken == f"{meta.table_name}_created_by_id_fkey":
            return insert(table, **values | {"created_by": None})
        if broken == f"{meta.table_name}_project_id_fkey":
            raise NotFound("The project was deleted meanwhile.", field="project") from error
        raise


def constraint_of(error: Any) -> str | None:
    """Return the name of the constraint that an `IntegrityError` is about."""
    name: str | None = error.orig.diag.constraint_name
    return name
