# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of what readers add to a recording: notes on its passages, and links for those without a login."""

import uuid

from peewee import DoubleField, ForeignKeyField, IntegerField, TextField, UUIDField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, now


class Note(Table):
    """What somebody wrote on a passage. `revision` makes its entity tag."""

    transcription_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE")
    author_name = TextField()
    start_seconds = DoubleField()
    end_seconds = DoubleField()
    text = TextField()
    revision = IntegerField(default=1)
    created_at = DateTimeTZField(default=now)
    changed_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "notes"


class SharedLink(Table):
    """A link by which anybody who has its token reads one recording. Of the token only a digest is kept."""

    transcription_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE")
    scope = TextField()
    token_hash = TextField()
    made_by = TextField()
    created_at = DateTimeTZField(default=now)
    expires_at = DateTimeTZField()
    revoked_by = TextField(null=True)
    revoked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "shared_links"
