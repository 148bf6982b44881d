# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of users whom a provider of logins names, and of logins on their way."""

import uuid

from peewee import BooleanField, CompositeKey, ForeignKeyField, TextField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.access import User
from app.db.tables.table import Table, now


class Identity(Table):
    """Whom a provider means by a subject: never found by name or address, which others may take."""

    user_id: uuid.UUID
    issuer = TextField()
    subject = TextField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    created_at = DateTimeTZField(default=now)
    last_login_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "identities"
        primary_key = CompositeKey("issuer", "subject")


class PendingLogin(Table):
    """A login between its first and its second step: digests of what the address and the browser hold."""

    state_hash = TextField(primary_key=True)
    browser_hash = TextField()
    lands = BooleanField()
    expires_at = DateTimeTZField()

    class Meta:
        table_name = "pending_logins"


class LoginCode(Table):
    """A login that is done but for the browser's page fetching its token."""

    user_id: uuid.UUID
    code_hash = TextField(primary_key=True)
    browser_hash = TextField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    expires_at = DateTimeTZField()

    class Meta:
        table_name = "login_codes"
