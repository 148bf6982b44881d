"""Legal holds: what has to be kept, whatever a person or a retention wants."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.answers import keeping
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import PROJECT, TRANSCRIPTION
from app.api.requests import OneLine, path_id, read_json
from app.core.audit import Action
from app.db import legal_holds
from app.db.legal_holds import Held

_EXAMPLE = {"reason": "Case 2026/118, asked for by counsel."}

routes = web.RouteTableDef()


class HoldReason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        Annotated[OneLine, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"\S")],
        Field(description="One line: what a later reader has to know."),
    ]


@routes.get("/api/transcriptions/{id}/legal-hold")
@contract(tag=Tag.TRANSCRIPTIONS, access=Access.OWNER, path={"id": TRANSCRIPTION}, answers={200: keeping.LegalHolds})
async def read_of_transcription(request: web.Request) -> web.Response:
    """Say whether a transcription is under a legal hold, who placed it and why."""
    return await _answer(request, legal_holds.read_of_transcription)


@routes.put("/api/transcriptions/{id}/legal-hold")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.OWNER,
    path={"id": TRANSCRIPTION},
    body=HoldReason,
    example=_EXAMPLE,
    answers={200: keeping.LegalHolds},
    audited=Action.HOLD_PLACED,
)
async def hold_transcription(request: web.Request) -> web.Response:
    """Place a legal hold on a transcription: from the answer on, nothing of it is removed or overwritten.

    Where there is one already, the new reason takes its place.
    """
    reason = (await read_json(request, HoldReason)).reason
    return await _answer(request, legal_holds.hold_transcription, reason)


@routes.delete("/api/transcriptions/{id}/legal-hold")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.OWNER,
    path={"id": TRANSCRIPTION},
    answers={200: keeping.LegalHolds},
    audited=Action.HOLD_LIFTED,
)
async def free_transcription(request: web.Request) -> web.Response:
    """Lift the legal hold of a transcription.

    One that an administrator of the site placed, only an administrator lifts.
    """
    return await _answer(request, legal_holds.free_transcription)


@routes.get("/api/projects/{id}/legal-hold")
@contract(tag=Tag.PROJECTS, access=Access.OWNER, path={"id": PROJECT}, answers={200: keeping.LegalHolds})
async def read_of_project(request: web.Request) -> web.Response:
    """Say whether a project is under a legal hold, who placed it and why."""
    return await _answer(request, legal_holds.read_of_project)


@routes.put("/api/projects/{id}/legal-hold")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=HoldReason,
    example=_EXAMPLE,
    answers={200: keeping.LegalHolds},
    audited=Action.HOLD_PLACED,
)
async def hold_project(request: web.Request) -> web.Response:
    """Place a legal hold on all of a project, what is yet to come included.

    Where there is one already, the new reason takes its place.
    """
    reason = (await read_json(request, HoldReason)).reason
    return await _answer(request, legal_holds.hold_project, reason)


@routes.delete("/api/projects/{id}/legal-hold")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    answers={200: keeping.LegalHolds},
    audited=Action.HOLD_LIFTED,
)
async def free_project(request: web.Request) -> web.Response:
    """Lift the legal hold of a project.

    Transcriptions that are held by themselves stay so. One that an administrator of the site placed, only an
    administrator lifts.
    """
    return await _answer(request, legal_holds.free_project)


async def _answer(request: web.Request, unit: Any, *arguments: Any) -> web.Response:
    held: Held = await request.app[DATABASE].run(unit, request[PRINCIPAL], path_id(request), *arguments)
    if held.outcome is not None:
        await request.app[DELIVERY].follow(held.outcome)
    return web.json_response(held.shown)
