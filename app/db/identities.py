"""Users whom a provider of logins names. One transaction a function.

A user of ours is found by issuer and subject alone. A name, or an address, that the provider gives may be somebody else's
here: only an administrator links it to a user who is there.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.core.audit import Action, Actor, ActorKind
from app.core.errors import Conflict, NotFound, VocalyxError
from app.core.identifiers import EventId
from app.db import accounts, audit, events, sessions, users
from app.db.summaries import iso
from app.db.tables import Identity, User, database, now

# As users who are added by hand are named.
_NAME = re.compile(r"[\w.@+-]{1,200}")
_PROVIDER = Actor(ActorKind.SYSTEM, name="oidc")

R = TypeVar("R")

logger = logging.getLogger(__name__)


class OidcNameTaken(VocalyxError):
    """Whoever has that name here was there before, and is not handed over to whoever has it there."""

    status = 409
    code = "oidc-name-taken"
    title = "Somebody here has this name already"
    default_detail = "A user of this name is here already, and is not linked with the provider's."
    default_remedy = (
        "If that is you, ask an administrator to link the two: the subject is in the audit log, under login.failed."
    )
    audited_as = Action.LOGIN_FAILED


class OidcNameMissing(VocalyxError):
    status = 502
    code = "oidc-name-missing"
    title = "The provider gives no name for a new user"
    default_detail = "The claim that names new users is missing, or is no name that a user can have here."
    default_remedy = (
        "Operators: name another claim in VOCALYX_OIDC_NAME_CLAIM, or have the provider put it into the id_token."
    )
    audited_as = Action.LOGIN_FAILED


class OidcUserInactive(VocalyxError):
    status = 403
    code = "oidc-user-inactive"
    title = "This user may not log in"
    default_detail = "The user was deactivated here, whatever the provider says."
    default_remedy = "Ask an administrator of the site."
    audited_as = Action.LOGIN_FAILED


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom the provider names. `administrator` is None where that is not the provider's to say."""

    issuer: str
    subject: str
    name: str | None
    administrator: bool | None


def log_in(claimed: Claimed, begin: Callable[[User], R]) -> R:
    """Return what `begin` makes of the user whom a provider names; a new one, without a password, at the first login.

    Raises `OidcNameTaken`, `OidcNameMissing` or `OidcUserInactive`.
    """
    # Of two first logins at once one makes the user.
    lock = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
    database.execute_sql(lock, (f"identity {claimed.issuer} {claimed.subject}",))
    try:
        user, changed = _held(claimed)
    except VocalyxError as error:
        error.audit_details = {"issuer": claimed.issuer, "subject": claimed.subject}
        raise
    begun = begin(user)
    if changed:
        events.append_access(user=user.id)
    return begun


def link(username: str, issuer: str, subject: str) -> dict[str, Any]:
    """Say that a provider's subject is this user, in the place of any other one; `Conflict` where it is another user."""
    user = _named(username)
    there = _find(issuer, subject)
    if there is not None and there.user_id != user.id:
        raise Conflict("This subject is linked with another user.", remedy="Take that link away first.")
    if there is None:
        Identity.delete().where(Identity.user == user, Identity.issuer == issuer).execute()
        there = Identity.create(issuer=issuer, subject=subject, user=user)
        audit.record(Action.USER_LINKED, user.id, name=username, issuer=issuer, subject=subject)
    return {
        "username": username,
        "issuer": issuer,
        "subject": subject,
        "created_at": iso(there.created_at),
        "last_login_at": iso(there.last_login_at),
    }


def unlink(username: str, issuer: str) -> EventId:
    """Take a user's link with a provider away, and end the user's logins; `NotFound` where there is none."""
    user = _named(username)
    if not Identity.delete().where(Identity.user == user, Identity.issuer == issuer).execute():
        raise NotFound(f"{username!r} is not linked with the provider.")
    sessions.remove(user.id)
    audit.record(Action.USER_UNLINKED, user.id, name=username, issuer=issuer)
    return events.append_credentials_ended(user=user.id)


def _held(claimed: Claimed) -> tuple[User, bool]:
    """Return the user, whom nobody deactivates, unlinks or removes meanwhile, and whether what they may do has changed."""
    while True:
        with database.atomic() as look:
            found = _find(claimed.issuer, claimed.subject)
            user, changed = (_created(claimed), False) if found is None else _known(found, claimed)
            # The user first, as whoever ends the logins of one holds them; and after all administrators, where they are held.
            query: Any = User.select().where(User.id == user.id)
            there = query.for_update("FOR SHARE").first()
            if there is not None and not there.active:
                raise OidcUserInactive
            linked = Identity.update(last_login_at=now()).where(
                Identity.issuer == claimed.issuer, Identity.subject == claimed.subject, Identity.user == user
            )
            if linked.execute():
                return user, changed
            # Unlinked or removed since it was found: who it is now is looked up anew, and nothing was done.
            look.rollback()


def _created(claimed: Claimed) -> User:
    if claimed.name is None or not _NAME.fullmatch(claimed.name):
        raise OidcNameMissing
    try:
        user = accounts.add_user(claimed.name, None, administrator=bool(claimed.administrator), actor=_PROVIDER)
    except Conflict as error:
        raise OidcNameTaken(f"A user named {claimed.name!r} is here already, and is not linked with yours.") from error
    Identity.create(issuer=claimed.issuer, subject=claimed.subject, user=user)
    return user


def _known(found: Any, claimed: Claimed) -> tuple[User, bool]:
    """Return the user, and whether what they may do has changed."""
    user: Any = found.user
    if not user.active:
        raise OidcUserInactive
    differs = claimed.administrator is not None and claimed.administrator != user.administrator
    return user, differs and _promote(user, administrator=bool(claimed.administrator))


def _promote(user: Any, *, administrator: bool) -> bool:
    if not administrator and users.administrators() <= {user.id}:
        logger.warning("the provider would leave nobody to administer the site: %s stays administrator", user.username)
        return False
    user.administrator = administrator
    user.save(only=[User.administrator])
    audit.record(Action.USER_CHANGED, user.id, actor=_PROVIDER, name=user.username, administrator=administrator)
    return True


def _find(issuer: str, subject: str) -> Any:
    return (
        Identity.select(Identity, User).join(User).where(Identity.issuer == issuer, Identity.subject == subject).first()
    )


def _named(username: str) -> Any:
    user = User.get_or_none(User.username == username)
    if user is None:
        raise NotFound(f"There is no user named {username!r}.")
    return user
