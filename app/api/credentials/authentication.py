"""Who sends a request: a user's token, a project's key, or a worker's internal key."""

import hmac
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.auditing import name_actor
from app.api.beforehand import beginning_of
from app.api.contract import Access, contract_of, is_page
from app.api.credentials import session_cookie
from app.api.credentials.sender import sender_of
from app.api.keys import ATTEMPTS, DATABASE, LOOKS, PRINCIPAL, PROXIES, SETTINGS
from app.api.openai import OPENAI_PREFIX
from app.core.access import Principal
from app.core.audit import Actor, ActorKind
from app.core.errors import KeyExpired, NotAuthenticated
from app.db import principals
from app.db.accounts import Origin
from app.db.looks import Key, Token
from app.logs import add_to_log

Authenticate = Callable[[], Awaitable[Principal]]
"""Asks who somebody is who stays: a login may end, and roles change."""

_BEARER = "bearer"

_INTERNAL_PREFIX = "/internal/"
_USER_AGENT_CHARACTERS = 200


@web.middleware
async def authentication_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody past without credentials, but where a route's contract says that it is public, or asks for them later.

    What has no contract, an address that does not exist among it, is told of to nobody without credentials.
    """
    if is_page(request.match_info.handler):
        return await handler(request)
    promised = contract_of(request.match_info.handler)
    if request.path.startswith(_INTERNAL_PREFIX) or (promised and promised.access is Access.WORKER):
        _require_internal_key(request)
        name_actor(Actor(ActorKind.WORKER))
    elif promised is None or not (promised.access is Access.PUBLIC or promised.credentials_later):
        if (begin := beginning_of(request.match_info.handler)) is not None:
            begin(request)
        request[PRINCIPAL] = await admit(request, *credentials(request))
    return await handler(request)


async def admit(request: web.Request, token: str | None, api_key: str | None) -> Principal:
    """Return who these credentials of a request belong to, where they are good for its route.

    The one gate of all routes: `NotAuthenticated` where they are missing or worth nothing, `TooManyAttempts` where too
    many from this address were, `PasswordChangeDue` where the login is good for changing its password alone, `MissingScope`
    where a key was made for other things.
    """
    try:
        principal = await _identify(request, token, api_key)
    except KeyExpired:
        raise
    except NotAuthenticated:
        if token is not None or api_key is not None:
            await request.app[ATTEMPTS].unknown_credentials(sender_of(request))
        raise
    # Before the scope is asked for: what is refused is noted with whom it was refused to.
    name_actor(principal.actor)
    add_to_log(user=_in_one_line(principal.name))
    promised = contract_of(request.match_info.handler)
    if promised is None or not promised.before_password_change:
        principal.require_own_password()
    principal.require_scope(promised.scope if promised else None)
    return principal


async def _identify(request: web.Request, token: str | None, api_key: str | None) -> Principal:
    if token is not None and request.path.startswith(OPENAI_PREFIX):
        # Programs written for OpenAI send the one secret that they have as a bearer token.
        return await request.app[DATABASE].run(principals.of_bearer, token)
    return await authenticate(request.app, token, api_key)


def origin_of(request: web.Request) -> Origin:
    """Return what a login is to be recognised by later."""
    address = request.app[PROXIES].sender(request)
    agent = _in_one_line(request.headers.get("User-Agent", "").strip()[:_USER_AGENT_CHARACTERS])
    return Origin(user_agent=agent or None, address=None if address is None else str(address))


def credentials(request: web.Request) -> tuple[str | None, str | None]:
    """Return the token and the API key that the request's headers carry.

    A page's cookie counts where there is neither. Raises `CrossSiteRequest` where it is not ours to use.
    """
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    token = value.strip() if scheme.lower() == _BEARER else None
    api_key = request.headers.get("X-API-Key") or None
    return token or (None if api_key else session_cookie.token_of(request)), api_key


async def authenticate(app: web.Application, token: str | None, api_key: str | None) -> Principal:
    """Return who these credentials belong to; `NotAuthenticated` where they are missing or worth nothing.

    A busy program's requests are looked up together, but each after it came: what is revoked is worth nothing at once.
    """
    if token is not None:
        return await app[LOOKS].principal(Token(token))
    if api_key is not None:
        return await app[LOOKS].principal(Key(api_key))
    raise NotAuthenticated


def authenticator(app: web.Application, token: str | None, api_key: str | None) -> Authenticate:
    """Return what asks again, each time that it is called, who these credentials belong to."""
    return partial(authenticate, app, token, api_key)


def _in_one_line(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _require_internal_key(request: web.Request) -> None:
    expected = request.app[SETTINGS].internal_key.get_secret_value()
    given = request.headers.get("X-Internal-Key", "")
    if not expected or not hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode()):
        raise NotAuthenticated(
            "The internal key is missing or wrong.",
            remedy="Workers send VOCALYX_INTERNAL_KEY, the same as the API's, as X-Internal-Key.",
        )
