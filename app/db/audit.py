"""The audit log: written in the transaction of what it tells of, read by administrators and owners.

No secret, no text that was spoken and no name of a recording stands in it: what is deleted must not live on here.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core import cursors
from app.core.audit import Action, Actor, Outcome, current_source
from app.db.summaries import iso
from app.db.tables import AuditEntry, database, now

_LISTING = "audit"
_LONGEST_TEXT = 300
_LARGEST_ID = 2**63 - 1
# What PostgreSQL takes in no text: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is looked for; all of it must hold. `actor` is an id or a name, `actions` are any of them."""

    actions: Sequence[str] = ()
    actor: str | None = None
    project: UUID | None = None
    after: dt.datetime | None = None
    before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is safe in an address as it is; None: this is the last page."""

    items: list[dict[str, Any]]
    next_cursor: str | None


EVERYTHING = Narrowed()


def record(
    action: Action,
    thing: object = None,
    *,
    project: UUID | None = None,
    kind: str | None = None,
    actor: Actor | None = None,
    outcome: Outcome = Outcome.DONE,
    **details: Any,
) -> None:
    """Say in the running transaction what it does, to the `thing` of this id.

    Who does it is whoever is at work (`current_source`), or the `actor` where that is known only now. `kind` is that of
    the thing where the action does not tell. Details are JSON values, few and small, without secrets.
    """
    source = current_source.get()
    who = actor or source.actor
    AuditEntry.create(
        action=action,
        outcome=outcome,
        actor_kind=who.kind,
        actor_id=who.id,
        actor_name=_kept(who.name),
        thing_kind=kind or (action.thing if thing is not None else None),
        thing_id=None if thing is None else _kept(str(thing)),
        project_id=project,
        address=_kept(source.address),
        request_id=source.request_id,
        details={name: _kept(value) for name, value in details.items()},
    )


def page(narrowed: Narrowed = EVERYTHING, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Return the entries behind the `cursor` of the page before, the newest first."""
    conditions = _conditions(narrowed)
    if cursor is not None:
        conditions.append(AuditEntry.id < _position(cursor))
    query = AuditEntry.select()
    if conditions:
        query = query.where(*conditions)
    found = list(query.order_by(AuditEntry.id.desc()).limit(limit + 1))
    shown = found[:limit]
    more = len(found) > limit
    return Page([_shown(entry) for entry in shown], cursors.encode(_LISTING, [shown[-1].id]) if more else None)


def purge(older_than: dt.timedelta) -> int:
    """Remove what is older, by the one door that there is, and say so; return how many entries went."""
    purged: int = database.execute_sql("select vocalyx_purge_audit(%s)", (now() - older_than,)).fetchone()[0]
    if purged:
        record(Action.AUDIT_PURGED, entries=purged, older_than_days=older_than.days)
    return purged


def _conditions(narrowed: Narrowed) -> list[Any]:
    conditions: list[Any] = []
    if narrowed.actions:
        conditions.append(AuditEntry.action.in_(list(narrowed.actions)))
    if narrowed.actor is not None:
        named, known = AuditEntry.actor_name == narrowed.actor, _as_id(narrowed.actor)
        conditions.append(named if known is None else named | (AuditEntry.actor_id == known))
    if narrowed.project is not None:
        conditions.append(AuditEntry.project_id == narrowed.project)
    if narrowed.after is not None:
        conditions.append(AuditEntry.created_at >= narrowed.after)
    if narrowed.before is not None:
        conditions.append(AuditEntry.created_at < narrowed.before)
    return conditions


def _shown(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": iso(entry.created_at),
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": {
            "kind": entry.actor_kind,
            "id": str(entry.actor_id) if entry.actor_id else None,
            "name": entry.actor_name,
        },
        "thing": {"kind": entry.thing_kind, "id": entry.thing_id} if entry.thing_kind else None,
        "project_id": str(entry.project_id) if entry.project_id else None,
        "address": entry.address,
        "request_id": entry.request_id,
        "details": entry.details,
    }


def _position(cursor: str) -> int:
    """Return the id at which the page before ended. A cursor is the client's word: nothing of it is trusted."""
    keys = cursors.decode(_LISTING, cursor)
    if len(keys) != 1 or type(keys[0]) is not int or not 0 <= keys[0] <= _LARGEST_ID:
        raise cursors.unknown_cursor()
    return keys[0]


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _kept(value: Any) -> Any:
    """Return text as it can be stored: addresses that are asked for may hold anything."""
    return _UNSTORABLE.sub("\ufffd", value[:_LONGEST_TEXT]) if isinstance(value, str) else value
