"""The audit log: all of it for the site's administrators, a project's for its owners."""

from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.filtering import Moment, read_query
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import PROJECT
from app.api.requests import path_id
from app.core.access import Role
from app.core.audit import Action
from app.db import audit, projects
from app.db.audit import Narrowed, Page

_LONGEST_PAGE = 200
_LONGEST_CURSOR = 100

routes = web.RouteTableDef()


class ProjectAuditQuery(BaseModel):
    """All that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[
        list[Action],
        Field(max_length=len(Action), description="Entries of this action; given several times, of any of them."),
    ] = []
    actor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=210,
            description="Entries of this user, key (`key:` and its name) or account of the server, by name or id.",
        ),
    ] = None
    after: Annotated[Moment | None, Field(description="Entries of this moment or later: RFC 3339, with an offset.")] = (
        None
    )
    before: Annotated[Moment | None, Field(description="Entries before this moment: RFC 3339, with an offset.")] = None
    limit: Annotated[int, Field(ge=1, le=_LONGEST_PAGE, description="How many a page.")] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=_LONGEST_CURSOR, pattern=r"^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before."),
    ] = None

    def narrowed(self, project: UUID | None) -> Narrowed:
        return Narrowed(tuple(self.action), self.actor, project, self.after, self.before)


class AuditQuery(ProjectAuditQuery):
    project: Annotated[
        UUID | None, Field(description="Entries about this project, by id; it may be deleted meanwhile.")
    ] = None


@routes.get("/api/audit")
@contract(tag=Tag.AUDIT, access=Access.ADMINISTRATOR, query=AuditQuery, answers={200: answers.AuditPage})
async def list_entries(request: web.Request) -> web.Response:
    """Give the audit log, the newest entry first, a page at a time."""
    request[PRINCIPAL].require_administrator()
    query = read_query(request, AuditQuery)
    page = await request.app[DATABASE].run(
        audit.page, query.narrowed(query.project), limit=query.limit, cursor=query.cursor or None
    )
    return _answer(page)


@routes.get("/api/projects/{id}/audit")
@contract(
    tag=Tag.AUDIT,
    access=Access.OWNER,
    path={"id": PROJECT},
    query=ProjectAuditQuery,
    answers={200: answers.AuditPage},
)
async def list_entries_of_project(request: web.Request) -> web.Response:
    """Give what the audit log tells of a project, the newest entry first, a page at a time.

    What others tried in it and were refused is part of that.
    """
    principal, query = request[PRINCIPAL], read_query(request, ProjectAuditQuery)

    def unit(project_id: UUID) -> Page:
        project = projects.get_project(principal, project_id, Role.OWNER)
        return audit.page(query.narrowed(project.id), limit=query.limit, cursor=query.cursor or None)

    return _answer(await request.app[DATABASE].run(unit, path_id(request)))


def _answer(page: Page) -> web.Response:
    return web.json_response(
        {"items": page.items, "next_cursor": page.next_cursor}, headers={"Cache-Control": "no-store"}
    )
