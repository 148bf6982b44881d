"""Workers, queues and how the site went, for its administrators; and the workers as the first Vocalyx showed them."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.original.workers import workers as in_the_original_shape
from app.api.overviews import OVERVIEWS
from app.api.requests import validate
from app.core.identifiers import ProjectId
from app.core.standing import WorkerCard, queues_shown, workers_shown
from app.db import standing
from app.queueing.queues import QueueName, kinds_of
from app.queueing.standing import read_queues, read_workers

routes = web.RouteTableDef()

_MOST_FAILURES = 200


class FailureQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=_MOST_FAILURES, description="How many, at most.")] = 50


class OverviewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=standing.LONGEST_DAYS, description="How many days, today among them.")] = 30


@routes.get("/api/admin/workers")
@contract(tag=Tag.OPERATIONS, access=Access.ADMINISTRATOR, answers={200: answers.WorkerList})
async def list_workers(request: web.Request) -> web.Response:
    """List the workers: state, models, memory, and what they are at."""
    request[PRINCIPAL].require_administrator()
    cards, jobs = await _workers(request)
    return web.json_response({"items": workers_shown(cards, jobs)})


@routes.get("/api/admin/queues")
@contract(tag=Tag.OPERATIONS, access=Access.ADMINISTRATOR, answers={200: answers.QueueList})
async def list_queues(request: web.Request) -> web.Response:
    """List the queues: what is due, how long it has waited, what Redis delivers of it, and to how many workers.

    What is due is in the database: `delivery` may differ from it for seconds, and for as long as Redis was away.
    """
    request[PRINCIPAL].require_administrator()
    queues = await request.app[DELIVERY].ask(read_queues)
    cards = await request.app[DELIVERY].ask(read_workers)
    backlog = await request.app[DATABASE].run(standing.backlog)
    return web.json_response({"items": queues_shown(queues, cards, backlog, _kinds_of)})


@routes.get("/api/admin/failures")
@contract(tag=Tag.OPERATIONS, access=Access.ADMINISTRATOR, query=FailureQuery, answers={200: answers.FailedJobList})
async def list_failures(request: web.Request) -> web.Response:
    """List the parts of transcriptions that came to nothing, the newest first, with the reason.

    `POST /api/transcriptions/{id}/retry` tries those of one transcription again; what is tried again is no more in here.
    """
    request[PRINCIPAL].require_administrator()
    query = validate(TypeAdapter(FailureQuery), dict(request.query))
    return web.json_response({"items": await request.app[DATABASE].run(standing.failures, query.limit)})


@routes.get("/api/admin/overview")
@contract(tag=Tag.OPERATIONS, access=Access.ADMINISTRATOR, query=OverviewQuery, answers={200: answers.Overview})
async def read_overview(request: web.Request) -> web.Response:
    """Say how the site went, day by day: hours transcribed, waiting, speed, failures.

    The answer may be half a minute old.
    """
    request[PRINCIPAL].require_administrator()
    query = validate(TypeAdapter(OverviewQuery), dict(request.query))
    return web.json_response(await request.app[OVERVIEWS].read(query.days))


@routes.get("/api/workers")
@contract(tag=Tag.ORIGINAL, access=Access.SIGNED_IN, answers={200: answers.OriginalWorkers})
async def list_workers_as_the_original(request: web.Request) -> web.Response:
    """List the workers and what they are at, in the shape of the first Vocalyx.

    Tasks of transcriptions that are not yours to see are counted, and name nothing.
    """
    principal = request[PRINCIPAL]
    cards, jobs = await _workers(request)
    projects = {job["project_id"] for job in jobs.values()}
    visible = {project for project in projects if principal.may_see(ProjectId(UUID(project)))}
    return web.json_response(in_the_original_shape(cards, jobs, visible))


async def _workers(request: web.Request) -> tuple[list[WorkerCard], dict[str, dict[str, Any]]]:
    cards = await request.app[DELIVERY].ask(read_workers)
    return cards, await request.app[DATABASE].run(standing.in_hand, _ids(card.job for card in cards))


def _ids(jobs: Iterable[str | None]) -> list[UUID]:
    found = []
    for job in jobs:
        try:
            found.append(UUID(job or ""))
        except ValueError:
            continue  # none, or one that somebody else has put into the queue
    return found


def _kinds_of(queue: str) -> list[Any]:
    return kinds_of(QueueName(queue))
