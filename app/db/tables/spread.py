# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of enrichments that are spread over workers; they are empty again once an enrichment is done."""

import uuid

from peewee import CompositeKey, ForeignKeyField, IntegerField, TextField, UUIDField

from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, json_field


class EnrichmentPlan(Table):
    """What all parts of an enrichment are asked about, and with: see `app.core.enrichment_plan`.

    Its `id` is no other plan's: findings that come late are told apart by it.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", primary_key=True)
    id = UUIDField(default=uuid.uuid4)
    questions = json_field()
    windows = IntegerField()
    failures = json_field(default=dict)

    class Meta:
        table_name = "enrichment_plans"


class EnrichmentPart(Table):
    """What one job reads (`excerpt`), and what it found: null until it is done. Its job's position tells its `number`."""

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE")
    number = IntegerField()
    kind = TextField()
    excerpt = json_field(default=dict)
    findings = json_field(null=True)

    class Meta:
        table_name = "enrichment_parts"
        primary_key = CompositeKey("transcription", "number")
