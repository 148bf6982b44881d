"""Notes on passages of a recording."""

import re
from typing import Annotated, Self

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.api.answers import reading as answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import IF_MATCH, NOTE, TRANSCRIPTION
from app.api.preconditions import if_match
from app.api.requests import path_id, read_json
from app.core.audit import Action
from app.core.errors import Conflict, PreconditionFailed, PreconditionRequired
from app.db import notes
from app.db.notes import Noted
from app.db.unheld import LegalHoldInForce

_PLACE = {"id": TRANSCRIPTION, "note": NOTE}
_WITH_TAG = Reply(answers.Note, headers={"ETag": "The `etag` of its text."})
_LONGEST_SECONDS = 10_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

routes = web.RouteTableDef()


def _lines(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters other than line breaks and tabs")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_lines),
    Field(description="Lines are allowed."),
]
Moment = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, strict=True)]


class NoteText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Text


class NewNote(NoteText):
    """A note, and the passage that it is about."""

    start: Annotated[Moment, Field(description="Where the passage begins, in seconds.")]
    end: Annotated[Moment, Field(description="Where it ends.")]

    @model_validator(mode="after")
    def _is_a_passage(self) -> Self:
        if self.end < self.start:
            raise ValueError("a passage cannot end before it begins")
        return self


@routes.get("/api/transcriptions/{id}/notes")
@contract(tag=Tag.SHARING, access=Access.VIEWER, path={"id": TRANSCRIPTION}, answers={200: answers.NoteList})
async def read(request: web.Request) -> web.Response:
    """List the notes of a recording, in order of time."""
    items = await request.app[DATABASE].run(notes.read, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": items})


@routes.post("/api/transcriptions/{id}/notes")
@contract(
    tag=Tag.SHARING,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=NewNote,
    example={"start": 12.5, "end": 17.0, "text": "Ask for the figures."},
    answers={201: _WITH_TAG},
    errors=(Conflict,),
    audited=Action.NOTE_WRITTEN,
)
async def write(request: web.Request) -> web.Response:
    """Write a note on a passage. No document shows it."""
    new = await read_json(request, NewNote)
    noted = await request.app[DATABASE].run(
        notes.write, request[PRINCIPAL], path_id(request), new.start, new.end, new.text
    )
    return await _answer(request, noted, 201)


@routes.patch("/api/transcriptions/{id}/notes/{note}")
@contract(
    tag=Tag.SHARING,
    access=Access.EDITOR,
    path=_PLACE,
    headers={"If-Match": IF_MATCH},
    body=NoteText,
    example={"text": "The figures came."},
    answers={200: _WITH_TAG},
    errors=(LegalHoldInForce, PreconditionRequired, PreconditionFailed),
    audited=Action.NOTE_CHANGED,
)
async def change(request: web.Request) -> web.Response:
    """Change the text of a note, whoever wrote it."""
    expected = if_match(request)
    said = await read_json(request, NoteText)
    noted = await request.app[DATABASE].run(
        notes.change, request[PRINCIPAL], path_id(request), path_id(request, "note"), said.text, expected
    )
    return await _answer(request, noted, 200)


@routes.delete("/api/transcriptions/{id}/notes/{note}")
@contract(
    tag=Tag.SHARING,
    access=Access.EDITOR,
    path=_PLACE,
    answers={204: None},
    errors=(LegalHoldInForce,),
    audited=Action.NOTE_DELETED,
)
async def delete(request: web.Request) -> web.Response:
    """Remove a note, whoever wrote it."""
    noted = await request.app[DATABASE].run(
        notes.delete, request[PRINCIPAL], path_id(request), path_id(request, "note")
    )
    await request.app[DELIVERY].follow(noted.outcome)
    return web.Response(status=204)


async def _answer(request: web.Request, noted: Noted, status: int) -> web.Response:
    await request.app[DELIVERY].follow(noted.outcome)
    tag = noted.note["etag"] if noted.note else ""
    return web.json_response(noted.note, status=status, headers={"ETag": tag})
