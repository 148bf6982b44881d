"""The audit log's side of a request: whose it is, and what was refused. What is done, the units of work record."""

import asyncio
import datetime as dt
import logging
from collections.abc import Hashable
from dataclasses import replace
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.contract import contract_of
from app.api.credentials.sender import sender_of
from app.api.keys import AUDITED_LATELY, DATABASE, PROXIES, REQUEST_ID, SETTINGS
from app.core.audit import Action, Actor, ActorKind, Outcome, Source, current_source
from app.core.errors import DependencyDown, VocalyxError, WrongCredentials
from app.db import accounts, audit

_NOBODY = Actor(ActorKind.NOBODY)
_REFUSED_AGAIN_SECONDS = 60.0
_READ_AGAIN_SECONDS = 600.0
_PURGE_SECONDS = 3600.0
# Addresses name users as the members of a project that they mostly are.
_KINDS = {"member": "user"}

LOGIN_NAME = web.RequestKey("login_name", str)
"""The name under which somebody tries to log in."""

logger = logging.getLogger(__name__)


@web.middleware
async def audit_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say from where the request comes, and record it where it is refused to whoever sends it."""
    address = request.app[PROXIES].sender(request)
    current_source.set(Source(_NOBODY, None if address is None else str(address), request[REQUEST_ID]))
    try:
        return await handler(request)
    except VocalyxError as error:
        if error.audited_as is not None:
            await _record_refusal(request, error, error.audited_as)
        raise


def name_actor(actor: Actor) -> None:
    """Say whose the running request is, once that is known."""
    current_source.set(replace(current_source.get(), actor=actor))


def reading(request: web.Request, transcription: UUID) -> tuple[Hashable, bool]:
    """Return by what this reading of a recording is known, and whether it is to be recorded.

    Asking for the head alone reads nothing; what was recorded within ten minutes is the same reading.
    """
    source = current_source.get()
    what = ("audio", source.actor, source.address, transcription)
    return what, request.method == "GET" and not request.app[AUDITED_LATELY].knows(what)


def note_reading(request: web.Request, what: Hashable) -> None:
    """Let the next ten minutes of this reading pass: its entry stands."""
    request.app[AUDITED_LATELY].note(what, _READ_AGAIN_SECONDS)


async def purge_old_entries(app: web.Application) -> None:
    """Remove what is older than the log is kept, every hour, for ever."""
    kept = dt.timedelta(days=app[SETTINGS].audit_days)
    while kept:
        try:
            purged = await app[DATABASE].run(audit.purge, kept)
            if purged:
                logger.info("purged the audit log", extra={"fields": {"entries": purged}})
        except DependencyDown as error:
            logger.warning("purging the audit log waits: %s", error.detail)
        except Exception:
            # Whatever went wrong with one round must not end all later ones.
            logger.exception("purging the audit log failed")
        await asyncio.sleep(_PURGE_SECONDS)


async def _record_refusal(request: web.Request, error: VocalyxError, action: Action) -> None:
    route = request.match_info.route.resource
    path = route.canonical if route is not None else ""
    kind, thing = _thing(request)
    details: dict[str, Any] = {"code": error.code, "method": request.method, "route": path, **error.audit_details}
    if not isinstance(error, WrongCredentials):
        # Whoever hammers at one door is one entry a minute; the server's log has every request. Of those who have not said
        # who they are, all doors of a kind are one: things can be named without end.
        source = current_source.get()
        which = None if source.actor.kind is ActorKind.NOBODY else thing
        # And a site of IPv6 has an address for each request.
        what = ("refused", source.actor, sender_of(request), which, tuple(sorted(details.items())))
        if request.app[AUDITED_LATELY].knows(what):
            return
        request.app[AUDITED_LATELY].note(what, _REFUSED_AGAIN_SECONDS)

    def unit() -> None:
        if action is Action.LOGIN_FAILED:
            # A name that nobody has is not kept: it may be a password, typed into the wrong field.
            user = accounts.id_of(request.get(LOGIN_NAME, ""))
            audit.record(action, user, outcome=Outcome.REFUSED, **details)
        else:
            project = error.project or (_as_id(thing) if kind == "project" else None)
            audit.record(action, thing, kind=kind, project=project, outcome=Outcome.REFUSED, **details)

    try:
        await request.app[DATABASE].run(unit)
    except DependencyDown:
        # The refusal stands; that it is not in the audit log is told where the operator looks.
        logger.warning("a refusal is not in the audit log: PostgreSQL does not answer", extra={"fields": details})


def _thing(request: web.Request) -> tuple[str | None, str | None]:
    """Return the kind and the id of what the address is about: the first thing that it names."""
    promised = contract_of(request.match_info.handler)
    for name, parameter in (promised.path if promised else {}).items():
        return _KINDS.get(parameter.names, parameter.names), request.match_info[name]
    return None, None


def _as_id(text: str | None) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError):
        return None
