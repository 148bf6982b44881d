"""The keys of programs: made, given a new secret, revoked."""

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

from app.core.access import Role, Scope
from app.core.audit import Action
from app.core.errors import Conflict, NotFound
from app.core.identifiers import EventId
from app.db import audit, events
from app.db.accounts import API_KEY_PREFIX, digest
from app.db.tables import ApiKey, now

_SHOWN_CHARACTERS = len(API_KEY_PREFIX) + 6


def create_key(
    project: UUID,
    name: str,
    role: Role,
    scopes: Collection[Scope] | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Add an API key and return it with its secret, which is shown this once and not kept.

    Without `scopes` it may do all that its role allows, without `expires_at` it does not end.
    """
    key, secret = _made(project, name, role, scopes, expires_at)
    audit.record(Action.KEY_CREATED, key.id, project=project, name=name, role=role)
    return key, secret


def _made(
    project: UUID, name: str, role: Role, scopes: Collection[Scope] | None, expires_at: dt.datetime | None
) -> tuple[ApiKey, str]:
    secret = API_KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.create(
        project=project,
        name=name,
        role=role,
        scopes=None if scopes is None else [scope for scope in Scope if scope in scopes],
        expires_at=expires_at,
        prefix=secret[:_SHOWN_CHARACTERS],
        key_hash=digest(secret),
    )
    return key, secret


def list_keys(project: UUID) -> list[ApiKey]:
    return list(ApiKey.select().where(ApiKey.project == project).order_by(ApiKey.created_at, ApiKey.id))


def revoke_key(project: UUID, key: UUID) -> EventId:
    """Make a key worth nothing, at once; `NotFound` where there is no such active one."""
    _revoke(_active(project, key))
    audit.record(Action.KEY_REVOKED, key, project=project)
    return events.append_credentials_ended()


def rotate_key(
    project: UUID, key: UUID, overlap_seconds: int, expires_at: dt.datetime | None
) -> tuple[ApiKey, str, EventId | None]:
    """Return a new key in the place of an old one, with its secret; the old one ends when the overlap is over.

    Without `expires_at` the new one ends when the old one would have. `NotFound` where there is no such active key,
    `Conflict` where it has expired.
    """
    old = _active(project, key)
    if old.expires_at is not None and old.expires_at <= now():
        raise Conflict("The API key has expired.", remedy="Make a new one.")
    scopes = None if old.scopes is None else [Scope(scope) for scope in old.scopes]
    new, secret = _made(project, old.name, Role(old.role), scopes, expires_at or old.expires_at)
    audit.record(
        Action.KEY_ROTATED, key, project=project, name=old.name, new=str(new.id), overlap_seconds=overlap_seconds
    )
    if not overlap_seconds:
        _revoke(old)
        return new, secret, events.append_credentials_ended()
    end = now() + dt.timedelta(seconds=overlap_seconds)
    if old.expires_at is None or end < old.expires_at:
        ApiKey.update(expires_at=end).where(ApiKey.id == old.id).execute()
    return new, secret, None


def _revoke(key: Any) -> None:
    ApiKey.update(revoked_at=now()).where(ApiKey.id == key.id).execute()


def _active(project: UUID, key: UUID) -> Any:
    """Return a key that is not revoked, held until the transaction ends: of two rotations one comes after the other."""
    query = ApiKey.select().where(ApiKey.id == key, ApiKey.project == project, ApiKey.revoked_at.is_null())
    found = query.for_update().first()
    if found is None:
        raise NotFound("The project has no such active key.")
    return found
