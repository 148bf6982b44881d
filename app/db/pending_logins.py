"""Logins on their way to a provider and back: each step is taken once, in time, and by the browser that began it."""

import datetime as dt
import hashlib
from typing import Any
from uuid import UUID

from app.db.tables import LoginCode, PendingLogin, User, now

_SHARED: Any = "FOR SHARE"
_CODE_LIFETIME = dt.timedelta(seconds=60)


def begin(state: str, browser: str, lifetime_seconds: int, *, lands: bool) -> None:
    """Note a login that a browser begins; `lands`: it ends on a page, and not with a token."""
    PendingLogin.delete().where(PendingLogin.expires_at < now()).execute()
    PendingLogin.create(
        state_hash=_digest(state),
        browser_hash=_digest(browser),
        lands=lands,
        expires_at=now() + dt.timedelta(seconds=lifetime_seconds),
    )


def take(state: str, browser: str) -> bool | None:
    """End a login's wait, and return whether it lands on a page; None where there is no such login of this browser's.

    What another browser sends changes nothing.
    """
    taken = list(
        PendingLogin.delete()
        .where(
            PendingLogin.state_hash == _digest(state),
            PendingLogin.browser_hash == _digest(browser),
            PendingLogin.expires_at > now(),
        )
        .returning(PendingLogin.lands)
        .execute()
    )
    return taken[0].lands if taken else None


def issue_code(code: str, browser: str, user: UUID) -> None:
    """Let this browser fetch a token for the user, once, within a minute."""
    LoginCode.delete().where(LoginCode.expires_at < now()).execute()
    LoginCode.create(
        code_hash=_digest(code), browser_hash=_digest(browser), user=user, expires_at=now() + _CODE_LIFETIME
    )


def take_code(code: str, browser: str) -> User | None:
    """Return the user, active, whose login this code ends; None where there is no such code of this browser's."""
    known = (
        LoginCode.code_hash == _digest(code),
        LoginCode.browser_hash == _digest(browser),
        LoginCode.expires_at > now(),
    )
    # The user first, as whoever ends the logins of one holds them: neither then waits for the other.
    holder = LoginCode.select(LoginCode.user).where(*known)
    user: User | None = User.select().where(User.id.in_(holder)).for_update(_SHARED).first()
    taken = LoginCode.delete().where(*known).execute()
    return user if user is not None and taken and user.active else None


def _digest(secret: str) -> str:
    # 256 random bits each: a plain digest cannot be searched. What is no UTF-8 came out of a header.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
