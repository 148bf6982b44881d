# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of recordings on their way, and of what deleted ones count for in their project's quota."""

import uuid

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
    UUIDField,
)
from playhouse.postgres_ext import DateTimeTZField

from app.core.uploads import UploadState
from app.db.tables.access import Project, User
from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, json_field, now


class Upload(Table):
    """A recording that comes in pieces; its file lies with the partial ones on the uploads volume until all is there.

    Whoever writes to the file holds the `lease`; `wanted` asks the holder to let go of it. `metadata` is given back to
    the client as it was sent.
    """

    project_id: uuid.UUID
    created_by_id: uuid.UUID | None
    transcription_id: uuid.UUID | None
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE")
    created_by = ForeignKeyField(User, on_delete="SET NULL", null=True)
    idempotency_key = TextField(null=True)
    name = TextField()
    metadata = TextField(default="")
    options = json_field(default=dict)
    reuse = BooleanField(default=True)
    size_bytes = BigIntegerField()
    received_bytes = BigIntegerField(default=0)
    state = TextField(default=UploadState.RECEIVING)
    transcription = ForeignKeyField(Transcription, on_delete="SET NULL", null=True)
    error = json_field(null=True)
    lease = TextField(null=True)
    lease_expires_at = DateTimeTZField(null=True)
    wanted = BooleanField(default=False)
    created_at = DateTimeTZField(default=now)
    expires_at = DateTimeTZField()

    class Meta:
        table_name = "uploads"


class Download(Table):
    """A recording that the server fetches itself. The address is null once it is here; its digest stays.

    With `reuse`, what is there of the same content and options is taken over.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", primary_key=True)
    url = TextField(null=True)
    url_sha256 = TextField()
    reuse = BooleanField(default=True)
    attempt = IntegerField(default=0)
    lease = TextField(null=True)
    lease_expires_at = DateTimeTZField(null=True)
    due_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "downloads"


class DeletedUsage(Table):
    """How much a project had transcribed in a month (`YYYY-MM`, UTC) and has deleted since. A trigger writes it."""

    project_id: uuid.UUID
    project = ForeignKeyField(Project, on_delete="CASCADE")
    month = TextField()
    seconds = DoubleField()

    class Meta:
        table_name = "deleted_usage"
        primary_key = CompositeKey("project", "month")
