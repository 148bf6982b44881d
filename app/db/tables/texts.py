# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of what was said and by whom, by the machine and by people, and of what was made of it."""

import uuid
from typing import Any

from peewee import (
    BigAutoField,
    BooleanField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
    UUIDField,
)
from playhouse.postgres_ext import DateTimeTZField, TSVectorField

from app.core.states import PartState
from app.db.tables.access import Project, User
from app.db.tables.recordings import Transcription
from app.db.tables.table import Table, json_field, now


class Voiceprint(Table):
    """What the voice of a person sounds like, by which they are recognised in a project's later recordings.

    Biometric data: it leaves by no route. `embedding_model` names the diarization model that made the vector;
    `enrolled_from` and `enrolled_speaker` say which voice of which recording it is.
    """

    project_id: uuid.UUID
    enrolled_from_id: uuid.UUID | None
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE", backref="voiceprints")
    name = TextField()
    embedding = json_field()
    embedding_model = TextField(null=True)
    enrolled_from = ForeignKeyField(Transcription, on_delete="SET NULL", null=True)
    enrolled_speaker = TextField(null=True)
    created_by = ForeignKeyField(User, on_delete="SET NULL", null=True)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "voiceprints"

    @classmethod
    def without_vector(cls) -> Any:
        """Select all columns but the voice itself, and who made the row."""
        columns = (column for column in cls._meta.sorted_fields if column.name != cls.embedding.name)
        return cls.select(*columns, User).left_outer_join(User)


class Speaker(Table):
    """One voice of one recording: the machine's label, and what people say of it (see `app.core.speakers`).

    `seconds` is how long the machine heard it. `embedding` is what it sounds like, null unless the project recognises
    speakers: biometric data, which leaves by no route. `recognised_as`: whose voiceprint proposed the name.
    """

    transcription_id: uuid.UUID
    recognised_as_id: uuid.UUID | None
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="speakers")
    label = TextField()
    name = TextField(null=True)
    seconds = DoubleField(default=0.0)
    merged_into = TextField(null=True)
    made_by_person = BooleanField(default=False)
    embedding = json_field(null=True)
    embedding_model = TextField(null=True)
    recognised_as = ForeignKeyField(Voiceprint, on_delete="SET NULL", null=True)
    similarity = DoubleField(null=True)

    class Meta:
        table_name = "speakers"
        primary_key = CompositeKey("transcription", "label")


class Segment(Table):
    """The merged transcript, in order.

    `speaker` is the machine's label, null where nobody could be told; `corrected_speaker` is whom people gave the
    segment to. Both are labels in `speakers`. `text` and `words` are the machine's; `corrected_text` is what people say
    was said, with words aligned to the machine's. `search` is made by PostgreSQL of the text that readers see, in the
    language of `search_configuration` (see the migration 0007). By `project` and `period`, a quarter of an hour, it is
    found; they are the transcription's, and PostgreSQL fills them in (see the migration 0015).
    """

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="segments")
    position = IntegerField()
    start_seconds = DoubleField()
    end_seconds = DoubleField()
    text = TextField()
    speaker = TextField(null=True)
    corrected_speaker = TextField(null=True)
    words = json_field(default=list)
    corrected_text = TextField(null=True)
    corrected_words = json_field(null=True)
    search_configuration = TextField(default="simple")
    search = TSVectorField(index=False)
    project = UUIDField(column_name="project_id")
    period = IntegerField()

    class Meta:
        table_name = "segments"
        primary_key = CompositeKey("transcription", "position")

    @classmethod
    def without_search(cls) -> Any:
        """Select all columns but what only the search reads."""
        searched = {cls.search.name, cls.project.name, cls.period.name}
        return cls.select(*(column for column in cls._meta.sorted_fields if column.name not in searched))


class SegmentVersion(Table):
    """A change of a segment's text: who made it, and what stood there before and after.

    `kind`: `corrected`, `reverted`, `split` or `merged` by a person; `carried` where the text was put together anew and
    the corrected text of a segment was parted or joined with another's. `author_name` is kept for keys, which are no users.
    """

    transcription_id: uuid.UUID
    author_id: uuid.UUID | None
    id = BigAutoField()
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", backref="segment_versions")
    position = IntegerField()
    kind = TextField()
    author = ForeignKeyField(User, on_delete="SET NULL", null=True)
    author_name = TextField(null=True)
    before = TextField()
    after = TextField()
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "segment_versions"


class Enrichment(Table):
    """The present enrichment. `options` are what it was asked for anew with; null: with those of the transcription."""

    transcription_id: uuid.UUID
    transcription = ForeignKeyField(Transcription, on_delete="CASCADE", primary_key=True, backref="enrichments")
    state = TextField(default=PartState.PENDING)
    answers = json_field(default=dict)
    model = TextField(null=True)
    provenance = json_field(default=dict)
    options = json_field(null=True)
    asked_by = TextField(null=True)
    error = json_field(null=True)
    updated_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "enrichments"
