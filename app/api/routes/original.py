"""Addresses of the first Vocalyx that have none of ours under them; docs/compatibility.md has them all."""

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.original import shapes
from app.api.parameters import TRANSCRIPTION
from app.api.requests import path_id, validate
from app.core.access import Role
from app.core.audit import Action
from app.core.errors import IllegalTransition, NotFound
from app.core.states import TranscriptionState
from app.db import listing, original, transcriptions

routes = web.RouteTableDef()

_LONGEST_PAGE = 100


class CountQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Annotated[answers.OriginalStatus | None, Field(description="Those with this status alone.")] = None
    project: Annotated[str | None, Field(description="Those of this project alone, by name.")] = None

    def states(self) -> tuple[TranscriptionState, ...]:
        return shapes.STATES[self.status] if self.status else ()


class PageQuery(CountQuery):
    page: Annotated[int, Field(ge=1, le=1_000_000, description="Which page, counted from 1.")] = 1
    limit: Annotated[int, Field(ge=1, le=_LONGEST_PAGE, description="How many a page.")] = 25


@routes.get("/api/user/me")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.PERSON,
    answers={200: answers.OriginalUser},
)
async def me(request: web.Request) -> web.Response:
    """Say who is logged in, and in which projects."""
    user, projects = await request.app[DATABASE].run(original.profile, request[PRINCIPAL])
    return web.json_response(shapes.user(user, projects))


@routes.get("/api/user/projects")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.PERSON,
    answers={200: Reply(list[answers.OriginalProjectWithKey])},
)
async def list_projects(request: web.Request) -> web.Response:
    """List the projects of whoever is logged in.

    Their keys are known to nobody any more.
    """
    _, projects = await request.app[DATABASE].run(original.profile, request[PRINCIPAL])
    return web.json_response([shapes.project(project) | {"api_key": None} for project in projects])


@routes.get("/api/user/transcriptions")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.SIGNED_IN,
    query=PageQuery,
    answers={200: Reply(list[answers.OriginalTranscription])},
)
async def list_transcriptions(request: web.Request) -> web.Response:
    """List transcriptions, the newest first, without their texts."""
    query = validate(TypeAdapter(PageQuery), dict(request.query))
    found = await request.app[DATABASE].run(
        original.page,
        request[PRINCIPAL],
        number=query.page,
        limit=query.limit,
        project=query.project,
        states=query.states(),
    )
    return web.json_response([shapes.transcription(summary, project) for summary, project in found])


# Before the address below: this is no id.
@routes.get("/api/user/transcriptions/count")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.SIGNED_IN,
    query=CountQuery,
    answers={200: answers.OriginalCounts},
)
async def count(request: web.Request) -> web.Response:
    """Count transcriptions by status."""
    return await _counted(request)


# Before ours of one transcription.
@routes.get("/api/transcriptions/count")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.SIGNED_IN,
    query=CountQuery,
    answers={200: answers.OriginalCounts},
)
async def count_at_the_other_address(request: web.Request) -> web.Response:
    """Count transcriptions by status."""
    return await _counted(request)


@routes.get("/api/user/transcriptions/{id}")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    answers={200: answers.OriginalTranscription},
)
async def read(request: web.Request) -> web.Response:
    """Give one transcription with its text, as soon as that is finished."""
    body, project = await request.app[DATABASE].run(original.read, request[PRINCIPAL], path_id(request))
    return web.json_response(shapes.transcription(body, project))


@routes.get("/api/tasks/{id}")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    answers={200: answers.OriginalTask},
)
async def read_task(request: web.Request) -> web.Response:
    """Say how far a task is: the task of a transcription has its id."""
    found = await request.app[DATABASE].run(listing.list_one, request[PRINCIPAL], path_id(request))
    if not found:
        # Refused in the same words, whether it is there or not; the audit log knows the difference.
        await request.app[DATABASE].run(transcriptions.find, request[PRINCIPAL], path_id(request), Role.VIEWER)
        raise NotFound
    return web.json_response(shapes.task(found[0]))


@routes.post("/api/tasks/{id}/cancel")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={200: answers.OriginalCancelledTask},
    errors=(IllegalTransition,),
    audited=Action.TRANSCRIPTION_CANCELLED,
)
async def cancel_task(request: web.Request) -> web.Response:
    """Cancel the transcription of this id."""
    body, outcome = await request.app[DATABASE].run(transcriptions.cancel, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.json_response({"task_id": body["id"], "status": "cancelled"})


async def _counted(request: web.Request) -> web.Response:
    query = validate(TypeAdapter(CountQuery), dict(request.query))
    found = await request.app[DATABASE].run(
        original.count, request[PRINCIPAL], project=query.project, states=query.states()
    )
    return web.json_response(shapes.counts(found))
