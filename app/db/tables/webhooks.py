# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The tables of webhooks, and of what they are to tell and have told."""

import uuid
from typing import Any

from peewee import BigIntegerField, BooleanField, ForeignKeyField, IntegerField, TextField, UUIDField
from playhouse.postgres_ext import ArrayField, DateTimeTZField

from app.core.webhooks import DeliveryOutcome
from app.db.tables.access import Project
from app.db.tables.table import Table, json_field, now


class Webhook(Table):
    """An address that is told what happens in a project.

    `secret` signs, so it cannot be kept as a digest; so does `previous_secret` until `previous_secret_until`.
    `switched_off`: why it is not `active`, where nobody said so (a `SwitchedOff`). `failing_since`: nothing has arrived
    since then.
    """

    project_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    project = ForeignKeyField(Project, on_delete="CASCADE")
    url = TextField()
    events = ArrayField(TextField, index=False)
    description = TextField(default="")
    active = BooleanField(default=True)
    switched_off = TextField(null=True)
    failing_since = DateTimeTZField(null=True)
    secret = TextField()
    previous_secret = TextField(null=True)
    previous_secret_until = DateTimeTZField(null=True)
    created_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "webhooks"


class WebhookDelivery(Table):
    """A message for a webhook: written in the transaction of what it tells of, by a trigger (see the migration 0011).

    `sequence` is the order in which that happened. `data` is what the message says; a transcription's name in it is
    null once that is deleted. `attempt` counts from the writing or the last replay on, `attempts` is what came of all
    (see `app.db.webhook_outbox`). Whoever sends it holds the `lease`.
    """

    webhook_id: uuid.UUID
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    sequence = BigIntegerField()
    webhook = ForeignKeyField(Webhook, on_delete="CASCADE")
    type = TextField()
    transcription_id = UUIDField(null=True)
    data = json_field()
    outcome = TextField(default=DeliveryOutcome.PENDING)
    attempt = IntegerField(default=0)
    attempts = json_field(default=list)
    lease = TextField(null=True)
    lease_expires_at = DateTimeTZField(null=True)
    created_at = DateTimeTZField(default=now)
    due_at = DateTimeTZField(default=now)
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "webhook_deliveries"


def for_change(query: Any) -> Any:
    """Lock what the query finds to the end of the transaction, but let others write rows that refer to it."""
    return query.for_update("FOR NO KEY UPDATE")
