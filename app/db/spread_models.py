# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of enrichments that are spread over workers; they are empty again once an enrichment is done."""

import uuid

from peewee import CompositeKey, ForeignKeyField, IntegerField, TextField, UUIDField
from playhouse.postgres_ext import BinaryJSONField

from app.db.models import Table, Transcription


class EnrichmentPlan(Table):
    """What all parts of an enrichment are asked about, and with: see `app.core.enrichment_plan`.

    Its `id` is no other plan's: findings that come late are told apart by it.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", primary_key=True)
    id = UUIDField(default=uuid.uuid4)
    questions = BinaryJSONField(index=False)
    windows = IntegerField()
    failures = BinaryJSONField(index=False, default=dict)

    class Meta:
        table_name = "enrichment_plans"


class EnrichmentPart(Table):
    """What one job reads (`excerpt`), and what it found: null until it is done. Its job's position tells its `number`."""

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE")
    number = IntegerField()
    kind = TextField()
    excerpt = BinaryJSONField(index=False, default=dict)
    findings = BinaryJSONField(index=False, null=True)

    class Meta:
        table_name = "enrichment_parts"
        primary_key = CompositeKey("transcription", "number")


TABLES = (EnrichmentPlan, EnrichmentPart)
