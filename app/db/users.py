"""The users of the site as its administrators see them: there is always one of those who can log in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import Tuple, fn

from app.core import cursors
from app.core.audit import Action
from app.core.errors import LastAdministrator, NotFound, WrongPassword
from app.core.identifiers import EventId, UserId
from app.db import audit, events, sessions
from app.db.tables import User

_LISTING = "users"
# Logins, which refer to a row, may be opened meanwhile.
_LOCK: Any = "FOR NO KEY UPDATE"


@dataclass(frozen=True, slots=True)
class UserPage:
    """`next_cursor` is safe in an address as it is; None: this is the last page."""

    users: list[User]
    next_cursor: str | None


def list_page(
    *, search: str | None, active: bool | None, administrator: bool | None, limit: int, cursor: str | None
) -> UserPage:
    """Return users by name, whatever its case and accents, behind the `cursor` of the page before."""
    key = fn.vocalyx_fold(User.username).collate('"C"')
    query = User.select(User, key.alias("place"))
    if search is not None:
        query = query.where(fn.strpos(fn.vocalyx_fold(User.username), fn.vocalyx_fold(search)) > 0)
    if active is not None:
        query = query.where(User.active == active)
    if administrator is not None:
        query = query.where(User.administrator == administrator)
    if cursor is not None:
        query = query.where(Tuple(key, User.id) > Tuple(*_position(cursor)))
    found: list[Any] = list(query.order_by(key, User.id).limit(limit + 1))
    shown = found[:limit]
    more = len(found) > limit
    return UserPage(shown, cursors.encode(_LISTING, [shown[-1].place, str(shown[-1].id)]) if more else None)


def get(user: UUID) -> User:
    """Return a user; `NotFound` where there is none of this id."""
    return _one(User.select().where(User.id == user))


def change(user: UUID, *, active: bool | None, administrator: bool | None) -> tuple[User, EventId | None]:
    """Let a user in or keep them out, make them an administrator or take that back; None leaves a thing as it is.

    Who is kept out is logged out. `LastAdministrator` where nobody would be left to administer the site.
    """
    row: Any = _held(user, leaves=active is False or administrator is False)
    was_active, was_administrator = row.active, row.administrator
    row.active = row.active if active is None else active
    row.administrator = row.administrator if administrator is None else administrator
    row.save(only=[User.active, User.administrator])
    audit.record(Action.USER_CHANGED, user, name=row.username, active=row.active, administrator=row.administrator)
    if was_active and not row.active:
        return row, _log_out(user)
    changed = was_administrator != row.administrator
    return row, events.append_access(user=user) if changed else None


def set_password(user: UUID, password_hash: str, *, must_change_password: bool = False) -> EventId | None:
    """Give a user a new password, which may have to be changed before all else, and end all of the user's logins."""
    changes = {"password_hash": password_hash, "must_change_password": must_change_password}
    if not User.update(**changes).where(User.id == user).execute():
        raise _unknown()
    audit.record(Action.USER_PASSWORD_CHANGED, user, must_change_password=must_change_password)
    return sessions.end_others(user, kept=None)


def change_own_password(user: UserId, known: str | None, password_hash: str, session: UUID | None) -> EventId | None:
    """Replace a password that was verified against the `known` hash just now, and end all logins but this `session`.

    `WrongPassword` where somebody else has changed it meanwhile.
    """
    changes = {"password_hash": password_hash, "must_change_password": False}
    changed = User.update(**changes).where(User.id == user, User.password_hash == known, User.active)
    if not changed.execute():
        raise WrongPassword
    audit.record(Action.USER_PASSWORD_CHANGED, user)
    return sessions.end_others(user, kept=session)


def end_sessions(user: UUID) -> EventId | None:
    """End all logins of a user; `NotFound` where there is no such user."""
    get(user)
    return sessions.end_others(user, kept=None)


def delete(user: UUID) -> EventId:
    """Remove a user with logins and memberships; what they sent and said stays, without their name.

    `LastAdministrator` where nobody would be left to administer the site.
    """
    row: Any = _held(user, leaves=True)
    row.delete_instance()
    audit.record(Action.USER_DELETED, user, name=row.username)
    return events.append_credentials_ended(user=user)


def administrators() -> set[UUID]:
    """Return all who administer the site, whose rows nobody else changes until the transaction ends.

    To be asked before any of them is held: of two who demote one another at once, the second waits here and then sees what
    the first has done. In one order, so that neither waits for the other.
    """
    found = User.select(User.id).where(User.administrator, User.active).order_by(User.id)
    return {row.id for row in found.for_update(_LOCK)}


def _log_out(user: UUID) -> EventId:
    sessions.remove(user)
    return events.append_credentials_ended(user=user)


def _held(user: UUID, *, leaves: bool) -> User:
    """Return a user whose row nobody else changes until the transaction ends."""
    if leaves and administrators() == {user}:
        raise LastAdministrator
    return _one(User.select().where(User.id == user).for_update(_LOCK))


def _one(query: Any) -> User:
    found: User | None = query.first()
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("There is no such user.", remedy="GET /api/users lists them.")


def _position(cursor: str) -> tuple[str, UUID]:
    """Return the keys of the last user of the page before. A cursor is the client's word: nothing of it is trusted."""
    try:
        place, last = cursors.decode(_LISTING, cursor)
        if not isinstance(place, str) or "\x00" in place:
            raise cursors.unknown_cursor()
        place.encode()
        return place, UUID(last)
    except (ValueError, TypeError, AttributeError) as error:
        raise cursors.unknown_cursor() from error
