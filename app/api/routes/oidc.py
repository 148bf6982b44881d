"""Logging in by the site's provider of OpenID Connect, and which of its subjects is which of our users."""

import re
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.credentials import session_cookie
from app.api.credentials.authentication import origin_of
from app.api.filtering import read_query
from app.api.keys import DATABASE, DELIVERY, OIDC, PRINCIPAL, REFUSED_ON, SETTINGS
from app.api.oidc import binding
from app.api.oidc.errors import (
    OidcAnswerUnusable,
    OidcDenied,
    OidcLoginUnknown,
    OidcNotConfigured,
    OidcProviderDown,
)
from app.api.oidc.provider import Oidc
from app.api.parameters import USERNAME
from app.api.requests import OneLine, check_text, read_json
from app.core.audit import Action
from app.core.errors import Conflict, CrossSiteRequest, InvalidFields
from app.db import accounts, identities, pending_logins
from app.db.identities import Claimed, OidcNameMissing, OidcNameTaken, OidcUserInactive

_ERROR_CODE = re.compile(r"[a-z_]{1,40}")
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

routes = web.RouteTableDef()


class Ending(StrEnum):
    """How a login ends: with the token as JSON, or on the site's page, which fetches the token with a code."""

    JSON = "json"
    PAGE = "page"


# What RFC 6749 lets these be; escaped, all of them together fit the line that aiohttp reads an address from (8 190 bytes).
_PRINTABLE = r"^[\x20-\x7e]*$"


class LoginQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ending: Annotated[
        Ending | None,
        Field(
            description="`json`: the browser is shown the token, to copy into a program. `page`: it goes to the site's "
            "page, where the operator has set one, and does so where this is left out."
        ),
    ] = None


class CallbackQuery(BaseModel):
    """What the provider says through the browser. It may say more than is heeded."""

    state: Annotated[str | None, Field(max_length=100, pattern=_PRINTABLE)] = None
    code: Annotated[str | None, Field(min_length=1, max_length=2048, pattern=_PRINTABLE)] = None
    iss: Annotated[
        str | None, Field(max_length=255, pattern=_PRINTABLE, description="The issuer, where the provider names it.")
    ] = None
    error: Annotated[str | None, Field(max_length=100, pattern=_PRINTABLE, description="Why there is no code.")] = None


class LoginCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=200, description="The `code` in the page's address.")]


class Subject(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: Annotated[
        OneLine, Field(min_length=1, max_length=255, description="The `sub` by which the provider knows the user.")
    ]


@routes.get("/api/auth/oidc/login", allow_head=False)
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    query=LoginQuery,
    answers={
        303: Reply(
            description="On to the provider.",
            headers={"Location": "Where to log in.", "Set-Cookie": "What ties the login to this browser."},
        )
    },
    errors=(OidcNotConfigured, OidcAnswerUnusable, OidcProviderDown),
)
async def begin(request: web.Request) -> web.Response:
    """Begin a login at the site's provider of OpenID Connect: open it in a browser.

    409 where the site has none.
    """
    oidc, query = _oidc(request), read_query(request, LoginQuery)
    landing = oidc.configuration.landing
    if query.ending is Ending.PAGE and landing is None:
        raise InvalidFields([{"field": "ending", "message": "The site has no page for this."}])
    lands = landing is not None and query.ending is not Ending.JSON
    if lands and landing is not None:
        request[REFUSED_ON] = landing
    state, secret = binding.new_secret(), binding.new_secret()
    address = await oidc.authorization_address(
        state=state,
        nonce=binding.derived(secret, "nonce", state),
        verifier=binding.derived(secret, "verifier", state),
    )
    await request.app[DATABASE].run(pending_logins.begin, state, secret, binding.LIFETIME_SECONDS, lands=lands)
    response = web.Response(status=303, headers=_PRIVATE | {"Location": str(address)})
    binding.give(response, state, secret, secure=oidc.configuration.secure)
    return response


@routes.get("/api/auth/oidc/callback", allow_head=False)
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    query=CallbackQuery,
    answers={
        200: answers.AccessToken,
        303: Reply(
            description="On to the site's page, with a `code` behind the `#` of its address, or, where a person's browser "
            "asks (`Accept: text/html`) and the login is refused, with the `error`: a problem's code.",
            headers={"Location": "The page.", "Set-Cookie": "What ties the code to this browser."},
        ),
    },
    errors=(
        OidcNotConfigured,
        OidcLoginUnknown,
        OidcDenied,
        OidcNameTaken,
        OidcNameMissing,
        OidcUserInactive,
        OidcAnswerUnusable,
        OidcProviderDown,
    ),
    audited=(Action.LOGIN_SUCCEEDED, Action.USER_CREATED),
)
async def come_back(request: web.Request) -> web.Response:
    """Finish a login: the provider sends the browser here.

    At the first login a user is made, without a password. A user who is here already is never taken over by name: 409,
    until an administrator links the two.
    """
    oidc = _oidc(request)
    # Where it is not known what this was the end of, a browser in front of a person is told on the page, too.
    if oidc.configuration.landing is not None:
        request[REFUSED_ON] = oidc.configuration.landing
    query = read_query(request, CallbackQuery)
    state, secure = query.state or "", oidc.configuration.secure
    secret = binding.held(request, state, secure=secure)
    lands = None if secret is None else await request.app[DATABASE].run(pending_logins.take, state, secret)
    if lands is False:
        request[REFUSED_ON] = ""
    if query.error is not None:
        raise _denied(query.error)
    if secret is None or lands is None:
        raise OidcLoginUnknown
    if query.code is None:
        raise InvalidFields([{"field": "code", "message": "The provider sent none."}])
    claimed = await oidc.identify(
        code=query.code,
        issuer=query.iss,
        nonce=binding.derived(secret, "nonce", state),
        verifier=binding.derived(secret, "verifier", state),
    )
    response = await (_landed(request, oidc, claimed, secret) if lands else _logged_in(request, claimed))
    binding.forget(response, state, secure=secure)
    return response


@routes.post("/api/auth/oidc/token")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    body=LoginCode,
    example={"code": "q0Zl3pYh0m2cX4w8n1Rk5tVb7sGdJf9aLuEoHiBxTyM"},
    answers={200: answers.AccessToken},
    errors=(OidcNotConfigured, OidcLoginUnknown),
    audited=Action.LOGIN_SUCCEEDED,
)
async def exchange(request: web.Request) -> web.Response:
    """Exchange the code with which a login has come to the site's page for a bearer token.

    Once, within a minute, and by the browser that logged in.
    """
    sent = await read_json(request, LoginCode)
    token = await _exchanged(request, sent.code)
    response = _answer(token, request.app[SETTINGS].session_lifetime)
    binding.forget(response, sent.code, secure=_oidc(request).configuration.secure)
    return response


@routes.post("/api/auth/oidc/session")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    body=LoginCode,
    example={"code": "q0Zl3pYh0m2cX4w8n1Rk5tVb7sGdJf9aLuEoHiBxTyM"},
    answers={204: Reply(headers={"Set-Cookie": "The login, which no script can read."})},
    errors=(OidcNotConfigured, OidcLoginUnknown, CrossSiteRequest),
    audited=Action.LOGIN_SUCCEEDED,
)
async def exchange_by_cookie(request: web.Request) -> web.Response:
    """Exchange the code with which a login has come to the site's page for a cookie, as the page does.

    Once, within a minute, and by the browser that logged in.
    """
    session_cookie.require_own_page(request)
    sent = await read_json(request, LoginCode)
    token = await _exchanged(request, sent.code)
    response = web.Response(status=204, headers=_PRIVATE)
    session_cookie.keep(response, request, token, request.app[SETTINGS].session_lifetime)
    binding.forget(response, sent.code, secure=_oidc(request).configuration.secure)
    return response


@routes.put("/api/users/{username}/oidc")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"username": USERNAME},
    body=Subject,
    example={"subject": "248289761001"},
    answers={200: answers.LinkedIdentity},
    errors=(OidcNotConfigured, Conflict),
    audited=Action.USER_LINKED,
)
async def link(request: web.Request) -> web.Response:
    """Say which subject of the provider a user is, who from then on logs in there, too.

    Whoever the provider knows by this subject becomes that user here: be sure of it. It takes the place of any other one.
    """
    request[PRINCIPAL].require_administrator()
    issuer = _oidc(request).configuration.issuer
    username, wanted = check_text(request.match_info["username"], "username"), await read_json(request, Subject)
    return web.json_response(await request.app[DATABASE].run(identities.link, username, issuer, wanted.subject))


@routes.delete("/api/users/{username}/oidc")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"username": USERNAME},
    answers={204: None},
    errors=(OidcNotConfigured,),
    audited=Action.USER_UNLINKED,
)
async def unlink(request: web.Request) -> web.Response:
    """Take away that a user logs in by the provider, and end the logins of this user."""
    request[PRINCIPAL].require_administrator()
    issuer = _oidc(request).configuration.issuer
    username = check_text(request.match_info["username"], "username")
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(identities.unlink, username, issuer))
    return web.Response(status=204)


async def _exchanged(request: web.Request, code: str) -> str:
    """Return the token of a new login; `OidcLoginUnknown` where the code is not this browser's, or is used up."""
    oidc, database, lifetime = _oidc(request), request.app[DATABASE], request.app[SETTINGS].session_lifetime
    secret = binding.held(request, code, secure=oidc.configuration.secure)
    origin = origin_of(request)

    def unit(browser: str) -> str | None:
        user = pending_logins.take_code(code, browser)
        return None if user is None else accounts.begin_session(user, lifetime, origin, method="oidc")

    token = None if secret is None else await database.run(unit, secret)
    if token is None:
        raise OidcLoginUnknown
    return token


async def _logged_in(request: web.Request, claimed: Claimed) -> web.Response:
    lifetime, origin = request.app[SETTINGS].session_lifetime, origin_of(request)

    def unit() -> str:
        return identities.log_in(claimed, lambda user: accounts.begin_session(user, lifetime, origin, method="oidc"))

    return _answer(await request.app[DATABASE].run(unit), lifetime)


async def _landed(request: web.Request, oidc: Oidc, claimed: Claimed, secret: str) -> web.Response:
    code = binding.new_secret()

    def unit() -> None:
        identities.log_in(claimed, lambda user: pending_logins.issue_code(code, secret, user.id))

    await request.app[DATABASE].run(unit)
    # Behind the '#': what stands there is sent to no server, and is in no log.
    response = web.Response(status=303, headers=_PRIVATE | {"Location": f"{oidc.configuration.landing}#code={code}"})
    binding.give(response, code, secret, secure=oidc.configuration.secure)
    return response


def _answer(token: str, lifetime: int) -> web.Response:
    return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": lifetime}, headers=_PRIVATE)


def _oidc(request: web.Request) -> Oidc:
    found = request.app.get(OIDC)
    if found is None:
        raise OidcNotConfigured
    return found


def _denied(reason: str) -> OidcDenied:
    """Return the refusal, with the provider's reason where that is a plain code; its longer words are anybody's."""
    return OidcDenied(f"The provider says: {reason}." if _ERROR_CODE.fullmatch(reason) else None)
