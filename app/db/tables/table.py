# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""What every table is made of.

`<name>_id` beside a foreign key is made by peewee; it is annotated where it is used, for the type checker.
"""

import datetime as dt
from typing import Any

from peewee import DatabaseProxy, Model
from playhouse.postgres_ext import BinaryJSONField

database = DatabaseProxy()


def now() -> dt.datetime:
    """Return the present moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def json_field(**options: Any) -> BinaryJSONField:
    """Return a field for a document. It is read whole, never searched by its keys: no index."""
    return BinaryJSONField(index=False, **options)


class Table(Model):
    class Meta:
        database = database
        legacy_table_names = False
