"""People and programs, and what they prove themselves with."""

import datetime as dt
import hashlib
import secrets
from contextlib import suppress
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from peewee import IntegrityError

from app.core.access import Principal, Role
from app.core.errors import Conflict, NotAuthenticated, NotFound, WrongCredentials
from app.core.identifiers import EventId, ProjectId, UserId
from app.db import events
from app.db.models import ApiKey, Membership, Session, User, database, now

API_KEY_PREFIX = "vx_"
_SHOWN_KEY_CHARACTERS = len(API_KEY_PREFIX) + 6
_LAST_USE_PRECISION = dt.timedelta(minutes=1)

_hasher = PasswordHasher()
# Verified against when the name is unknown, so that an unknown name takes as long to refuse as a wrong password.
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Return what is kept of a password: Argon2id, some 50 ms and 64 MiB. No unit of work: it needs no connection."""
    return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> None:
    """Raise `WrongCredentials` unless they go together. Takes as long where the user, and so the hash, is unknown."""
    try:
        _hasher.verify(password_hash or _NOBODYS_HASH, password)
    except (VerifyMismatchError, InvalidHashError) as error:
        raise WrongCredentials from error
    if password_hash is None:
        raise WrongCredentials


def create_user(username: str, password: str, *, administrator: bool = False) -> User:
    """Add a user; `Conflict` where the name is taken."""
    return add_user(username, hash_password(password), administrator=administrator)


def add_user(username: str, password_hash: str, *, administrator: bool = False) -> User:
    """Add a user whose password is hashed already; `Conflict` where the name is taken."""
    try:
        with database.atomic():
            return User.create(username=username, password_hash=password_hash, administrator=administrator)
    except IntegrityError as error:
        raise Conflict(f"There is a user named {username!r} already.", remedy="Choose another name.") from error


def set_password(username: str, password: str) -> None:
    """Give a user a new password and end all of the user's logins."""
    user = User.get_or_none(User.username == username)
    if user is None:
        raise NotFound(f"There is no user named {username!r}.")
    user.password_hash = _hasher.hash(password)
    user.save(only=[User.password_hash])
    Session.delete().where(Session.user == user).execute()
    events.append_credentials_ended(user=user.id)


def list_users() -> list[User]:
    return list(User.select().order_by(User.username))


def password_hash_of(username: str) -> str | None:
    """Return what `verify_password` needs of an active user; None where there is none of this name."""
    user = User.get_or_none(User.username == username, User.active)
    found: str | None = user.password_hash if user else None
    return found


def open_session(username: str, password_hash: str | None, lifetime_seconds: int) -> str:
    """Return the token of a new session for a user whose password was verified against this hash just now.

    `WrongCredentials` where the password was changed or the user went meanwhile.
    """
    user = User.get_or_none(User.username == username, User.active, User.password_hash == password_hash)
    if user is None:
        raise WrongCredentials
    token = secrets.token_urlsafe(32)
    Session.delete().where(Session.expires_at < now()).execute()
    Session.create(token_hash=_digest(token), user=user, expires_at=now() + dt.timedelta(seconds=lifetime_seconds))
    return token


def log_out(token: str) -> EventId | None:
    """End a session, and with it the listeners that live on it; None where there was none."""
    session = Session.get_or_none(Session.token_hash == _digest(token))
    if session is None:
        return None
    session.delete_instance()
    return events.append_credentials_ended(user=session.user.id)


def principal_of_token(token: str) -> Principal:
    """Return who is logged in with this token; `NotAuthenticated` where nobody is."""
    session = (
        Session.select(Session, User)
        .join(User)
        .where(Session.token_hash == _digest(token), Session.expires_at > now(), User.active)
        .first()
    )
    if session is None:
        raise NotAuthenticated("The login has ended or never was.")
    return _principal_of_user(session.user)


def principal_of_key(key: str) -> Principal:
    """Return the program that this API key belongs to; `NotAuthenticated` where it is unknown or revoked."""
    found = ApiKey.get_or_none(ApiKey.key_hash == _digest(key), ApiKey.revoked_at.is_null())
    if found is None:
        raise NotAuthenticated("The API key is unknown or revoked.")
    if found.last_used_at is None or now() - found.last_used_at > _LAST_USE_PRECISION:
        ApiKey.update(last_used_at=now()).where(ApiKey.id == found.id).execute()
    return Principal(user=None, name=f"key:{found.name}", roles={ProjectId(found.project_id): Role(found.role)})


def principal_of_bearer(secret: str) -> Principal:
    """Return who an API key or a login's token belongs to, where either may come; `NotAuthenticated` where it is none."""
    # One token in many thousands happens to begin like a key.
    kinds = (principal_of_key, principal_of_token) if secret.startswith(API_KEY_PREFIX) else (principal_of_token,)
    for find in kinds:
        with suppress(NotAuthenticated):
            return find(secret)
    raise NotAuthenticated(
        "The bearer token is neither an active API key nor a login that lasts.",
        remedy="Send a project's API key, or the token of POST /api/auth/token, as 'Authorization: Bearer …'.",
    )


def create_key(project: UUID, name: str, role: Role) -> tuple[ApiKey, str]:
    """Add an API key and return it with its secret, which is shown this once and not kept."""
    secret = API_KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.create(
        project=project, name=name, role=role, prefix=secret[:_SHOWN_KEY_CHARACTERS], key_hash=_digest(secret)
    )
    return key, secret


def list_keys(project: UUID) -> list[ApiKey]:
    return list(ApiKey.select().where(ApiKey.project == project).order_by(ApiKey.created_at))


def revoke_key(project: UUID, key: UUID) -> EventId:
    changed = (
        ApiKey.update(revoked_at=now())
        .where(ApiKey.id == key, ApiKey.project == project, ApiKey.revoked_at.is_null())
        .execute()
    )
    if not changed:
        raise NotFound("The project has no such active key.")
    return events.append_credentials_ended()


def _principal_of_user(user: Any) -> Principal:
    memberships = Membership.select().where(Membership.user == user)
    return Principal(
        user=UserId(user.id),
        name=user.username,
        administrator=user.administrator,
        roles={ProjectId(row.project_id): Role(row.role) for row in memberships},
    )


def _digest(secret: str) -> str:
    # The secrets are 256 random bits: a plain hash cannot be searched, and it is looked up by its value.
    # Headers may carry bytes that are no UTF-8, which aiohttp hands over as lone surrogates.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
