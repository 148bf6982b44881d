"""The site's users, for its administrators."""

import asyncio
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field, StrictBool

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, PASSWORD_SLOTS, PRINCIPAL
from app.api.requests import read_json
from app.core.errors import Conflict
from app.db import accounts

routes = web.RouteTableDef()


class NewUser(BaseModel):
    username: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.@+-]+$")]
    password: Annotated[str, Field(min_length=12, max_length=1000)]
    administrator: StrictBool = False


@routes.get("/api/users")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    answers={200: answers.UserList},
)
async def list_users(request: web.Request) -> web.Response:
    """List the users of the site."""
    request[PRINCIPAL].require_administrator()
    users = await request.app[DATABASE].run(accounts.list_users)
    return web.json_response({"items": [_shown(user) for user in users]})


@routes.post("/api/users")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    body=NewUser,
    example={"username": "ben", "password": "a long enough password"},
    answers={201: answers.User},
    errors=(Conflict,),
)
async def create_user(request: web.Request) -> web.Response:
    """Add a user."""
    request[PRINCIPAL].require_administrator()
    new = await read_json(request, NewUser)
    async with request.app[PASSWORD_SLOTS]:
        password_hash = await asyncio.to_thread(accounts.hash_password, new.password)
    user = await request.app[DATABASE].run(
        accounts.add_user, new.username, password_hash, administrator=new.administrator
    )
    return web.json_response(_shown(user), status=201)


def _shown(user: Any) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.username,
        "administrator": user.administrator,
        "active": user.active,
        "created_at": user.created_at.isoformat(),
    }
