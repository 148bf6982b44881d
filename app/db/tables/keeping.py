# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of what is kept: legal holds, and the earlier versions of enrichments."""

import uuid

from peewee import BooleanField, CompositeKey, ForeignKeyField, IntegerField, TextField, UUIDField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.access import Project
from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, json_field, now


class LegalHold(Table):
    """A time in which something must be kept: a transcription, or without one all of a project. Lifted ones stay.

    Whether one is in force stands beside it, too (`legal_hold` of the project or transcription): where its row is locked.
    """

    project_id: uuid.UUID
    transcription_id: uuid.UUID | None
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE")
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", null=True)
    reason = TextField()
    by_administrator = BooleanField()
    placed_by = TextField()
    placed_at = DateTimeTZField(default=now)
    lifted_by = TextField(null=True)
    lifted_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "legal_holds"


class EnrichmentVersion(Table):
    """Answers of the language model that were finished, with what was asked: the newest, and those that it replaced."""

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="enrichment_versions")
    number = IntegerField()
    options = json_field()
    model = TextField(null=True)
    answers = json_field()
    provenance = json_field()
    asked_by = TextField(null=True)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "enrichment_versions"
        primary_key = CompositeKey("transcription", "number")
