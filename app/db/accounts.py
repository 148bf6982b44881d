"""People and programs, and what they prove themselves with."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from peewee import IntegrityError

from app.core.audit import Action, Actor, ActorKind
from app.core.errors import NameTaken, NotFound, WrongCredentials
from app.core.identifiers import EventId
from app.db import audit, events, sessions
from app.db.tables import Session, User, database, now

API_KEY_PREFIX = "vx_"


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


def create_user(
    username: str, password: str, *, administrator: bool = False, must_change_password: bool = False
) -> User:
    """Add a user; `Conflict` where the name is taken."""
    return add_user(
        username, hash_password(password), administrator=administrator, must_change_password=must_change_password
    )


def add_user(
    username: str,
    password_hash: str | None,
    *,
    administrator: bool = False,
    must_change_password: bool = False,
    actor: Actor | None = None,
) -> User:
    """Add a user whose password is hashed already; `Conflict` where the name is taken.

    With `must_change_password` a login by it is good for changing it alone. Without a password nobody can log in by
    name: such a user comes from elsewhere (see `app.db.identities`).
    """
    try:
        with database.atomic():
            user = User.create(
                username=username,
                password_hash=password_hash,
                administrator=administrator,
                must_change_password=must_change_password,
            )
    except IntegrityError as error:
        raise NameTaken(
            f"There is a user named {username!r} already.", remedy="Choose another name.", field="username"
        ) from error
    audit.record(Action.USER_CREATED, user.id, actor=actor, name=username, administrator=administrator)
    return user


def set_password(username: str, password: str, *, must_change_password: bool = False) -> None:
    """Give a user a new password, which may have to be changed before all else, and end all of the user's logins."""
    user = user_named(username)
    user.password_hash = _hasher.hash(password)
    user.must_change_password = must_change_password
    user.save(only=[User.password_hash, User.must_change_password])
    sessions.remove(user.id)
    audit.record(Action.USER_PASSWORD_CHANGED, user.id, name=username, must_change_password=must_change_password)
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
        by_password=method == "password",
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


def _as_actor(user: Any) -> Actor:
    return Actor(ActorKind.USER, user.id, user.username)


def digest(secret: str) -> str:
    """Return what is kept of a token or a key, and what it is found again by."""
    # The secrets are 256 random bits: a plain hash cannot be searched, and it is looked up by its value.
    # Headers may carry bytes that are no UTF-8, which aiohttp hands over as lone surrogates.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
