"""How long a project keeps its recordings and their texts: read by its members, set by its owners."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api.answers import keeping
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL, SETTINGS
from app.api.parameters import PROJECT
from app.api.requests import path_id, read_json, validate
from app.api.retention import site_limits
from app.core.access import Role
from app.core.audit import Action
from app.db import projects, retention
from app.db.retention import Retention

_LONGEST_DAYS = 36_500

AudioDays = Annotated[int, Field(ge=0, le=_LONGEST_DAYS)]
TextDays = Annotated[int, Field(ge=1, le=_LONGEST_DAYS)]

routes = web.RouteTableDef()


class RetentionDays(BaseModel):
    """Both times, each in days after the end of the work, or null. The text may not go before the audio."""

    model_config = ConfigDict(extra="forbid", strict=True)

    audio_days: Annotated[
        AudioDays | None, Field(description="The recordings, of which the text stays; `null`: as long as the text.")
    ]
    text_days: Annotated[TextDays | None, Field(description="All of a transcription; `null`: for ever.")]


class ProposedDays(BaseModel):
    model_config = ConfigDict(extra="forbid")

    audio_days: Annotated[
        AudioDays | None,
        Field(description="In place of the project's. With one of the two, the other one counts as none."),
    ] = None
    text_days: Annotated[TextDays | None, Field(description="In place of the project's.")] = None


@routes.get("/api/projects/{id}/retention")
@contract(tag=Tag.PROJECTS, access=Access.VIEWER, path={"id": PROJECT}, answers={200: keeping.Retention})
async def read_retention(request: web.Request) -> web.Response:
    """Say how long a project keeps its recordings and their texts."""
    principal, limits = request[PRINCIPAL], site_limits(request.app[SETTINGS])

    def unit(project_id: UUID) -> dict[str, Any]:
        return _shown(retention.of_project(projects.get_project(principal, project_id, Role.VIEWER)), limits)

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.put("/api/projects/{id}/retention")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=RetentionDays,
    example={"audio_days": 90, "text_days": 730},
    answers={200: keeping.Retention},
    audited=Action.RETENTION_CHANGED,
)
async def set_retention(request: web.Request) -> web.Response:
    """Set how long a project keeps its recordings and their texts.

    What is older goes with the next sweep, within an hour: a preview says what that is.
    """
    principal, limits = request[PRINCIPAL], site_limits(request.app[SETTINGS])
    days = await read_json(request, RetentionDays)
    wanted = Retention(days.audio_days, days.text_days)

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        wanted.check(limits)
        retention.set_of_project(project, wanted)
        return _shown(wanted, limits)

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.get("/api/projects/{id}/retention/preview")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    path={"id": PROJECT},
    query=ProposedDays,
    answers={200: keeping.RetentionPreview},
)
async def preview_retention(request: web.Request) -> web.Response:
    """Say what the next sweep would remove if it came now.

    With the times that the project has, or with those that the query proposes. Nothing is changed.
    """
    principal, limits = request[PRINCIPAL], site_limits(request.app[SETTINGS])
    query = validate(TypeAdapter(ProposedDays), dict(request.query))
    proposed = Retention(query.audio_days, query.text_days) if query.model_fields_set else None

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.VIEWER)
        if proposed is not None:
            proposed.check(limits)
        effective = (proposed or retention.of_project(project)).within(limits)
        return {"effective": effective.to_dict()} | retention.preview(project, effective)

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


def _shown(wanted: Retention, limits: Retention) -> dict[str, Any]:
    return {**wanted.to_dict(), "site": limits.to_dict(), "effective": wanted.within(limits).to_dict()}
