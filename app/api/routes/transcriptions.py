"""Transcriptions: send, list, read, cancel, retry, delete."""

import asyncio
import datetime as dt
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api import answers
from app.api.contract import Access, Combined, Multipart, Reply, Tag, contract
from app.api.creation import IDEMPOTENCY_KEY, receive_transcription
from app.api.downloads.ordering import Order, order
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL, UPLOADS
from app.api.outbound.addresses import UrlRefused
from app.api.parameters import OPTIONS, TRANSCRIPT_FORMAT, TRANSCRIPTION, TRANSCRIPTION_FIELDS
from app.api.problems import NotAcceptable
from app.api.rendering import OFFERED, PresentationQuery, negotiated_format, rendered, wanted_presentation
from app.api.requests import path_id, validate
from app.core.errors import (
    Conflict,
    DamagedMedia,
    EmptyUpload,
    IllegalTransition,
    InvalidFields,
    InvalidOptions,
    NoAudio,
    NotFound,
    NotMedia,
    StorageFull,
    UnknownModel,
    UploadTooLarge,
)
from app.core.formats import FORMATS
from app.core.identifiers import TranscriptionId
from app.core.lifecycle import TranscriptionState
from app.core.options import TranscriptionOptions
from app.db import projects, transcriptions
from app.db.quotas import QuotaExceeded
from app.db.transcriptions import IdempotencyKeyUsed

_DOCUMENT_TYPES = tuple(dict.fromkeys(FORMATS[name].content_type for name in OFFERED.values() if name != "json"))

routes = web.RouteTableDef()

# An id contains no dot: what has one is the address of a document, which knows other methods.
_ONE = "/api/transcriptions/{id:[^./]+}"


class ListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: Annotated[str | None, Field(description="Those of this project alone, by id or name.")] = None
    state: Annotated[TranscriptionState | None, Field(description="Those in this state alone.")] = None
    limit: Annotated[int, Field(ge=1, le=transcriptions.LIST_LIMIT, description="How many a page.")] = 50
    cursor: Annotated[str | None, Field(max_length=100, description="`next_cursor` of the page before.")] = None


@routes.post("/api/transcriptions")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    headers={"Idempotency-Key": IDEMPOTENCY_KEY},
    body=(
        Multipart(
            TranscriptionOptions,
            files={"file": "The recording: anything with sound in it, audio or video. Send it last."},
            texts=TRANSCRIPTION_FIELDS,
        ),
        Combined(Order, TranscriptionOptions, texts=OPTIONS),
    ),
    example={"url": "https://recordings.example.org/board.mp3", "language": "fr"},
    answers={
        201: Reply(
            answers.Transcription,
            "It is queued; or `pending`, where the recording is yet to be fetched.",
            headers={"Location": "The transcription's address."},
        ),
        200: Reply(
            answers.Transcription,
            "The transcription of the same recording and options that there was: by its `Idempotency-Key`, or for `reuse`.",
            headers={"Location": "The transcription's address."},
        ),
    },
    errors=(
        InvalidOptions,
        UnknownModel,
        UrlRefused,
        IdempotencyKeyUsed,
        QuotaExceeded,
        UploadTooLarge,
        NotMedia,
        EmptyUpload,
        DamagedMedia,
        NoAudio,
        StorageFull,
    ),
)
async def create(request: web.Request) -> web.Response:
    """Take a recording and its options, or the address of one, and queue its transcription.

    An empty field counts as left out; an unknown one is refused. What is at an address is fetched after the answer: where
    that fails, the transcription ends as `error`.
    """
    by_address = request.content_type == "application/json"
    body, created = await (order(request) if by_address else receive_transcription(request))
    headers = {"Location": f"/api/transcriptions/{body['id']}"}
    return web.json_response(body, status=201 if created else 200, headers=headers)


@routes.get("/api/transcriptions")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.SIGNED_IN,
    query=ListQuery,
    answers={200: answers.TranscriptionPage},
    errors=(NotFound,),
)
async def list_transcriptions(request: web.Request) -> web.Response:
    """List the newest first, a page at a time."""
    query = validate(TypeAdapter(ListQuery), dict(request.query))
    before = _position(query.cursor) if query.cursor else None
    principal = request[PRINCIPAL]

    def unit() -> transcriptions.Page:
        project = projects.find_project(principal, query.project).id if query.project else None
        return transcriptions.list_page(principal, project=project, state=query.state, limit=query.limit, before=before)

    page = await request.app[DATABASE].run(unit)
    return web.json_response({"items": page.items, "next_cursor": page.next_cursor})


@routes.get(r"/api/transcriptions/{id}.{format:\w+}")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION, "format": TRANSCRIPT_FORMAT},
    query=PresentationQuery,
    answers={
        200: Reply(
            answers.TranscriptFile,
            media_types=_DOCUMENT_TYPES,
            headers={"Content-Disposition": "The name of the file."},
        )
    },
    errors=(Conflict,),
)
async def read_rendered(request: web.Request) -> web.Response:
    """Give the finished transcript as a document.

    409 until there is one. An option that means nothing to the format is refused.
    """
    name = request.match_info["format"]
    return await rendered(request, path_id(request), name, wanted_presentation(request, name))


@routes.get(_ONE)
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    query=PresentationQuery,
    answers={
        200: Reply(
            answers.Transcription,
            media_types=_DOCUMENT_TYPES,
            headers={"Vary": "`Accept`: the answer goes by it."},
        )
    },
    errors=(Conflict, NotAcceptable),
)
async def read(request: web.Request) -> web.Response:
    """Give a transcription with its text, as far as there is one.

    Where the `Accept` header prefers another type than JSON, the finished text as a document of that type: 409 until
    there is one. The options are those of documents.
    """
    name = negotiated_format(request)
    presentation = wanted_presentation(request, name)
    if name == "json":
        body = await request.app[DATABASE].run(transcriptions.read, request[PRINCIPAL], path_id(request))
        response = web.json_response(body)
    else:
        response = await rendered(request, path_id(request), name, presentation)
    response.headers["Vary"] = "Accept"
    return response


@routes.get("/api/transcriptions/{id}/jobs")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    answers={200: answers.JobList},
)
async def read_jobs(request: web.Request) -> web.Response:
    """Give the jobs that a transcription is made of: who did them, when, and how long each stage took."""
    items = await request.app[DATABASE].run(transcriptions.read_jobs, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": items})


@routes.post("/api/transcriptions/{id}/cancel")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={200: answers.Transcription},
    errors=(IllegalTransition,),
)
async def cancel(request: web.Request) -> web.Response:
    """Stop what is not finished; what is finished is kept."""
    body, outcome = await request.app[DATABASE].run(transcriptions.cancel, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.json_response(body)


@routes.post("/api/transcriptions/{id}/retry")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={200: answers.Transcription},
    errors=(IllegalTransition,),
)
async def retry(request: web.Request) -> web.Response:
    """Queue again what failed or was cancelled, with every option of the first try."""
    body, outcome = await request.app[DATABASE].run(transcriptions.retry, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.json_response(body)


@routes.delete(_ONE)
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={204: None},
)
async def delete(request: web.Request) -> web.Response:
    """Remove a transcription: its rows, then its file."""
    transcription, uploads = TranscriptionId(path_id(request)), request.app[UPLOADS]
    await request.app[DATABASE].run(transcriptions.require_editor, request[PRINCIPAL], transcription)
    await asyncio.to_thread(uploads.unsettle, transcription)
    outcome = await request.app[DATABASE].run(transcriptions.delete, request[PRINCIPAL], transcription)
    await asyncio.to_thread(uploads.settle, transcription, kept=False)
    await request.app[DELIVERY].follow(outcome)
    return web.Response(status=204)


def _position(cursor: str) -> tuple[dt.datetime, UUID]:
    moment, _, last = cursor.partition("~")
    try:
        return dt.datetime.fromisoformat(moment), UUID(last)
    except ValueError as error:
        raise InvalidFields([{"field": "cursor", "message": "Send 'next_cursor' of the page before."}]) from error
