"""How much a project may store and have transcribed: read by its members, set by the site's administrators."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import PROJECT
from app.api.requests import path_id, read_json
from app.core.access import Role, Scope
from app.core.audit import Action
from app.db import projects, quotas

_MOST_BYTES = 2**62
_MOST_HOURS = 10_000_000

routes = web.RouteTableDef()


class QuotaLimits(BaseModel):
    """Both limits, each a number, or null for none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bytes: Annotated[
        Annotated[int, Field(ge=0, le=_MOST_BYTES)] | None, Field(description="How much it may store at a time.")
    ]
    hours: Annotated[
        Annotated[float, Field(ge=0, le=_MOST_HOURS)] | None,
        Field(description="How many hours of recordings it may have transcribed in a month."),
    ]


@routes.get("/api/projects/{id}/quota")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    scope=Scope.PROJECTS_READ,
    path={"id": PROJECT},
    answers={200: answers.Quota},
)
async def read_quota(request: web.Request) -> web.Response:
    """Give what a project may store and have transcribed, and what is used of that."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.VIEWER)
        return quotas.read(project.id).to_dict()

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.put("/api/projects/{id}/quota")
@contract(
    tag=Tag.PROJECTS,
    access=Access.ADMINISTRATOR,
    path={"id": PROJECT},
    body=QuotaLimits,
    example={"bytes": 500_000_000_000, "hours": 200},
    answers={200: answers.Quota},
    audited=Action.QUOTA_CHANGED,
)
async def set_quota(request: web.Request) -> web.Response:
    """Limit what a project may store and have transcribed.

    What is there already stays, and may be more than that.
    """
    principal = request[PRINCIPAL]
    principal.require_administrator()
    quota = await read_json(request, QuotaLimits)

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        return quotas.set_limits(project.id, bytes_limit=quota.bytes, hours_limit=quota.hours).to_dict()

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))
