# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The table of questions to recordings."""

import uuid

from peewee import DoubleField, ForeignKeyField, IntegerField, TextField, UUIDField
from playhouse.postgres_ext import ArrayField, DateTimeTZField

from app.core.jobs import JobState
from app.db.tables.access import Project, User
from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, json_field, now


class Question(Table):
    """A question, the work on it, and its answer; about a transcription, or without one over a project.

    Its `id` is that of its job. `asker` is the user (`user:` and the id) or the key (`key:` and the id) whose it is,
    `asked_by` the name to show. `written` is what has been written of the answer so far, `recordings` all transcriptions of which
    the model was shown something: where one of them is deleted, the question goes with it.
    """

    project_id: uuid.UUID
    transcription_id: uuid.UUID | None
    asked_by_id: uuid.UUID | None
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE")
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", null=True)
    user = ForeignKeyField(User, on_delete="SET NULL", null=True, column_name="asked_by_id")
    asker = TextField()
    asked_by = TextField()
    question = TextField()
    llm_model = TextField(null=True)
    language = TextField(null=True)
    request_id = TextField(null=True)
    state = TextField(default=JobState.QUEUED)
    attempt = IntegerField(default=0)
    lease = TextField(null=True)
    lease_expires_at = DateTimeTZField(null=True)
    worker = TextField(null=True)
    percent = DoubleField(default=0.0)
    written = TextField(default="")
    answer = json_field(null=True)
    model = TextField(null=True)
    provenance = json_field(default=dict)
    error = json_field(null=True)
    recordings = ArrayField(UUIDField, index=False, default=list)
    created_at = DateTimeTZField(default=now)
    queued_at = DateTimeTZField(default=now)
    started_at = DateTimeTZField(null=True)
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "questions"
