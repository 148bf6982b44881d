"""The site's users, for its administrators."""

from typing import Annotated, Any, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, model_validator

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.credentials.logins import NewPassword, NewUsername, hashed
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import USER, PageCursor
from app.api.requests import path_id, read_json, validate
from app.core.audit import Action
from app.core.errors import Conflict, LastAdministrator
from app.db import accounts, users

routes = web.RouteTableDef()

_LONGEST_PAGE = 200


MustChange = Annotated[
    StrictBool,
    Field(description="A login by this password is good for changing it alone: `password-change-due` until then."),
]


class NewUser(BaseModel):
    username: NewUsername
    password: NewPassword
    administrator: StrictBool = False
    must_change_password: MustChange = False


class UserChange(BaseModel):
    """At least one of the two."""

    active: Annotated[
        StrictBool | None, Field(description="`false` ends all logins of the user, and lets nobody in.")
    ] = None
    administrator: StrictBool | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.active is None and self.administrator is None:
            raise ValueError("active or administrator is needed")
        return self


class PasswordOfUser(BaseModel):
    password: NewPassword
    must_change_password: MustChange = False


class UserQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    search: Annotated[
        str | None,
        Field(
            min_length=1, max_length=200, description="Users whose name has this in it; case and accents do not count."
        ),
    ] = None
    active: Annotated[bool | None, Field(description="Those who can log in, or those who cannot.")] = None
    administrator: Annotated[bool | None, Field(description="Administrators, or the others.")] = None
    limit: Annotated[int, Field(ge=1, le=_LONGEST_PAGE, description="How many a page.")] = 50
    cursor: PageCursor = None


@routes.get("/api/users")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    query=UserQuery,
    answers={200: answers.UserList},
)
async def list_users(request: web.Request) -> web.Response:
    """List the users of the site by name, a page at a time."""
    request[PRINCIPAL].require_administrator()
    query = validate(TypeAdapter(UserQuery), dict(request.query))
    page = await request.app[DATABASE].run(users.list_page, **query.model_dump())
    return web.json_response({"items": [_shown(user) for user in page.users], "next_cursor": page.next_cursor})


@routes.post("/api/users")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    body=NewUser,
    example={"username": "ben", "password": "a long enough password"},
    answers={201: Reply(answers.User, headers={"Location": "The user's address."})},
    errors=(Conflict,),
    audited=Action.USER_CREATED,
)
async def create_user(request: web.Request) -> web.Response:
    """Add a user."""
    request[PRINCIPAL].require_administrator()
    new = await read_json(request, NewUser)
    password_hash = await hashed(request.app, new.password)
    user = await request.app[DATABASE].run(
        accounts.add_user,
        new.username,
        password_hash,
        administrator=new.administrator,
        must_change_password=new.must_change_password,
    )
    return web.json_response(_shown(user), status=201, headers={"Location": f"/api/users/{user.id}"})


@routes.get("/api/users/{id}")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    answers={200: answers.User},
)
async def read_user(request: web.Request) -> web.Response:
    """Give one user."""
    request[PRINCIPAL].require_administrator()
    return web.json_response(_shown(await request.app[DATABASE].run(users.get, path_id(request))))


@routes.patch("/api/users/{id}")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    body=UserChange,
    example={"active": False},
    answers={200: answers.User},
    errors=(LastAdministrator,),
    audited=Action.USER_CHANGED,
)
async def change_user(request: web.Request) -> web.Response:
    """Let a user in or keep them out, make them an administrator or take that back.

    Whoever is kept out is logged out at once. 409 where nobody would be left to administer the site.
    """
    request[PRINCIPAL].require_administrator()
    change = await read_json(request, UserChange)
    user, event = await request.app[DATABASE].run(
        users.change, path_id(request), active=change.active, administrator=change.administrator
    )
    await request.app[DELIVERY].wake(event)
    return web.json_response(_shown(user))


@routes.delete("/api/users/{id}")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    answers={204: None},
    errors=(LastAdministrator,),
    audited=Action.USER_DELETED,
)
async def delete_user(request: web.Request) -> web.Response:
    """Remove a user for good; what they sent and wrote stays.

    Deactivating keeps the name with it. 409 where nobody would be left to administer the site.
    """
    request[PRINCIPAL].require_administrator()
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(users.delete, path_id(request)))
    return web.Response(status=204)


@routes.put("/api/users/{id}/password")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    body=PasswordOfUser,
    example={"password": "a long enough password"},
    answers={204: None},
    audited=Action.USER_PASSWORD_CHANGED,
)
async def set_password(request: web.Request) -> web.Response:
    """Give a user a new password; all logins of the user end."""
    request[PRINCIPAL].require_administrator()
    user, new = path_id(request), await read_json(request, PasswordOfUser)
    password_hash = await hashed(request.app, new.password)
    event = await request.app[DATABASE].run(
        users.set_password, user, password_hash, must_change_password=new.must_change_password
    )
    await request.app[DELIVERY].wake(event)
    return web.Response(status=204)


@routes.delete("/api/users/{id}/sessions")
@contract(
    tag=Tag.USERS,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    answers={204: None},
    audited=Action.LOGIN_ENDED,
)
async def end_sessions(request: web.Request) -> web.Response:
    """End all logins of a user, and what listens on them."""
    request[PRINCIPAL].require_administrator()
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(users.end_sessions, path_id(request)))
    return web.Response(status=204)


def _shown(user: Any) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.username,
        "administrator": user.administrator,
        "active": user.active,
        "must_change_password": user.must_change_password,
        "created_at": user.created_at.isoformat(),
    }
