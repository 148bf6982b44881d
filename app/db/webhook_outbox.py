"""What webhooks are still to tell, one transaction a function: any API instance may send it, under a lease.

Nothing is lost with Redis or with an instance: what is due is a row, and is sent again by another instance where the
one that had it died. So a message may arrive twice, never not at all.
"""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import SQL

from app.core import webhooks as rules
from app.core.identifiers import EventId
from app.core.webhooks import MAX_ATTEMPTS, PING, DeliveryOutcome, SwitchedOff, WebhookEvent
from app.db import events
from app.db.events import EventKind
from app.db.summaries import iso
from app.db.tables import Webhook, WebhookDelivery, database, now
from app.db.tables.webhooks import for_change

_KEPT_ATTEMPTS = 50

# An earlier message on the same recording goes first, but for one that is waiting to be tried again: to hold all others
# up for it would take hours. Only the first ones are asked, each by itself: of hundreds of thousands that wait for a
# receiver which is away, no more are read. `now()` is when this transaction began, and can be looked up in an index.
_DUE = """
from (
    select id, webhook_id, transcription_id, due_at, sequence
    from webhook_deliveries
    where webhook_id = {webhook}
        and outcome = 'pending'
        and due_at <= now()
        and (lease is null or lease_expires_at < now())
    order by due_at, sequence
    limit 50
) as due
where (
    select true
    from webhook_deliveries as earlier
    where earlier.transcription_id = due.transcription_id
        and earlier.webhook_id = due.webhook_id
        and earlier.outcome = 'pending'
        and earlier.sequence < due.sequence
        and (earlier.attempt = 0 or earlier.lease is not null)
    limit 1
) is null
order by due.due_at, due.sequence
limit 1
"""

# One that fails has a single place: hanging receivers cannot take them all.
_HAS_ROOM = """
(
    select count(*) from webhook_deliveries as sent
    where sent.webhook_id = webhooks.id and sent.lease is not null and sent.lease_expires_at >= now()
) < case when webhooks.failing_since is null then %(at_once)s else 1 end
"""

# Whoever has the fewest on their way comes first, so that a project whose receivers hang keeps nobody else's waiting.
_PICK = f"""
select webhooks.id
from webhooks
cross join lateral (select due.due_at {_DUE.format(webhook="webhooks.id")}) as first
cross join lateral (
    select count(*) as by_project, count(*) filter (where sent.webhook_id = webhooks.id) as by_webhook
    from webhooks as ours join webhook_deliveries as sent on sent.webhook_id = ours.id
    where ours.project_id = webhooks.project_id and sent.lease is not null and sent.lease_expires_at >= now()
) as taken
where webhooks.active and {_HAS_ROOM} and taken.by_project < %(at_once_a_project)s
order by taken.by_project, taken.by_webhook, first.due_at
limit 1
for no key update of webhooks skip locked
"""  # noqa: S608 - put together from the constants above

# Looked at anew, now that the webhook is locked: between the look and the lock another instance may have been here.
_CLAIM = f"""
update webhook_deliveries
set lease = %(lease)s,
    lease_expires_at = clock_timestamp() + %(seconds)s * interval '1 second',
    attempt = attempt + 1
where id = (select due.id {_DUE.format(webhook="%(webhook)s")})
    and outcome = 'pending'
    and (lease is null or lease_expires_at < now())
    and exists (select from webhooks where webhooks.id = %(webhook)s and webhooks.active and {_HAS_ROOM})
returning id, type, data, attempt, created_at
"""  # noqa: S608 - put together from the constants above


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message in this instance's hands. `secrets` are all that are valid now, the newest first."""

    delivery: UUID
    webhook: UUID
    url: str
    secrets: tuple[str, ...]
    type: str
    data: dict[str, Any]
    attempt: int
    created_at: dt.datetime
    lease: str

    def __repr__(self) -> str:
        # What would be logged with an exception must hold neither secrets nor what is signed into an address.
        return f"Claimed(delivery={self.delivery}, webhook={self.webhook}, attempt={self.attempt})"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attempt. `status` is HTTP's, None without an answer; `excerpt` is how the answer's body begins."""

    at: dt.datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    excerpt: str | None = None
    retry_after: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready, as it is kept and shown."""
        return {
            "at": iso(self.at),
            "duration_ms": self.duration_ms,
            "status": self.status,
            "error": self.error,
            "excerpt": self.excerpt,
        }


def claim(lease_seconds: float, at_once: int, at_once_a_project: int) -> Claimed | None:
    """Take a message that is due, of the project and then the webhook that have the fewest on their way; the oldest first.

    No webhook has more than `at_once`, no project more than `at_once_a_project`.
    """
    limits = {"at_once": at_once, "at_once_a_project": at_once_a_project}
    picked = database.execute_sql(_PICK, limits).fetchone()
    if picked is None:
        return None
    lease = secrets.token_urlsafe(16)
    values = {"webhook": picked[0], "lease": lease, "seconds": lease_seconds, "at_once": at_once}
    found = database.execute_sql(_CLAIM, values).fetchone()
    if found is None:
        return None
    delivery, kind, data, attempt, created_at = found
    webhook = Webhook.get_by_id(picked[0])
    valid = [webhook.secret]
    previous, until = webhook.previous_secret, webhook.previous_secret_until
    if previous is not None and until is not None and until > now():
        valid.append(previous)
    return Claimed(delivery, webhook.id, webhook.url, tuple(valid), kind, data, attempt, created_at, lease)


def release(claimed: Claimed) -> None:
    """Give a message back that was not tried to the end; this attempt does not count."""
    WebhookDelivery.update(lease=None, lease_expires_at=None, attempt=WebhookDelivery.attempt - 1).where(
        _is(claimed)
    ).execute()


def record(claimed: Claimed, tried: Tried, chance: float) -> EventId | None:
    """Note what came of an attempt, and what follows from it for the webhook.

    `chance`: see `pause_seconds`. Returns the event that says that the webhook was switched off, where it was. Of a
    message that another instance has taken over, or that is gone, nothing is noted.
    """
    webhook = for_change(Webhook.select().where(Webhook.id == claimed.webhook)).first()
    delivery = WebhookDelivery.select().where(_is(claimed)).for_update().first()
    if webhook is None or delivery is None:
        return None
    _settle(delivery, claimed, tried, chance)
    reason = _judge(webhook, claimed, tried)
    if reason is None:
        return None
    return _switch_off(webhook, reason)


def sweep(kept: dt.timedelta) -> int:
    """Remove old messages, those that were never sent among them; return how many there were."""
    old = WebhookDelivery.created_at < now() - kept
    free = WebhookDelivery.lease.is_null() | (WebhookDelivery.lease_expires_at < now())
    removed: int = WebhookDelivery.delete().where(old, free).execute()
    Webhook.update(previous_secret=None, previous_secret_until=None).where(
        Webhook.previous_secret_until < now()
    ).execute()
    return removed


def _settle(delivery: Any, claimed: Claimed, tried: Tried, chance: float) -> None:
    last = claimed.type == PING or claimed.attempt >= MAX_ATTEMPTS
    delivery.attempts = [*delivery.attempts, tried.to_dict()][-_KEPT_ATTEMPTS:]
    delivery.lease = delivery.lease_expires_at = None
    if rules.arrived(tried.status):
        delivery.outcome, delivery.finished_at = DeliveryOutcome.DELIVERED, now()
    elif last or rules.is_gone(tried.status):
        delivery.outcome, delivery.finished_at = DeliveryOutcome.FAILED, now()
    else:
        pause = rules.pause_seconds(claimed.attempt, chance, tried.retry_after)
        delivery.due_at = now() + dt.timedelta(seconds=pause)
    delivery.save()


def _judge(webhook: Any, claimed: Claimed, tried: Tried) -> SwitchedOff | None:
    """Note how long nothing has arrived, and return why the webhook is to be switched off, where it is."""
    since = webhook.failing_since
    if rules.arrived(tried.status):
        since = None
    elif since is None and claimed.type != PING:
        since = tried.at
    if since != webhook.failing_since:
        webhook.failing_since = since
        webhook.save(only=[Webhook.failing_since])
    if not webhook.active:
        return None
    if rules.is_gone(tried.status):
        return SwitchedOff.GONE
    if since is not None and now() - since >= rules.SWITCHED_OFF_AFTER:
        return SwitchedOff.FAILING
    return None


def _switch_off(webhook: Any, reason: SwitchedOff) -> EventId:
    webhook.active, webhook.switched_off = False, reason
    webhook.save(only=[Webhook.active, Webhook.switched_off])
    told = {"webhook_id": str(webhook.id), "project_id": str(webhook.project_id), "reason": str(reason)}
    listening = Webhook.select().where(
        Webhook.project == webhook.project_id,
        Webhook.active,
        SQL("%s = any (events)", (str(WebhookEvent.SWITCHED_OFF),)),
    )
    for other in listening:
        WebhookDelivery.create(webhook=other, type=WebhookEvent.SWITCHED_OFF, data=told)
    return events.append(EventKind.WEBHOOK_SWITCHED_OFF, told, project=webhook.project_id)


def _is(claimed: Claimed) -> Any:
    return (WebhookDelivery.id == claimed.delivery) & (WebhookDelivery.lease == claimed.lease)
