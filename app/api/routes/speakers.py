"""The speakers of a transcription: names, and people's corrections of who spoke."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import SPEAKER, TRANSCRIPTION
from app.api.requests import OneLine, check_text, path_id, read_json
from app.core.audit import Action
from app.core.errors import Conflict
from app.db import corrections
from app.db.corrections import Corrected
from app.db.unheld import LegalHoldInForce

routes = web.RouteTableDef()

Name = Annotated[OneLine, Field(min_length=1, max_length=200, pattern=r"\S")]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Positions = Annotated[list[Annotated[int, Field(ge=0, strict=True)]], Field(min_length=1)]


class SpeakerName(BaseModel):
    name: Name | None


class Merger(BaseModel):
    into: Label


class Split(BaseModel):
    segments: Positions
    name: Name | None = None


class Assignment(BaseModel):
    segments: Positions
    speaker: Label | None


@routes.delete("/api/transcriptions/{id}/speakers/corrections")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={200: answers.SpeakerList},
    audited=Action.SPEAKER_RESTORED,
    errors=(LegalHoldInForce,),
)
async def undo(request: web.Request) -> web.Response:
    """Put everything back to the machine's labels; names stay."""
    return _all(await _correct(request, corrections.undo))


# No speaker's label is "corrections": that address knows other methods.
@routes.patch("/api/transcriptions/{id}/speakers/{label:(?!corrections$)[^/]+}")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION, "label": SPEAKER},
    body=SpeakerName,
    example={"name": "Anna"},
    answers={200: Reply(answers.Speaker | answers.MergedSpeaker)},
    audited=Action.SPEAKER_RENAMED,
    errors=(LegalHoldInForce,),
)
async def rename(request: web.Request) -> web.Response:
    """Give a speaker a name, or take it away."""
    new = await read_json(request, SpeakerName)
    corrected = await _correct(request, corrections.rename, _label(request), new.name)
    return web.json_response(corrected.speaker)


@routes.post("/api/transcriptions/{id}/speakers/{label}/merge")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION, "label": SPEAKER},
    body=Merger,
    example={"into": "SPEAKER_01"},
    answers={200: answers.SpeakerList},
    errors=(Conflict, LegalHoldInForce),
    audited=Action.SPEAKER_MERGED,
)
async def merge(request: web.Request) -> web.Response:
    """Say that this speaker is another one."""
    merger = await read_json(request, Merger)
    return _all(await _correct(request, corrections.merge, _label(request), merger.into))


@routes.delete("/api/transcriptions/{id}/speakers/{label}/merge")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION, "label": SPEAKER},
    answers={200: answers.SpeakerList},
    audited=Action.SPEAKER_UNMERGED,
    errors=(LegalHoldInForce,),
)
async def unmerge(request: web.Request) -> web.Response:
    """Take back that this speaker is another one."""
    return _all(await _correct(request, corrections.unmerge, _label(request)))


@routes.post("/api/transcriptions/{id}/speakers/{label}/split")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION, "label": SPEAKER},
    body=Split,
    example={"segments": [0], "name": "Ben"},
    answers={201: answers.Speaker},
    errors=(Conflict, LegalHoldInForce),
    audited=Action.SPEAKER_SPLIT,
)
async def split(request: web.Request) -> web.Response:
    """Give segments of this speaker to a new one."""
    wanted = await read_json(request, Split)
    corrected = await _correct(request, corrections.split, _label(request), wanted.segments, wanted.name)
    return web.json_response(corrected.speaker, status=201)


@routes.patch("/api/transcriptions/{id}/segments/speaker")
@contract(
    tag=Tag.SPEAKERS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=Assignment,
    example={"segments": [0], "speaker": "SPEAKER_01"},
    answers={200: answers.SpeakerList},
    audited=Action.SPEAKER_ASSIGNED,
    errors=(LegalHoldInForce,),
)
async def assign(request: web.Request) -> web.Response:
    """Give segments to a speaker of this recording, or back to whom the machine found."""
    wanted = await read_json(request, Assignment)
    return _all(await _correct(request, corrections.assign, wanted.segments, wanted.speaker))


async def _correct(request: web.Request, unit: Any, *arguments: Any) -> Corrected:
    corrected: Corrected = await request.app[DATABASE].run(unit, request[PRINCIPAL], path_id(request), *arguments)
    await request.app[DELIVERY].follow(corrected.outcome)
    return corrected


def _label(request: web.Request) -> str:
    return check_text(request.match_info["label"], "label")


def _all(corrected: Corrected) -> web.Response:
    return web.json_response({"speakers": corrected.speakers})
