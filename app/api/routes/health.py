"""For load balancers: is the process alive, and can it do its work?"""

import asyncio
from collections.abc import Awaitable
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field, TypeAdapter

from app import __version__
from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import ASYNC_REDIS, DATABASE_WATCH, VOLUME_WATCH
from app.api.requests import validate

_CHECK_TIMEOUT_SECONDS = 3.0

routes = web.RouteTableDef()


class Need(StrEnum):
    """What not every request needs."""

    UPLOADS = "uploads"


class ReadinessQuery(BaseModel):
    needs: Annotated[
        Need | None, Field(description="What has to answer, too: a balancer asks that before it sends recordings here.")
    ] = None


@routes.get("/health/live")
@contract(
    tag=Tag.HEALTH,
    access=Access.PUBLIC,
    answers={200: answers.Liveness},
)
async def live(_request: web.Request) -> web.Response:
    """Say that the process answers."""
    return web.json_response({"status": "live", "version": __version__})


@routes.get("/health/ready")
@contract(
    tag=Tag.HEALTH,
    access=Access.PUBLIC,
    query=ReadinessQuery,
    answers={
        200: answers.Readiness,
        503: Reply(answers.Readiness, "PostgreSQL or Redis does not answer, or what was asked for besides."),
    },
)
async def ready(request: web.Request) -> web.Response:
    """Say whether what every request needs answers; 503 names the part that does not.

    `uploads` may be among what is `down` with 200: then nothing can be sent or played, and all else goes on.
    `needs=uploads` makes that a 503, too.
    """
    query = validate(TypeAdapter(ReadinessQuery), dict(request.query))
    app = request.app
    database, redis, uploads = await asyncio.gather(
        app[DATABASE_WATCH].check(),
        _check(app[ASYNC_REDIS].ping()),
        app[VOLUME_WATCH].check(),
    )
    checks = {"postgresql": database, "redis": redis, "uploads": uploads}
    down = [name for name, problem in checks.items() if problem]
    # What was transcribed is read, searched and corrected without the recordings: an instance stays in traffic.
    is_ready = not (database or redis or (query.needs is Need.UPLOADS and uploads))
    body = {
        "status": "ready" if is_ready else "not ready",
        "version": __version__,
        "down": down,
        "checks": {name: problem or "ok" for name, problem in checks.items()},
    }
    return web.json_response(body, status=200 if is_ready else 503)


async def _check(question: Awaitable[object]) -> str | None:
    """Return what is wrong, None where nothing is."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
            await question
    except TimeoutError:
        return f"no answer within {_CHECK_TIMEOUT_SECONDS:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer to the question
        # The class says enough; a message may carry an address or a password.
        return type(error).__name__
    return None
