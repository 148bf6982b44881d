"""What was told to a webhook, as its owners read it and have it sent again. One transaction a function."""

from typing import Any
from uuid import UUID

from app.core import cursors
from app.core.access import Principal
from app.core.audit import Action
from app.core.errors import Conflict, NotFound
from app.core.webhooks import PING, DeliveryOutcome
from app.db import audit, webhooks
from app.db.listing import Page
from app.db.summaries import iso
from app.db.tables import WebhookDelivery, now


def list_page(
    principal: Principal,
    project: UUID,
    webhook: UUID,
    *,
    outcome: DeliveryOutcome | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """Return the messages of a webhook, the newest first, behind the `cursor` of the page before."""
    row = webhooks.find(principal, project, webhook)
    query = WebhookDelivery.select().where(WebhookDelivery.webhook == row)
    if outcome is not None:
        query = query.where(WebhookDelivery.outcome == outcome)
    listing = f"deliveries-{webhook}"
    if cursor is not None:
        query = query.where(WebhookDelivery.sequence < _position(listing, cursor))
    found = list(query.order_by(WebhookDelivery.sequence.desc()).limit(limit + 1))
    page = found[:limit]
    more = len(found) > limit
    return Page([shown(one) for one in page], cursors.encode(listing, [page[-1].sequence]) if more else None)


def read(principal: Principal, project: UUID, webhook: UUID, delivery: UUID) -> dict[str, Any]:
    return shown(_find(webhooks.find(principal, project, webhook), delivery))


def ping(principal: Principal, project: UUID, webhook: UUID) -> dict[str, Any]:
    """Have a message sent that says nothing, once; `Conflict` where the webhook is switched off."""
    row = webhooks.find(principal, project, webhook)
    _require_active(row)
    audit.record(Action.WEBHOOK_PINGED, webhook, project=project)
    told = {"webhook_id": str(row.id), "project_id": str(row.project_id)}
    return shown(WebhookDelivery.create(webhook=row, type=PING, data=told))


def replay(principal: Principal, project: UUID, webhook: UUID, delivery: UUID) -> dict[str, Any]:
    """Have a message sent again, whatever came of it, under the same id and with all its tries before it.

    `Conflict` where the webhook is switched off, or the message is on its way at this moment.
    """
    row = webhooks.find(principal, project, webhook)
    _require_active(row)
    found = _find(row, delivery, lock=True)
    if found.lease is not None and found.lease_expires_at > now():
        raise Conflict("The message is being sent at this moment.", remedy="Read in some seconds what came of it.")
    found.outcome, found.finished_at, found.due_at = DeliveryOutcome.PENDING, None, now()
    found.attempt, found.lease, found.lease_expires_at = 0, None, None
    found.save()
    audit.record(Action.WEBHOOK_REPLAYED, webhook, project=project, delivery=str(delivery))
    return shown(found)


def shown(row: Any) -> dict[str, Any]:
    """Return a message as the owners of its webhook see it."""
    pending = row.outcome == DeliveryOutcome.PENDING
    return {
        "id": str(row.id),
        "type": row.type,
        "transcription_id": str(row.transcription_id) if row.transcription_id else None,
        "outcome": row.outcome,
        "created_at": iso(row.created_at),
        "due_at": iso(row.due_at) if pending else None,
        "finished_at": iso(row.finished_at),
        "data": row.data,
        "attempts": row.attempts,
    }


def _find(webhook: Any, delivery: UUID, *, lock: bool = False) -> Any:
    query = WebhookDelivery.select().where(WebhookDelivery.id == delivery, WebhookDelivery.webhook == webhook)
    row = (query.for_update() if lock else query).first()
    if row is None:
        raise NotFound("The webhook has no such delivery, or not any more.")
    return row


def _require_active(webhook: Any) -> None:
    if not webhook.active:
        raise Conflict("The webhook is switched off.", remedy='Switch it on first, with {"active": true}.')


def _position(listing: str, cursor: str) -> int:
    """Return the place of the last message of the page before. A cursor is the client's word: nothing of it is trusted."""
    try:
        [sequence] = cursors.decode(listing, cursor)
    except ValueError as error:
        raise cursors.unknown_cursor() from error
    if type(sequence) is not int or not 0 <= sequence < 2**63:
        raise cursors.unknown_cursor()
    return sequence
