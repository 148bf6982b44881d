"""One's own logins, and one's own password."""

import asyncio
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.credentials.logins import NewPassword
from app.api.credentials.sender import sender_of
from app.api.keys import ATTEMPTS, DATABASE, DELIVERY, PASSWORD_SLOTS, PRINCIPAL
from app.api.parameters import SESSION
from app.api.requests import path_id, read_json
from app.core.audit import Action
from app.core.errors import InvalidFields, TooManyAttempts, WrongCredentials, WrongPassword
from app.db import accounts, sessions, users

routes = web.RouteTableDef()


class PasswordChange(BaseModel):
    """The old one proves that it is you who is at the screen."""

    old_password: Annotated[str, Field(min_length=1, max_length=1000)]
    new_password: NewPassword


@routes.get("/api/auth/sessions")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PERSON,
    answers={200: answers.SessionList},
)
async def list_sessions(request: web.Request) -> web.Response:
    """List your logins that last, the one used last first."""
    principal = request[PRINCIPAL]
    found = await request.app[DATABASE].run(sessions.list_sessions, principal.require_user())
    return web.json_response({"items": [_shown(session, current=session.id == principal.session) for session in found]})


@routes.delete("/api/auth/sessions")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PERSON,
    answers={204: None},
    audited=Action.LOGIN_ENDED,
)
async def end_other_sessions(request: web.Request) -> web.Response:
    """End all your logins but this one, and what listens on them."""
    principal = request[PRINCIPAL]
    event = await request.app[DATABASE].run(sessions.end_others, principal.require_user(), principal.session)
    await request.app[DELIVERY].wake(event)
    return web.Response(status=204)


@routes.delete("/api/auth/sessions/{id}")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PERSON,
    path={"id": SESSION},
    answers={204: None},
    audited=Action.LOGIN_ENDED,
)
async def end_session(request: web.Request) -> web.Response:
    """End one of your logins, and what listens on it."""
    user = request[PRINCIPAL].require_user()
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(sessions.end, user, path_id(request)))
    return web.Response(status=204)


@routes.put("/api/auth/password")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PERSON,
    before_password_change=True,
    body=PasswordChange,
    example={"old_password": "a long enough password", "new_password": "another long password"},
    answers={204: None},
    errors=(WrongPassword, TooManyAttempts),
    audited=Action.USER_PASSWORD_CHANGED,
)
async def change_password(request: web.Request) -> web.Response:
    """Change your password; all your other logins end.

    Where an administrator has chosen it, this comes before all else: other requests are answered 403 until then.
    """
    principal = request[PRINCIPAL]
    user = principal.require_user()
    change = await read_json(request, PasswordChange)
    if change.new_password == change.old_password:
        raise InvalidFields([{"field": "new_password", "code": "same", "message": "This is the old password."}])
    database = request.app[DATABASE]
    async with request.app[ATTEMPTS].login(principal.name, sender_of(request)):
        known = await database.run(accounts.password_hash_of, principal.name)
        async with request.app[PASSWORD_SLOTS]:
            await asyncio.to_thread(_verify, known, change.old_password)
            password_hash = await asyncio.to_thread(accounts.hash_password, change.new_password)
        event = await database.run(users.change_own_password, user, known, password_hash, principal.session)
    await request.app[DELIVERY].wake(event)
    return web.Response(status=204)


def _verify(password_hash: str | None, password: str) -> None:
    try:
        accounts.verify_password(password_hash, password)
    except WrongCredentials as error:
        raise WrongPassword(field="old_password") from error


def _shown(session: Any, *, current: bool) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "current": current,
        "created_at": session.created_at.isoformat(),
        "last_used_at": session.last_used_at.isoformat(),
        "expires_at": session.expires_at.isoformat(),
        "user_agent": session.user_agent,
        "address": session.address,
    }
