"""Voices by which a project's speakers are recognised. What they sound like leaves by no route."""

from typing import Annotated, Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field, model_validator

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import PROJECT, VOICEPRINT
from app.api.requests import OneLine, path_id, read_json
from app.core.audit import Action
from app.core.errors import Conflict
from app.db import voiceprints

routes = web.RouteTableDef()


class NewVoiceprint(BaseModel):
    """A speaker of a recording, by label or by the position of a segment of theirs, and whose voice it is."""

    transcription_id: UUID
    speaker: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    segment: Annotated[int, Field(ge=0, strict=True)] | None = None
    name: Annotated[OneLine, Field(min_length=1, max_length=200, pattern=r"\S")]

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.speaker is None) == (self.segment is None):
            raise ValueError("exactly one of speaker and segment is needed")
        return self


@routes.get("/api/projects/{id}/voiceprints")
@contract(
    tag=Tag.VOICEPRINTS,
    access=Access.VIEWER,
    path={"id": PROJECT},
    answers={200: answers.VoiceprintList},
)
async def list_voiceprints(request: web.Request) -> web.Response:
    """List whose voices are known, and where from."""
    found = await request.app[DATABASE].run(voiceprints.list_voiceprints, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": found})


@routes.post("/api/projects/{id}/voiceprints")
@contract(
    tag=Tag.VOICEPRINTS,
    access=Access.EDITOR,
    path={"id": PROJECT},
    body=NewVoiceprint,
    example={
        "transcription_id": "9f3c1a52-6f0e-4c55-8f6b-0b8f0c1b7e11",
        "speaker": "SPEAKER_00",
        "name": "Anna",
    },
    answers={201: answers.Voiceprint},
    errors=(Conflict,),
    audited=Action.VOICEPRINT_ENROLLED,
)
async def enrol(request: web.Request) -> web.Response:
    """Keep a speaker's voice, to recognise it in later recordings of the project.

    409 where recognition is off, or it is not known what this speaker sounds like.
    """
    new = await read_json(request, NewVoiceprint)
    made = await request.app[DATABASE].run(
        voiceprints.enrol,
        request[PRINCIPAL],
        path_id(request),
        transcription=new.transcription_id,
        name=new.name,
        speaker=new.speaker,
        segment=new.segment,
    )
    return web.json_response(made, status=201)


@routes.delete("/api/projects/{id}/voiceprints/{voiceprint}")
@contract(
    tag=Tag.VOICEPRINTS,
    access=Access.EDITOR,
    path={"id": PROJECT, "voiceprint": VOICEPRINT},
    answers={204: None},
    audited=Action.VOICEPRINT_DELETED,
)
async def delete(request: web.Request) -> web.Response:
    """Forget a voice.

    The names that it proposed stay, as if people had given them.
    """
    await request.app[DATABASE].run(
        voiceprints.delete, request[PRINCIPAL], path_id(request), path_id(request, "voiceprint")
    )
    return web.Response(status=204)
