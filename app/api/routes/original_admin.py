"""Where administrators of the first Vocalyx managed its users; docs/compatibility.md has these addresses, too."""

from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, StrictBool

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.credentials.logins import NewPassword, NewUsername, hashed
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.original import shapes
from app.api.parameters import USER
from app.api.requests import path_id, read_json
from app.core.audit import Action
from app.core.errors import Conflict, LastAdministrator, NotFound
from app.db import original_admin, users

routes = web.RouteTableDef()

_NO_ID = "00000000-0000-0000-0000-000000000000"


class OriginalNewUser(BaseModel):
    username: NewUsername
    password: NewPassword
    is_admin: StrictBool = False


class UserAndProject(BaseModel):
    user_id: UUID
    project_id: UUID


class OriginalPassword(BaseModel):
    password: NewPassword


@routes.get("/api/admin/users")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    answers={200: Reply(list[answers.OriginalUser])},
)
async def list_users(request: web.Request) -> web.Response:
    """List all users of the site by name, each with their projects."""
    request[PRINCIPAL].require_administrator()
    found = await request.app[DATABASE].run(original_admin.list_all)
    return web.json_response([shapes.user(user, projects) for user, projects in found])


@routes.post("/api/admin/users")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    body=OriginalNewUser,
    example={"username": "ben", "password": "a long enough password", "is_admin": False},
    answers={201: answers.OriginalUser},
    errors=(Conflict,),
    audited=Action.USER_CREATED,
)
async def create_user(request: web.Request) -> web.Response:
    """Add a user."""
    request[PRINCIPAL].require_administrator()
    new = await read_json(request, OriginalNewUser)
    password_hash = await hashed(request.app, new.password)
    user, projects = await request.app[DATABASE].run(
        original_admin.create, new.username, password_hash, administrator=new.is_admin
    )
    return web.json_response(shapes.user(user, projects), status=201)


@routes.post("/api/admin/users/assign-project")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    body=UserAndProject,
    example={"user_id": _NO_ID, "project_id": _NO_ID},
    answers={200: answers.OriginalUser},
    errors=(NotFound,),
    audited=Action.MEMBER_ADDED,
)
async def assign_project(request: web.Request) -> web.Response:
    """Make a user an editor of a project; who is a member already keeps the role."""
    request[PRINCIPAL].require_administrator()
    wanted = await read_json(request, UserAndProject)
    user, projects, event = await request.app[DATABASE].run(original_admin.assign, wanted.user_id, wanted.project_id)
    await request.app[DELIVERY].wake(event)
    return web.json_response(shapes.user(user, projects))


@routes.post("/api/admin/users/remove-project")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    body=UserAndProject,
    example={"user_id": _NO_ID, "project_id": _NO_ID},
    answers={200: answers.OriginalUser},
    errors=(NotFound,),
    audited=Action.MEMBER_REMOVED,
)
async def remove_project(request: web.Request) -> web.Response:
    """Let a user be a member of a project no more; what they sent stays."""
    request[PRINCIPAL].require_administrator()
    wanted = await read_json(request, UserAndProject)
    user, projects, event = await request.app[DATABASE].run(original_admin.remove, wanted.user_id, wanted.project_id)
    await request.app[DELIVERY].wake(event)
    return web.json_response(shapes.user(user, projects))


@routes.put("/api/admin/users/{id}/password")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    body=OriginalPassword,
    example={"password": "a long enough password"},
    answers={200: answers.OriginalPasswordChange},
    audited=Action.USER_PASSWORD_CHANGED,
)
async def set_password(request: web.Request) -> web.Response:
    """Give a user a new password; all logins of the user end."""
    request[PRINCIPAL].require_administrator()
    user, new = path_id(request), await read_json(request, OriginalPassword)
    password_hash = await hashed(request.app, new.password)
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(users.set_password, user, password_hash))
    return web.json_response({"status": "password updated", "user_id": str(user)})


@routes.delete("/api/admin/users/{id:(?!(?:assign|remove)-project$)[^/]+}")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.ADMINISTRATOR,
    path={"id": USER},
    answers={200: answers.OriginalDeletion},
    errors=(LastAdministrator,),
    audited=Action.USER_DELETED,
)
async def delete_user(request: web.Request) -> web.Response:
    """Remove a user for good; what they sent and wrote stays."""
    request[PRINCIPAL].require_administrator()
    user = path_id(request)
    await request.app[DELIVERY].wake(await request.app[DATABASE].run(users.delete, user))
    return web.json_response({"status": "user deleted", "user_id": str(user)})
