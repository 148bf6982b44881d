"""The logins of a user: told apart, and ended one by one or together."""

from uuid import UUID

from app.core.audit import Action
from app.core.errors import NotFound
from app.core.identifiers import EventId, UserId
from app.db import audit, events
from app.db.tables import LoginCode, Session, now

LISTED = 200


def list_sessions(user: UserId) -> list[Session]:
    """Return the logins that last, the one used last first, up to `LISTED` of them."""
    query = Session.select().where(Session.user == user, Session.expires_at > now())
    return list(query.order_by(Session.last_used_at.desc(), Session.created_at.desc(), Session.id).limit(LISTED))


def remove(user: UUID, kept: UUID | None = None) -> int:
    """Remove the logins of a user but the `kept` one, and those that wait to be fetched by a code; return how many there were.

    The codes first: who is just fetching one is waited for, and has a login to be removed then.
    """
    LoginCode.delete().where(LoginCode.user == user).execute()
    others = Session.delete().where(Session.user == user)
    if kept is not None:
        others = others.where(Session.id != kept)
    removed: int = others.execute()
    return removed


def end(user: UserId, session: UUID) -> EventId:
    """End one login, and with it the listeners that live on it; `NotFound` where this user has no such one."""
    if not Session.delete().where(Session.id == session, Session.user == user).execute():
        raise NotFound("You have no such login.", remedy="GET /api/auth/sessions lists yours.")
    audit.record(Action.LOGIN_ENDED, user)
    return events.append_credentials_ended(user=user)


def end_others(user: UUID, kept: UUID | None) -> EventId | None:
    """End all logins of a user but the `kept` one; None where there were no others."""
    ended = remove(user, kept)
    audit.record(Action.LOGIN_ENDED, user, logins=ended)
    return events.append_credentials_ended(user=user) if ended else None
