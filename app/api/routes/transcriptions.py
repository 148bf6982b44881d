"""Transcriptions: send, list, read, describe, cancel, retry, delete."""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.api import answers
from app.api.beforehand import beforehand
from app.api.contract import Access, Combined, Multipart, Reply, Tag, contract
from app.api.creation import IDEMPOTENCY_KEY, receive_transcription
from app.api.downloads.ordering import Order as FetchOrder
from app.api.downloads.ordering import order
from app.api.filtering import FilterQuery, read_query
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL, READINGS
from app.api.original import shapes
from app.api.original.fields import EitherFields
from app.api.outbound.addresses import UrlRefused
from app.api.parameters import (
    IF_MATCH,
    OPTIONS,
    ORIGINAL_FIELDS,
    TRANSCRIPT_FORMAT,
    TRANSCRIPTION,
    TRANSCRIPTION_FIELDS,
)
from app.api.preconditions import if_match
from app.api.problems import NotAcceptable
from app.api.removal import remove
from app.api.rendering import OFFERED, PresentationQuery, negotiated_format, rendered, wanted_presentation
from app.api.requests import OneLine, path_id, read_json
from app.api.seen import seen
from app.core.audit import Action
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
    PreconditionFailed,
    PreconditionRequired,
    StorageFull,
    UnknownModel,
    UploadTooLarge,
)
from app.core.formats import FORMATS
from app.core.formats.presentation import AS_USUAL
from app.core.identifiers import TranscriptionId
from app.core.options import TranscriptionOptions
from app.core.task_sets import UnknownTaskSet
from app.db import listing, metadata, original, transcriptions
from app.db.listing import Order, Sort
from app.db.quotas import QuotaExceeded
from app.db.sharing import Asked
from app.db.transcriptions import IdempotencyKeyUsed, RecordingRemoved
from app.db.unheld import LegalHoldInForce

_DOCUMENT_TYPES = tuple(dict.fromkeys(FORMATS[name].content_type for name in OFFERED.values() if name != "json"))

routes = web.RouteTableDef()

_BEGUN: web.RequestKey[Any] = web.RequestKey("begun", Asked)

_SEEN = answers.Transcription | answers.TranscriptionSummary
_MADE = _SEEN | answers.OriginalTranscription

# 'count' and what has a dot are addresses of their own, which know other methods.
_ONE = r"/api/transcriptions/{id:(?!count$)[^/.]+}"


# What is blank is refused by the pattern: the ends are stripped after that.
Name = Annotated[OneLine, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"\S")]
Label = Annotated[OneLine, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"\S")]


class Direction(StrEnum):
    ASCENDING = "asc"
    DESCENDING = "desc"


class ListQuery(FilterQuery):
    limit: Annotated[int, Field(ge=1, le=listing.LIST_LIMIT, description="How many a page.")] = 50
    sort: Annotated[Sort, Field(description="By when they were sent, how long they are, or their names.")] = (
        Sort.CREATED
    )
    order: Annotated[Direction | None, Field(description="By name `asc` where it is left out, else `desc`.")] = None

    def ordering(self) -> Order:
        """Return the order that is meant."""
        usual = Direction.ASCENDING if self.sort is Sort.NAME else Direction.DESCENDING
        return Order(self.sort, descending=(self.order or usual) is Direction.DESCENDING)


class Description(BaseModel):
    """What people say about a transcription; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name | None, Field(description="One line.")] = None
    labels: Annotated[
        list[Label] | None,
        Field(max_length=50, description="All of them: these take the place of those that there are."),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.labels is None:
            raise ValueError("at least one of name and labels is needed")
        return self


@routes.post("/api/transcriptions")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    headers={"Idempotency-Key": IDEMPOTENCY_KEY},
    body=(
        Multipart(
            TranscriptionOptions,
            files={"file": "The recording: anything with sound in it, audio or video. Send it last."},
            texts={**TRANSCRIPTION_FIELDS, **ORIGINAL_FIELDS},
        ),
        Combined(FetchOrder, TranscriptionOptions, texts=OPTIONS),
    ),
    example={"url": "https://recordings.example.org/board.mp3", "language": "fr"},
    answers={
        201: Reply(
            _MADE,
            "It is queued; or `pending`, where the recording is yet to be fetched.",
            headers={"Location": "The transcription's address."},
        ),
        200: Reply(
            _MADE,
            "The transcription of the same recording and options that there was: by its `Idempotency-Key`, or for `reuse`.",
            headers={"Location": "The transcription's address."},
        ),
    },
    errors=(
        InvalidOptions,
        UnknownModel,
        UnknownTaskSet,
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
    audited=Action.TRANSCRIPTION_CREATED,
)
async def create(request: web.Request) -> web.Response:
    """Take a recording and its options, or the address of one, and queue its transcription.

    An empty field counts as left out; an unknown one is refused. What is at an address is fetched after the answer: where
    that fails, the transcription ends as `error`.

    A form of the first Vocalyx is answered in its shape.

    A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a
    model has written of it.
    """
    reader = EitherFields()
    by_address = request.content_type == "application/json"
    body, created = await (order(request) if by_address else receive_transcription(request, reader))
    body = seen(request[PRINCIPAL], body)
    if reader.is_original:
        project = await request.app[DATABASE].run(original.project_name, UUID(body["project_id"]))
        body = shapes.transcription(body, project)
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
    """List what may be seen, sorted and narrowed, a page at a time.

    The newest first unless told otherwise. What narrows must hold together. A cursor is good for the `sort` and `order`
    that it comes from.
    """
    query, principal = read_query(request, ListQuery), request[PRINCIPAL]

    def unit() -> listing.Page:
        page = listing.list_page(
            principal, query.filters(principal), query.ordering(), limit=query.limit, cursor=query.cursor or None
        )
        return listing.with_names(page)

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
    audited=Action.TRANSCRIPTION_EXPORTED,
)
async def read_rendered(request: web.Request) -> web.Response:
    """Give the finished transcript as a document.

    409 until there is one. An option that means nothing to the format is refused.
    """
    name = request.match_info["format"]
    return await rendered(request, path_id(request), name, wanted_presentation(request, name))


def _begin_reading(request: web.Request) -> None:
    # An address that names nothing is told of later, and not to everybody.
    with suppress(NotFound):
        request[_BEGUN] = request.app[READINGS].begin(path_id(request))


@routes.get(_ONE)
@beforehand(_begin_reading)
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    query=PresentationQuery,
    answers={
        200: Reply(
            answers.ReadTranscription,
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
        if presentation != AS_USUAL:
            # Or whoever asks for less would be given everything.
            message = "The transcription itself is given whole: ask for the document, with the ending .json."
            raise InvalidFields([{"field": name, "message": message} for name in request.query])
        reading = await request.app[READINGS].read(request[PRINCIPAL], path_id(request), request.get(_BEGUN))
        # The tag is that of what people say about it, which no document shows whole.
        headers = {"Content-Type": "application/json; charset=utf-8", "ETag": reading.etag, "Vary": "Accept"}
        return web.Response(body=reading.body, headers=headers)
    response = await rendered(request, path_id(request), name, presentation)
    response.headers["Vary"] = "Accept"
    return response


@routes.patch(_ONE)
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    headers={"If-Match": IF_MATCH},
    body=Description,
    example={"name": "Board meeting", "labels": ["board", "2026"]},
    answers={200: Reply(answers.TranscriptionSummary, headers={"ETag": "The new `etag`."})},
    errors=(PreconditionRequired, PreconditionFailed),
    audited=Action.TRANSCRIPTION_DESCRIBED,
)
async def describe(request: web.Request) -> web.Response:
    """Change the name, the labels or both.

    412 where somebody else has changed them since you read them: what stands there now is in the answer.

    A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a
    model has written of it.
    """
    expected = if_match(request)
    wanted = await read_json(request, Description)
    labels = None if wanted.labels is None else list(dict.fromkeys(wanted.labels))
    described = await request.app[DATABASE].run(
        metadata.describe, request[PRINCIPAL], path_id(request), expected, name=wanted.name, labels=labels
    )
    await request.app[DELIVERY].follow(described.outcome)
    summary = seen(request[PRINCIPAL], described.summary)
    return web.json_response(summary, headers={"ETag": summary["etag"]})


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
    answers={200: Reply(_SEEN)},
    errors=(IllegalTransition,),
    audited=Action.TRANSCRIPTION_CANCELLED,
)
async def cancel(request: web.Request) -> web.Response:
    """Stop what is not finished; what is finished is kept.

    A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a
    model has written of it.
    """
    body, outcome = await request.app[DATABASE].run(transcriptions.cancel, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.json_response(seen(request[PRINCIPAL], body))


@routes.post("/api/transcriptions/{id}/retry")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={200: Reply(_SEEN)},
    errors=(IllegalTransition, LegalHoldInForce, RecordingRemoved, QuotaExceeded),
    audited=Action.TRANSCRIPTION_RETRIED,
)
async def retry(request: web.Request) -> web.Response:
    """Queue again what failed or was cancelled, with every option of the first try.

    410 where that needs the recording, and it is kept no more. A recording that failed was not counted: 403 where others
    have used up the project's hours since.

    A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a
    model has written of it.
    """
    body, outcome = await request.app[DATABASE].run(transcriptions.retry, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.json_response(seen(request[PRINCIPAL], body))


@routes.delete(_ONE)
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    answers={204: None},
    audited=Action.TRANSCRIPTION_DELETED,
    errors=(LegalHoldInForce,),
)
async def delete(request: web.Request) -> web.Response:
    """Remove a transcription: its rows, then its file."""
    await remove(request.app, request[PRINCIPAL], TranscriptionId(path_id(request)))
    return web.Response(status=204)
