# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of who may do what: users and their logins, projects, their members and their keys."""

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
from playhouse.postgres_ext import ArrayField, DateTimeTZField

from app.db.tables.table import Table, now


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
