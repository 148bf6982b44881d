"""Projects and their members."""

from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field, StrictBool, model_validator

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import PROJECT, USERNAME
from app.api.requests import OneLine, check_text, path_id, read_json
from app.core.access import Principal, Role, Scope
from app.core.audit import Action
from app.core.errors import Conflict, NotPermitted
from app.core.identifiers import EventId, ProjectId
from app.db import projects
from app.db.unheld import LegalHoldInForce

_NO_KEYS = "Projects are made by users, not by keys."

routes = web.RouteTableDef()

Name = Annotated[OneLine, Field(min_length=1, max_length=200, pattern=r"\S")]


class ProjectName(BaseModel):
    name: Name


class ProjectChange(BaseModel):
    """At least one of the two."""

    name: Name | None = None
    recognise_speakers: StrictBool | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.name is None and self.recognise_speakers is None:
            raise ValueError("name or recognise_speakers is needed")
        return self


class MemberRole(BaseModel):
    role: Role


@routes.get("/api/projects")
@contract(
    tag=Tag.PROJECTS,
    access=Access.SIGNED_IN,
    scope=Scope.PROJECTS_READ,
    answers={200: answers.ProjectList},
)
async def list_projects(request: web.Request) -> web.Response:
    """List the projects of whoever asks."""
    principal = request[PRINCIPAL]
    found = await request.app[DATABASE].run(projects.list_projects, principal)
    return web.json_response({"items": [_shown(project, principal) for project in found]})


@routes.post("/api/projects")
@contract(
    tag=Tag.PROJECTS,
    access=Access.PERSON,
    body=ProjectName,
    example={"name": "Board meetings"},
    answers={201: Reply(answers.Project, headers={"Location": "The project's address."})},
    errors=(Conflict,),
    audited=Action.PROJECT_CREATED,
)
async def create_project(request: web.Request) -> web.Response:
    """Add a project; its creator becomes its owner."""
    principal = request[PRINCIPAL]
    if principal.user is None:
        raise NotPermitted(_NO_KEYS, remedy="Log in as a user.")
    new = await read_json(request, ProjectName)
    project = await request.app[DATABASE].run(projects.create_project, new.name, principal.user)
    return web.json_response(
        _shown(project, principal) | {"role": Role.OWNER},
        status=201,
        headers={"Location": f"/api/projects/{project.id}"},
    )


@routes.get("/api/projects/{id}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    scope=Scope.PROJECTS_READ,
    path={"id": PROJECT},
    answers={200: answers.ProjectWithMembers},
)
async def read_project(request: web.Request) -> web.Response:
    """Give a project with its members."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.VIEWER)
        members = [{"username": member.user.username, "role": member.role} for member in projects.list_members(project)]
        return _shown(project, principal) | {"members": members}

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.patch("/api/projects/{id}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=ProjectChange,
    example={"name": "Board meetings"},
    answers={200: answers.Project},
    errors=(Conflict,),
    audited=Action.PROJECT_CHANGED,
)
async def change_project(request: web.Request) -> web.Response:
    """Rename a project, or switch the recognition of speakers.

    Switched off, it deletes every voiceprint and every voice of the project.
    """
    principal = request[PRINCIPAL]
    change = await read_json(request, ProjectChange)

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        projects.change_project(project, name=change.name, recognise_speakers=change.recognise_speakers)
        return _shown(project, principal)

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.delete("/api/projects/{id}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    answers={204: None},
    errors=(Conflict, LegalHoldInForce),
    audited=Action.PROJECT_DELETED,
)
async def delete_project(request: web.Request) -> web.Response:
    """Remove an empty project that nothing holds."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID) -> EventId:
        return projects.delete_project(projects.get_project(principal, project_id, Role.OWNER))

    await request.app[DELIVERY].wake(await request.app[DATABASE].run(unit, path_id(request)))
    return web.Response(status=204)


@routes.put("/api/projects/{id}/members/{username}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "username": USERNAME},
    body=MemberRole,
    example={"role": "editor"},
    answers={200: answers.Member},
    audited=(Action.MEMBER_ADDED, Action.MEMBER_CHANGED),
)
async def set_member(request: web.Request) -> web.Response:
    """Make a user a member, or change the role of one.

    A key with scopes or an expiry of its own does neither.
    """
    principal = request[PRINCIPAL]
    username = check_text(request.match_info["username"], "username")
    wanted = await read_json(request, MemberRole)

    def unit(project_id: UUID) -> EventId:
        project = projects.get_project(principal, project_id, Role.OWNER)
        principal.require_unlimited()
        return projects.set_member(project, username, wanted.role)

    await request.app[DELIVERY].wake(await request.app[DATABASE].run(unit, path_id(request)))
    return web.json_response({"username": username, "role": wanted.role})


@routes.delete("/api/projects/{id}/members/{username}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "username": USERNAME},
    answers={204: None},
    audited=Action.MEMBER_REMOVED,
)
async def remove_member(request: web.Request) -> web.Response:
    """Remove a member; what they sent stays."""
    principal = request[PRINCIPAL]
    username = check_text(request.match_info["username"], "username")

    def unit(project_id: UUID) -> EventId:
        return projects.remove_member(projects.get_project(principal, project_id, Role.OWNER), username)

    await request.app[DELIVERY].wake(await request.app[DATABASE].run(unit, path_id(request)))
    return web.Response(status=204)


def _shown(project: Any, principal: Principal) -> dict[str, Any]:
    role = principal.roles.get(ProjectId(project.id))
    return {
        "id": str(project.id),
        "name": project.name,
        "role": str(role) if role else None,
        "recognise_speakers": project.recognise_speakers,
        "created_at": project.created_at.isoformat(),
    }
