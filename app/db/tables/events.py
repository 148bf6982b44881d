# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The table of events: the log that listeners follow."""

from peewee import BigAutoField, TextField, UUIDField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.table import Table, json_field, now


class Event(Table):
    """The append-only log of changes; its `id` is the cursor of every listener."""

    id = BigAutoField()
    kind = TextField()
    project_id = UUIDField(null=True)
    transcription_id = UUIDField(null=True)
    data = json_field(default=dict)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "events"
