# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of recordings, and of the work on them: jobs, and what these have found so far."""

import uuid
from typing import Any

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
    UUIDField,
)
from playhouse.postgres_ext import ArrayField, DateTimeTZField

from app.core.jobs import JobState
from app.core.states import TranscriptionState
from app.db.tables.access import Project, User
from app.db.tables.table import Table, json_field, now


class Transcription(Table):
    """`audio_path`, `sha256` and `size_bytes` are null until the recording is here; they stay where it is removed.

    `revision` counts the changes that people made to `name` and `labels`. PostgreSQL keeps `folded_name`, by which lists
    are sorted and narrowed (see the migration 0015).
    One that is not `reusable` belongs to its own request, and may be deleted once that is answered.
    `request_id` is that request's, for the log. `retried_at` is when it was last tried again, which its times are not
    measured over.
    """

    project_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="RESTRICT")
    created_by = ForeignKeyField(User, on_delete="SET NULL", null=True)
    idempotency_key = TextField(null=True)
    request_id = TextField(null=True)
    retried_at = DateTimeTZField(null=True)
    name = TextField()
    labels = ArrayField(TextField, index=False, default=list)
    revision = IntegerField(default=1)
    audio_path = TextField(null=True)
    sha256 = TextField(null=True)
    size_bytes = BigIntegerField(null=True)
    media = json_field(default=dict)
    options = json_field(default=dict)
    survey = json_field(null=True)
    planned_turns = json_field(default=list)
    state = TextField(default=TranscriptionState.PENDING)
    language = TextField(null=True)
    language_probability = DoubleField(null=True)
    duration_seconds = DoubleField(null=True)
    diarization = json_field(null=True)
    error = json_field(null=True)
    reusable = BooleanField(default=True)
    audio_removed_at = DateTimeTZField(null=True)
    legal_hold = BooleanField(default=False)
    created_at = DateTimeTZField(default=now)
    started_at = DateTimeTZField(null=True)
    finished_at = DateTimeTZField(null=True)
    folded_name = TextField()

    class Meta:
        table_name = "transcriptions"

    @classmethod
    def without_turns(cls) -> Any:
        """Select all columns but the turns: those of a long day are megabytes that most readers do not need."""
        left_out = {cls.diarization.name, cls.planned_turns.name, cls.folded_name.name}
        return cls.select(*(column for column in cls._meta.sorted_fields if column.name not in left_out))


class Job(Table):
    transcription_id: uuid.UUID
    id = UUIDField(primary_key=True)
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="jobs")
    kind = TextField()
    position = IntegerField(default=0)
    start_seconds = DoubleField(default=0.0)
    length_seconds = DoubleField(default=0.0)
    state = TextField(default=JobState.QUEUED)
    attempt = IntegerField(default=0)
    empty = BooleanField(default=False)
    lease = TextField(null=True)
    lease_expires_at = DateTimeTZField(null=True)
    worker = TextField(null=True)
    stage = TextField(default="")
    percent = DoubleField(default=0.0)
    error = json_field(null=True)
    metrics = json_field(default=dict)
    queued_at = DateTimeTZField(default=now)
    started_at = DateTimeTZField(null=True)
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "jobs"


class Chunk(Table):
    """One piece of a recording, and the segments that were decoded from it so far: all of them once its job is done.

    `dropped` is what the decoder wrote and nobody said. `channel`: see `ChunkPlan`; `told`: see `app.db.partial_text`.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="chunks")
    position = IntegerField()
    start_seconds = DoubleField()
    end_seconds = DoubleField()
    speech = json_field(null=True)
    channel = IntegerField(null=True)
    segments = json_field(default=list)
    dropped = json_field(default=list)
    told = IntegerField(null=True, default=0)

    class Meta:
        table_name = "chunks"
        primary_key = CompositeKey("transcription", "position")


class Waveform(Table):
    """How loud a recording is, part by part of its plan: the peaks from the `first` on (see `app.core.waveform`).

    `last`: the recording ends with this part.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="waveforms")
    first = IntegerField()
    peaks = BlobField()
    last = BooleanField()

    class Meta:
        table_name = "waveforms"
        primary_key = CompositeKey("transcription", "first")


class Voices(Table):
    """A stretch of a recording, and what the voices in it sound like.

    That is biometric data, kept from its job to the diarization's, and no longer than the recording is worked on.
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="voices")
    position = IntegerField()
    start_seconds = DoubleField()
    end_seconds = DoubleField()
    description = json_field(null=True)

    class Meta:
        table_name = "voices"
        primary_key = CompositeKey("transcription", "position")
