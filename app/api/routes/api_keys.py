"""The API keys of a project: what a program proves itself with, what it may do with it, and until when."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.filtering import Moment
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import KEY, PROJECT
from app.api.requests import path_id, read_json
from app.api.routes.projects import Name
from app.core.access import Role, Scope
from app.core.audit import Action
from app.core.errors import Conflict
from app.core.identifiers import EventId
from app.db import api_keys, projects

routes = web.RouteTableDef()

_LONGEST_OVERLAP_SECONDS = 30 * 24 * 3600


def _is_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text, such as 2026-01-31T12:00:00Z")  # noqa: TRY004 - pydantic's errors are ValueErrors
    return value


def _is_to_come(moment: dt.datetime) -> dt.datetime:
    if moment <= dt.datetime.now(dt.UTC):
        raise PydanticCustomError("in-the-past", "must be in the future")
    return moment


Expiry = Annotated[Moment, BeforeValidator(_is_text), AfterValidator(_is_to_come)]


class NewKey(BaseModel):
    """A key without `scopes` may do all that its role allows; one without `expires_at` does not end."""

    name: Name
    role: Role = Role.EDITOR
    scopes: Annotated[
        list[Scope] | None,
        Field(min_length=1, max_length=len(Scope), description="What the key may do, within its role."),
    ] = None
    expires_at: Annotated[Expiry | None, Field(description="When it ends: RFC 3339, with an offset.")] = None

    @field_validator("scopes")
    @classmethod
    def _are_of_use(cls, scopes: list[Scope] | None, known: ValidationInfo) -> list[Scope] | None:
        role = known.data.get("role")  # read before; missing where it is no role
        for scope in scopes or ():
            if role is not None and not role.covers(scope.role):
                raise PydanticCustomError("needs-role", f"the scope '{scope}' needs the role '{scope.role}'")
        return scopes


class Rotation(BaseModel):
    overlap_seconds: Annotated[
        int,
        Field(
            strict=True, ge=0, le=_LONGEST_OVERLAP_SECONDS, description="For so long the old key works beside the new."
        ),
    ] = 0
    expires_at: Annotated[
        Expiry | None, Field(description="When the new key ends; as the old one where it is left out.")
    ] = None


@routes.get("/api/projects/{id}/keys")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    answers={200: answers.ApiKeyList},
)
async def list_keys(request: web.Request) -> web.Response:
    """List the API keys of a project, those that were revoked included."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID) -> list[dict[str, Any]]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        return [_shown(key) for key in api_keys.list_keys(project.id)]

    return web.json_response({"items": await request.app[DATABASE].run(unit, path_id(request))})


@routes.post("/api/projects/{id}/keys")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=NewKey,
    example={"name": "archive", "role": "viewer", "scopes": ["transcriptions:read"]},
    answers={201: answers.NewApiKey},
    audited=Action.KEY_CREATED,
)
async def create_key(request: web.Request) -> web.Response:
    """Add an API key.

    Its secret is in this answer, and in no later one.
    """
    principal = request[PRINCIPAL]
    new = await read_json(request, NewKey)

    def unit(project_id: UUID) -> dict[str, Any]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        principal.require_unlimited()
        key, secret = api_keys.create_key(project.id, new.name, new.role, new.scopes, new.expires_at)
        return _shown(key) | {"key": secret}

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)), status=201)


@routes.post("/api/projects/{id}/keys/{key}/rotate")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "key": KEY},
    body=Rotation,
    example={"overlap_seconds": 3600},
    answers={201: answers.NewApiKey},
    errors=(Conflict,),
    audited=Action.KEY_ROTATED,
)
async def rotate_key(request: web.Request) -> web.Response:
    """Put a new API key in the place of one, with the same name, role and scopes.

    The old one ends when the overlap is over; without an overlap at once, and what listens on it.
    """
    principal = request[PRINCIPAL]
    rotation = await read_json(request, Rotation)

    def unit(project_id: UUID, key: UUID) -> tuple[dict[str, Any], EventId | None]:
        project = projects.get_project(principal, project_id, Role.OWNER)
        principal.require_unlimited()
        new, secret, event = api_keys.rotate_key(project.id, key, rotation.overlap_seconds, rotation.expires_at)
        return _shown(new) | {"key": secret}, event

    shown, event = await request.app[DATABASE].run(unit, path_id(request), path_id(request, "key"))
    await request.app[DELIVERY].wake(event)
    return web.json_response(shown, status=201)


@routes.delete("/api/projects/{id}/keys/{key}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "key": KEY},
    answers={204: None},
    audited=Action.KEY_REVOKED,
)
async def revoke_key(request: web.Request) -> web.Response:
    """Revoke an API key, at once and for good."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID, key: UUID) -> EventId:
        project = projects.get_project(principal, project_id, Role.OWNER)
        return api_keys.revoke_key(project.id, key)

    event = await request.app[DATABASE].run(unit, path_id(request), path_id(request, "key"))
    await request.app[DELIVERY].wake(event)
    return web.Response(status=204)


def _shown(key: Any) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "role": key.role,
        "scopes": key.scopes,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
