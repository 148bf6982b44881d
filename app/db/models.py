# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables, beside those of `arrival_models`, `audit_models` and `identity_models`.

`migrations/` makes them; `tests/db/test_migrations.py` holds the two against each other.
"""

import datetime as dt
import uuid
from typing import Any

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DatabaseProxy,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
    UUIDField,
)
from playhouse.postgres_ext import ArrayField, BinaryJSONField, DateTimeTZField, TSVectorField

from app.core.jobs import JobState
from app.core.states import PartState, TranscriptionState

database = DatabaseProxy()


def now() -> dt.datetime:
    """Return the present moment, in UTC."""
    return dt.datetime.now(dt.UTC)


# `<name>_id` beside a foreign key is made by peewee; it is annotated where it is used, for the type checker.


def _json(**options: Any) -> BinaryJSONField:
    # Documents are read whole, never searched by their keys: no index.
    return BinaryJSONField(index=False, **options)


class Table(Model):
    class Meta:
        database = database
        legacy_table_names = False


class User(Table):
    """`password_hash` is null where a user logs in by a provider alone.

    `must_change_password`: somebody else chose it, and a login by it is good for changing it alone.
    """

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    username = TextField(unique=True)
    password_hash = TextField(null=True)
    must_change_password = BooleanField(default=False)
    administrator = BooleanField(default=False)
    active = BooleanField(default=True)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "users"


class Session(Table):
    """A login. Only the SHA-256 of its token is kept.

    `last_used_at` is true to the minute; `user_agent` and `address` are what its request came with; `by_password`: not by the site's provider of logins.
    """

    user_id: uuid.UUID
    token_hash = TextField(primary_key=True)
    id = UUIDField(unique=True, default=uuid.uuid4)
    user = ForeignKeyField(User, on_delete="CASCADE")
    by_password = BooleanField(default=True)
    created_at = DateTimeTZField(default=now)
    last_used_at = DateTimeTZField(default=now)
    expires_at = DateTimeTZField()
    user_agent = TextField(null=True)
    address = TextField(null=True)

    class Meta:
        table_name = "sessions"


class Project(Table):
    """`recognise_speakers`: voices are kept and compared over its recordings; off unless an owner asked for it.

    The quotas are null where there is no limit; see `app.db.quotas`. The retention: `app.db.retention`. What its recordings
    are expected to speak of: `app.db.vocabulary`.
    """

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    name = TextField(unique=True)
    recognise_speakers = BooleanField(default=False)
    quota_bytes = BigIntegerField(null=True)
    quota_hours = DoubleField(null=True)
    retention_audio_days = IntegerField(null=True)
    retention_text_days = IntegerField(null=True)
    legal_hold = BooleanField(default=False)
    hotwords = TextField(null=True)
    initial_prompt = TextField(null=True)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "projects"


class Membership(Table):
    project_id: uuid.UUID
    user = ForeignKeyField(User, on_delete="CASCADE")
    project = ForeignKeyField(Project, on_delete="CASCADE", backref="memberships")
    role = TextField()

    class Meta:
        table_name = "memberships"
        primary_key = CompositeKey("user", "project")


class ApiKey(Table):
    """A program's access to one project. Only the SHA-256 of the key is kept; `prefix` lets a person tell keys apart.

    `scopes`: null where it may do all that its role allows.
    """

    project_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE")
    name = TextField()
    prefix = TextField()
    key_hash = TextField(unique=True)
    role = TextField()
    scopes = ArrayField(TextField, index=False, null=True)
    created_at = DateTimeTZField(default=now)
    expires_at = DateTimeTZField(null=True)
    last_used_at = DateTimeTZField(null=True)
    revoked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "api_keys"


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
    media = _json(default=dict)
    options = _json(default=dict)
    survey = _json(null=True)
    planned_turns = _json(default=list)
    state = TextField(default=TranscriptionState.PENDING)
    language = TextField(null=True)
    language_probability = DoubleField(null=True)
    duration_seconds = DoubleField(null=True)
    diarization = _json(null=True)
    error = _json(null=True)
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
    error = _json(null=True)
    metrics = _json(default=dict)
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
    speech = _json(null=True)
    channel = IntegerField(null=True)
    segments = _json(default=list)
    dropped = _json(default=list)
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
    description = _json(null=True)

    class Meta:
        table_name = "voices"
        primary_key = CompositeKey("transcription", "position")


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
    embedding = _json()
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
    embedding = _json(null=True)
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
    words = _json(default=list)
    corrected_text = TextField(null=True)
    corrected_words = _json(null=True)
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
    answers = _json(default=dict)
    model = TextField(null=True)
    provenance = _json(default=dict)
    options = _json(null=True)
    asked_by = TextField(null=True)
    error = _json(null=True)
    updated_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "enrichments"


class Event(Table):
    """The append-only log of changes; its `id` is the cursor of every listener."""

    id = BigAutoField()
    kind = TextField()
    project_id = UUIDField(null=True)
    transcription_id = UUIDField(null=True)
    data = _json(default=dict)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "events"


TABLES = (
    User,
    Session,
    Project,
    Membership,
    ApiKey,
    Transcription,
    Job,
    Chunk,
    Waveform,
    Voices,
    Voiceprint,
    Speaker,
    Segment,
    SegmentVersion,
    Enrichment,
    Event,
)
