"""The webhooks of projects, one transaction a function. A secret is given out where it is made, and nowhere else."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, NotFound
from app.core.webhooks import WebhookEvent, new_secret
from app.db import audit, projects
from app.db.summaries import iso
from app.db.tables import Project, Webhook, now
from app.db.tables.webhooks import for_change

WEBHOOKS_LIMIT = 20
"""How many a project may have: each of its changes is told to all of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is None stays as it is."""

    url: str | None = None
    events: Collection[WebhookEvent] | None = None
    description: str | None = None
    active: bool | None = None


def create(
    principal: Principal, project: UUID, url: str, events: Collection[WebhookEvent], description: str, *, active: bool
) -> dict[str, Any]:
    """Add a webhook, and return it with its secret; `Conflict` where the project has as many as it may."""
    projects.get_project(principal, project, Role.OWNER)
    # Locked, or two requests could each see room for one more.
    if for_change(Project.select(Project.id).where(Project.id == project)).first() is None:
        raise NotFound
    if Webhook.select().where(Webhook.project == project).count() >= WEBHOOKS_LIMIT:
        raise Conflict(
            f"The project has {WEBHOOKS_LIMIT} webhooks, and may have no more.",
            remedy="Delete one that is no longer needed, or let one receiver pass on what it is told.",
        )
    row = Webhook.create(
        project=project,
        url=url,
        events=_in_order(events),
        description=description,
        active=active,
        secret=new_secret(),
    )
    audit.record(Action.WEBHOOK_CREATED, row.id, project=project)
    return shown(row) | {"secret": row.secret}


def list_all(principal: Principal, project: UUID) -> list[dict[str, Any]]:
    """Return the webhooks of a project, the oldest first."""
    projects.get_project(principal, project, Role.OWNER)
    found = Webhook.select().where(Webhook.project == project).order_by(Webhook.created_at, Webhook.id)
    return [shown(row) for row in found]


def read(principal: Principal, project: UUID, webhook: UUID) -> dict[str, Any]:
    return shown(find(principal, project, webhook))


def change(principal: Principal, project: UUID, webhook: UUID, wanted: Change) -> dict[str, Any]:
    """Change a webhook. Switching it on forgets why it was switched off; what waited for it goes out then."""
    row = find(principal, project, webhook, lock=True)
    if wanted.url is not None:
        row.url = wanted.url
    if wanted.events is not None:
        row.events = _in_order(wanted.events)
    if wanted.description is not None:
        row.description = wanted.description
    if wanted.active is not None and wanted.active is not row.active:
        row.active, row.switched_off, row.failing_since = wanted.active, None, None
    row.save()
    changed = [field for field in ("url", "events", "description", "active") if getattr(wanted, field) is not None]
    audit.record(Action.WEBHOOK_CHANGED, row.id, project=project, changed=changed, active=row.active)
    return shown(row)


def delete(principal: Principal, project: UUID, webhook: UUID) -> None:
    """Remove a webhook, with all that it was to tell and has told."""
    find(principal, project, webhook).delete_instance()
    audit.record(Action.WEBHOOK_DELETED, webhook, project=project)


def rotate_secret(principal: Principal, project: UUID, webhook: UUID, overlap: dt.timedelta) -> dict[str, Any]:
    """Give a webhook a new secret, and return it with that. The one of before signs, too, until the overlap is over."""
    row = find(principal, project, webhook, lock=True)
    keeps = overlap > dt.timedelta(0)
    row.previous_secret = row.secret if keeps else None
    row.previous_secret_until = now() + overlap if keeps else None
    row.secret = new_secret()
    row.save()
    audit.record(Action.WEBHOOK_SECRET_ROTATED, webhook, project=project)
    return shown(row) | {"secret": row.secret}


def find(principal: Principal, project: UUID, webhook: UUID, *, lock: bool = False) -> Any:
    """Return a webhook's row; `NotFound` or `NotPermitted` where this is not the principal's to see.

    Locked, it is so to the end of the transaction, in a way that does not hold up what is written for it.
    """
    projects.get_project(principal, project, Role.OWNER)
    query = Webhook.select().where(Webhook.id == webhook, Webhook.project == project)
    row = (for_change(query) if lock else query).first()
    if row is None:
        raise NotFound("The project has no such webhook.")
    return row


def shown(row: Any) -> dict[str, Any]:
    """Return a webhook as its owners see it."""
    until = row.previous_secret_until
    return {
        "id": str(row.id),
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "active": row.active,
        "switched_off": row.switched_off,
        "failing_since": iso(row.failing_since),
        "previous_secret_until": iso(until) if until is not None and until > now() else None,
        "created_at": iso(row.created_at),
    }


def _in_order(events: Collection[WebhookEvent]) -> list[str]:
    return [str(event) for event in WebhookEvent if event in events]
