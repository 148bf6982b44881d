"""Logging in and out."""

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field, TypeAdapter

from app.api import answers
from app.api.auditing import LOGIN_NAME
from app.api.contract import Access, Form, Reply, Tag, contract
from app.api.credentials import session_cookie
from app.api.credentials.authentication import credentials, origin_of
from app.api.credentials.sender import sender_of
from app.api.keys import ATTEMPTS, DATABASE, DELIVERY, OIDC, PASSWORD_SLOTS, PRINCIPAL, SETTINGS
from app.api.requests import read_json, validate
from app.core.access import Scope
from app.core.audit import Action
from app.core.errors import BadRequest, CrossSiteRequest, TooManyAttempts, WrongCredentials
from app.db import accounts

routes = web.RouteTableDef()


class Login(BaseModel):
    username: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


_PROVIDER = "/api/auth/oidc/login?ending=page"


@routes.get("/api/auth/ways")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    answers={200: answers.LoginWays},
)
async def login_ways(request: web.Request) -> web.Response:
    """Say how people can log in on the site's page: by their password, and by the site's provider where it has one."""
    oidc = request.app.get(OIDC)
    lands = oidc is not None and oidc.configuration.landing is not None
    return web.json_response({"password": True, "provider": _PROVIDER if lands else None})


@routes.post("/api/auth/token")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    body=(Login, Form(Login)),
    example={"username": "anna", "password": "a long enough password"},
    answers={200: answers.AccessToken},
    errors=(WrongCredentials, TooManyAttempts),
    audited=Action.LOGIN_SUCCEEDED,
)
async def log_in(request: web.Request) -> web.Response:
    """Exchange a name and a password, as a form or as JSON, for a bearer token.

    After too many failures with a name, or from an address, further attempts wait: 429 says how long.
    """
    login = await (read_json(request, Login) if request.content_type == "application/json" else _read_form(request))
    token = await _opened(request, login)
    return web.json_response(
        {"access_token": token, "token_type": "bearer", "expires_in": request.app[SETTINGS].session_lifetime}
    )


@routes.post("/api/auth/session")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    body=Login,
    example={"username": "anna", "password": "a long enough password"},
    answers={204: Reply(headers={"Set-Cookie": "The login, which no script can read."})},
    errors=(WrongCredentials, TooManyAttempts, CrossSiteRequest),
    audited=Action.LOGIN_SUCCEEDED,
)
async def log_in_by_cookie(request: web.Request) -> web.Response:
    """Exchange a name and a password for a cookie, as a page does.

    The cookie counts wherever a bearer token does, in requests that come from a page of this very address.
    """
    session_cookie.require_own_page(request)
    token = await _opened(request, await read_json(request, Login))
    response = web.Response(status=204)
    session_cookie.keep(response, request, token, request.app[SETTINGS].session_lifetime)
    return response


@routes.delete("/api/auth/session")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    credentials_later=True,
    answers={204: None},
    errors=(CrossSiteRequest,),
    audited=Action.LOGIN_ENDED,
)
async def log_out_by_cookie(request: web.Request) -> web.Response:
    """End the login that the cookie, or a bearer token, stands for, and let the browser forget it."""
    await _end(request)
    response = web.Response(status=204)
    session_cookie.forget(response, request)
    return response


async def _opened(request: web.Request, login: Login) -> str:
    """Return the token of a new login."""
    request[LOGIN_NAME] = login.username
    database, lifetime = request.app[DATABASE], request.app[SETTINGS].session_lifetime
    async with request.app[ATTEMPTS].login(login.username, sender_of(request)):
        known = await database.run(accounts.password_hash_of, login.username)
        async with request.app[PASSWORD_SLOTS]:
            await asyncio.to_thread(accounts.verify_password, known, login.password)
        return await database.run(accounts.open_session, login.username, known, lifetime, origin_of(request))


@routes.delete("/api/auth/token")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.PUBLIC,
    credentials_later=True,
    answers={204: None},
    audited=Action.LOGIN_ENDED,
)
async def log_out(request: web.Request) -> web.Response:
    """End the login that the request's own token stands for.

    The address is an open one: without a token it does nothing.
    """
    await _end(request)
    return web.Response(status=204)


async def _end(request: web.Request) -> None:
    token, _ = credentials(request)
    if token is not None:
        await request.app[DELIVERY].wake(await request.app[DATABASE].run(accounts.log_out, token))


@routes.get("/api/auth/me")
@contract(
    tag=Tag.SIGNING_IN,
    access=Access.SIGNED_IN,
    scope=None,
    before_password_change=True,
    answers={200: answers.Me},
)
async def me(request: web.Request) -> web.Response:
    """Say who the credentials belong to, and which roles they carry."""
    principal = request[PRINCIPAL]
    return web.json_response(
        {
            "id": str(principal.user) if principal.user else None,
            "name": principal.name,
            "administrator": principal.administrator,
            "roles": {str(project): str(role) for project, role in principal.roles.items()},
            "scopes": None if principal.scopes is None else [scope for scope in Scope if scope in principal.scopes],
            "password_change_due": principal.password_change_due,
            "expires_at": principal.expires_at.isoformat() if principal.expires_at else None,
        }
    )


async def _read_form(request: web.Request) -> Login:
    try:
        # A login form is small: aiohttp's own reader, with the application's limit, will do.
        values = dict(await request.post())
    except (ValueError, LookupError, AssertionError, web.RequestPayloadError) as error:
        raise BadRequest(
            "The form cannot be read.", remedy="Send username and password as a form or as JSON."
        ) from error
    return validate(TypeAdapter(Login), values)
