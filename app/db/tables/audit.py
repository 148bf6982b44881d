# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The table of the audit log. It refers to nothing, so that its rows outlive what they tell of."""

from peewee import BigAutoField, TextField, UUIDField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.table import Table, json_field, now


class AuditEntry(Table):
    """One deed. Triggers refuse to change or delete a row, but for `vocalyx_purge_audit` (see the migration 0009)."""

    id = BigAutoField()
    created_at = DateTimeTZField(default=now)
    action = TextField()
    outcome = TextField()
    actor_kind = TextField()
    actor_id = UUIDField(null=True)
    actor_name = TextField(null=True)
    thing_kind = TextField(null=True)
    thing_id = TextField(null=True)
    project_id = UUIDField(null=True)
    address = TextField(null=True)
    request_id = TextField(null=True)
    details = json_field(default=dict)

    class Meta:
        table_name = "audit_entries"
