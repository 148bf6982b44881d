"""People and programs, and what they prove themselves with."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from peewee import IntegrityError

from app.core.access import Principal, Role, Scope
from app.core.audit import Action, Actor, ActorKind
from app.core.errors import Conflict, KeyExpired, NotAuthenticated, NotFound, WrongCredentials
from app.core.identifiers import EventId, ProjectId, UserId
from app.db import audit, events
from app.db.models import ApiKey, Membership, Session, User, database, now

API_KEY_PREFIX = "vx_"
_LAST_USE_PRECISION = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a login came with: for its user to recognise it by, and believed in nothing."""

    user_agent: str | None = None
    address: str | None = None


_UNTOLD = Origin()
# peewee takes any lock, whatever its annotations say.
_SHARED: Any = "FOR SHARE"

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


def add_user(
    username: str, password_hash: str | None, *, administrator: bool = False, actor: Actor | None = None
) -> User:
    """Add a user whose password is hashed already; `Conflict` where the name is taken.

    Without a password nobody can log in by name: such a user comes from elsewhere (see `app.db.identities`).
    """
    try:
        with database.atomic():
            user = User.create(username=username, password_hash=password_hash, administrator=administrator)
    except IntegrityError as error:
        raise Conflict(f"There is a user named {username!r} already.", remedy="Choose another name.") from error
    audit.record(Action.USER_CREATED, user.id, actor=actor, name=username, administrator=administrator)
    return user


def set_password(username: str, password: str) -> None:
    """Give a user a new password and end all of the user's logins."""
    user = user_named(username)
    user.password_hash = _hasher.hash(password)
    user.save(only=[User.password_hash])
    Session.delete().where(Session.user == user).execute()
    audit.record(Action.USER_PASSWORD_CHANGED, user.id, name=username)
    events.append_credentials_ended(user=user.id)


def user_named(username: str) -> User:
    """Return the user of this name; `NotFound` where there is none."""
    user: User | None = User.get_or_none(User.username == username)
    if user is None:
        raise NotFound(f"There is no user named {username!r}.")
    return user


def list_users() -> list[User]:
    return list(User.select().order_by(User.username))


def id_of(username: str) -> UUID | None:
    """Return the id of the user of this name, active or not."""
    user = User.get_or_none(User.username == username)
    found: UUID | None = user.id if user else None
    return found


def password_hash_of(username: str) -> str | None:
    """Return what `verify_password` needs of an active user; None where there is none of this name."""
    user = User.get_or_none(User.username == username, User.active)
    found: str | None = user.password_hash if user else None
    return found


def open_session(username: str, password_hash: str | None, lifetime_seconds: int, origin: Origin = _UNTOLD) -> str:
    """Return the token of a new session for a user whose password was verified against this hash just now.

    `WrongCredentials` where the password was changed or the user went meanwhile.
    """
    # No password is no password that could be right: a comparison with NULL would find those who have none.
    if password_hash is None:
        raise WrongCredentials
    query = User.select().where(User.username == username, User.active, User.password_hash == password_hash)
    user = query.for_update(_SHARED).first()
    if user is None:
        raise WrongCredentials
    return begin_session(user, lifetime_seconds, origin, method="password")


def begin_session(user: User, lifetime_seconds: int, origin: Origin = _UNTOLD, *, method: str) -> str:
    """Return the token of a new session for a user who has proved by this method who they are."""
    # The row is held until the session stands: who changes the password or deactivates the user in this very moment
    # waits for that, and then ends this login, too.
    User.select(User.id).where(User.id == user.id).for_update(_SHARED).execute()
    token = secrets.token_urlsafe(32)
    Session.delete().where(Session.expires_at < now()).execute()
    Session.create(
        token_hash=digest(token),
        user=user,
        expires_at=now() + dt.timedelta(seconds=lifetime_seconds),
        user_agent=origin.user_agent,
        address=origin.address,
    )
    audit.record(Action.LOGIN_SUCCEEDED, user.id, actor=_as_actor(user), method=method)
    return token


def log_out(token: str) -> EventId | None:
    """End a session, and with it the listeners that live on it; None where there was none."""
    session = Session.get_or_none(Session.token_hash == digest(token))
    if session is None:
        return None
    session.delete_instance()
    audit.record(Action.LOGIN_ENDED, session.user.id, actor=_as_actor(session.user))
    return events.append_credentials_ended(user=session.user.id)


def principal_of_token(token: str) -> Principal:
    """Return who is logged in with this token; `NotAuthenticated` where nobody is."""
    session = (
        Session.select(Session, User)
        .join(User)
        .where(Session.token_hash == digest(token), Session.expires_at > now(), User.active)
        .first()
    )
    if session is None:
        raise NotAuthenticated("The login has ended or never was.")
    if now() - session.last_used_at > _LAST_USE_PRECISION:
        Session.update(last_used_at=now()).where(Session.id == session.id).execute()
    return _principal_of_user(session.user, session.id)


def principal_of_key(key: str) -> Principal:
    """Return the program that this API key belongs to; `NotAuthenticated` where it is unknown, revoked or expired."""
    found = ApiKey.get_or_none(ApiKey.key_hash == digest(key), ApiKey.revoked_at.is_null())
    if found is None:
        raise NotAuthenticated("The API key is unknown or revoked.")
    if found.expires_at is not None and found.expires_at <= now():
        raise KeyExpired(f"The API key expired on {found.expires_at.astimezone(dt.UTC):%Y-%m-%d at %H:%M} UTC.")
    if found.last_used_at is None or now() - found.last_used_at > _LAST_USE_PRECISION:
        ApiKey.update(last_used_at=now()).where(ApiKey.id == found.id).execute()
    return Principal(
        user=None,
        name=f"key:{found.name}",
        roles={ProjectId(found.project_id): Role(found.role)},
        scopes=None if found.scopes is None else _known_scopes(found.scopes),
        expires_at=found.expires_at,
        key=found.id,
    )


def principal_of_bearer(secret: str) -> Principal:
    """Return who an API key or a login's token belongs to, where either may come; `NotAuthenticated` where it is none."""
    # One token in many thousands happens to begin like a key.
    kinds = (principal_of_key, principal_of_token) if secret.startswith(API_KEY_PREFIX) else (principal_of_token,)
    for find in kinds:
        try:
            return find(secret)
        except KeyExpired:
            raise
        except NotAuthenticated:
            continue
    raise NotAuthenticated(
        "The bearer token is neither an active API key nor a login that lasts.",
        remedy="Send a project's API key, or the token of POST /api/auth/token, as 'Authorization: Bearer …'.",
    )


def _known_scopes(stored: Collection[str]) -> frozenset[Scope]:
    # One that only a newer release knows opens nothing here.
    return frozenset(Scope(scope) for scope in stored if scope in set(Scope))


def _principal_of_user(user: Any, session: UUID) -> Principal:
    memberships = Membership.select().where(Membership.user == user)
    return Principal(
        user=UserId(user.id),
        name=user.username,
        administrator=user.administrator,
        roles={ProjectId(row.project_id): Role(row.role) for row in memberships},
        session=session,
    )


def _as_actor(user: Any) -> Actor:
    return Actor(ActorKind.USER, user.id, user.username)


def digest(secret: str) -> str:
    """Return what is kept of a token or a key, and what it is found again by."""
    # The secrets are 256 random bits: a plain hash cannot be searched, and it is looked up by its value.
    # Headers may carry bytes that are no UTF-8, which aiohttp hands over as lone surrogates.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
