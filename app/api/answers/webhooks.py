"""Webhooks, and what was told to them."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.core.webhooks import DeliveryOutcome, SwitchedOff, WebhookEvent


class Webhook(Answer):
    id: UUID
    url: str
    events: list[WebhookEvent]
    description: str
    active: bool
    switched_off: Annotated[
        SwitchedOff | None, Field(description="Why it was switched off by itself; `null` where it was not.")
    ]
    failing_since: Annotated[dt.datetime | None, Field(description="Nothing has arrived since then.")]
    previous_secret_until: Annotated[
        dt.datetime | None, Field(description="So long the secret of before signs beside the present one.")
    ]
    created_at: dt.datetime


class WebhookList(Answer):
    items: list[Webhook]


class NewWebhook(Webhook):
    secret: Annotated[
        str, Field(description="What messages are signed with. It is in this answer, and in no later one.")
    ]


class Attempt(Answer):
    """What came of sending a message once."""

    at: dt.datetime
    duration_ms: int
    status: Annotated[int | None, Field(description="The receiver's; `null` where there was no answer.")]
    error: Annotated[str | None, Field(description="`null` where the message arrived.")]
    excerpt: Annotated[str | None, Field(description="How the body of the answer begins.")]


class Delivery(Answer):
    """A message: what it says, and what came of each time that it was sent."""

    id: Annotated[UUID, Field(description="Sent as `webhook-id`, the same each time.")]
    type: str
    transcription_id: UUID | None
    outcome: DeliveryOutcome
    created_at: dt.datetime
    due_at: Annotated[dt.datetime | None, Field(description="When it is sent next, while it is `pending`.")]
    finished_at: dt.datetime | None
    data: Annotated[dict[str, Any], Field(description="As it is sent.")]
    attempts: Annotated[list[Attempt], Field(description="The last 50, the oldest first.")]


class DeliveryPage(Answer):
    items: list[Delivery]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` for the next page; `null`: no more.")]
