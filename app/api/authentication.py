"""Who sends a request: a user's token, a project's key, or a worker's internal key."""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.contract import Access, contract_of
from app.api.keys import DATABASE, PRINCIPAL, SETTINGS
from app.api.openai import OPENAI_PREFIX
from app.core.access import Principal
from app.core.errors import NotAuthenticated
from app.db import accounts
from app.db.database import Database
from app.logs import log_context

_BEARER = "bearer"

_INTERNAL_PREFIX = "/internal/"


@web.middleware
async def authentication_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody past without credentials, but where a route's contract says that it is public, or asks for them later.

    What has no contract, an address that does not exist among it, is told of to nobody without credentials.
    """
    promised = contract_of(request.match_info.handler)
    if request.path.startswith(_INTERNAL_PREFIX) or (promised and promised.access is Access.WORKER):
        _require_internal_key(request)
    elif promised is None or not (promised.access is Access.PUBLIC or promised.credentials_later):
        token, api_key = credentials(request)
        if token is not None and request.path.startswith(OPENAI_PREFIX):
            # Programs written for OpenAI send the one secret that they have as a bearer token.
            principal = await request.app[DATABASE].run(accounts.principal_of_bearer, token)
        else:
            principal = await authenticate(request.app[DATABASE], token, api_key)
        request[PRINCIPAL] = principal
        log_context.set(log_context.get() | {"user": _in_one_line(principal.name)})
    return await handler(request)


def credentials(request: web.Request) -> tuple[str | None, str | None]:
    """Return the token and the API key that the request's headers carry."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    token = value.strip() if scheme.lower() == _BEARER else None
    return token or None, request.headers.get("X-API-Key") or None


async def authenticate(database: Database, token: str | None, api_key: str | None) -> Principal:
    """Return who these credentials belong to; `NotAuthenticated` where they are missing or worth nothing."""
    if token is not None:
        return await database.run(accounts.principal_of_token, token)
    if api_key is not None:
        return await database.run(accounts.principal_of_key, api_key)
    raise NotAuthenticated


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
