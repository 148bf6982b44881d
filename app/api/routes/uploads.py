"""Uploads that come in pieces and go on after a loss: tus 1.0.0."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from aiohttp import web

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.creation import IDEMPOTENCY_KEY, check_may_send, destination, idempotency_key, wanted
from app.api.keys import DATABASE, HOLDS, PRINCIPAL, SETTINGS, UPLOADS
from app.api.parameters import UPLOAD
from app.api.problems import MethodNotAllowed
from app.api.requests import check_text, path_id
from app.api.tus import headers as tus
from app.api.tus import protocol
from app.api.tus.finishing import finish
from app.api.tus.holding import Hold
from app.api.tus.protocol import OffsetMismatch, WrongContentType
from app.api.tus.receiving import receive
from app.api.volume.threads import looked_up, on_volume
from app.api.volume.uploads import display_name
from app.core.audit import Action
from app.core.errors import DependencyDown, EmptyUpload, UnknownModel
from app.core.task_sets import UnknownTaskSet
from app.core.uploads import UploadState
from app.db import admissions, uploads
from app.db.uploads import NewUpload, UploadBusy, UploadGone, UploadView
from app.logs import add_to_log

_ENDED_STATES = (UploadState.REFUSED, UploadState.TERMINATED, UploadState.EXPIRED)
# What widespread clients say of a file on their own account, beside the name.
_NAMES = ("filename", "name")
_UNHEEDED = frozenset({"filetype", "type", "relativePath"})

routes = web.RouteTableDef()


@routes.options("/api/uploads")
@contract(tag=Tag.UPLOADS, access=Access.SIGNED_IN, scope=None, answers={204: tus.CAPABILITIES})
async def capabilities(request: web.Request) -> web.Response:
    """Say what of tus is known here."""
    headers = {
        "Tus-Extension": ",".join(protocol.EXTENSIONS),
        "Tus-Max-Size": str(request.app[UPLOADS].limit_bytes),
        "Tus-Checksum-Algorithm": ",".join(protocol.CHECKSUM_ALGORITHMS),
    }
    return web.Response(status=204, headers=headers)


@routes.options("/api/uploads/{id}")
@contract(tag=Tag.UPLOADS, access=Access.SIGNED_IN, scope=None, path={"id": UPLOAD}, answers={204: tus.CAPABILITIES})
async def capabilities_beside_an_upload(request: web.Request) -> web.StreamResponse:
    """Say what of tus is known here, whether or not there is this upload."""
    return await capabilities(request)


@routes.post("/api/uploads")
@contract(
    tag=Tag.UPLOADS,
    access=Access.EDITOR,
    headers={**tus.VERSION, **tus.LENGTH, **tus.METADATA, **tus.CHECKSUM, "Idempotency-Key": IDEMPOTENCY_KEY},
    body=tus.FIRST_PIECE,
    answers={
        201: Reply(
            description="It has begun.",
            headers={"Location": "The upload's address.", **tus.RECEIVED, **tus.EXPIRES},
        )
    },
    errors=(*tus.NOT_RECEIVED, EmptyUpload, UnknownModel, UnknownTaskSet),
    audited=Action.UPLOAD_BEGUN,
)
async def create(request: web.Request) -> web.Response:
    """Begin an upload, with its first piece where one comes along.

    Where that is all of it, `X-Transcription-ID` names the transcription.
    """
    protocol.check_version(request)
    checksum = protocol.read_checksum(request)
    if request.can_read_body:
        _check_content_type(request)
    new = await _new_upload(request)
    claimed = await request.app[DATABASE].run(uploads.create, new, request.app[SETTINGS].upload_expiry)
    headers = {"Location": f"/api/uploads/{claimed.upload.id}"}
    async with request.app[HOLDS].kept(claimed) as hold:
        if not request.can_read_body:
            return _answer(hold.upload, hold.upload.received_bytes, 201, headers)
        try:
            return await _take(request, hold, checksum, status=201, headers=headers)
        except BaseException:
            # The client is not told the address, and cannot go on. If this fails too, the upload expires.
            with suppress(UploadBusy, DependencyDown):
                await _end(request.app, hold)
            raise


@routes.patch("/api/uploads/{id}")
@contract(
    tag=Tag.UPLOADS,
    access=Access.EDITOR,
    path={"id": UPLOAD},
    headers={**tus.VERSION, **tus.OFFSET, **tus.CHECKSUM},
    body=tus.PIECE,
    answers={204: Reply(headers={**tus.RECEIVED, **tus.MADE})},
    errors=tus.NOT_ADDED,
    audited=Action.TRANSCRIPTION_CREATED,
)
async def add(request: web.Request) -> web.Response:
    """Add a piece; with the last one the upload becomes a transcription."""
    protocol.check_version(request)
    _check_content_type(request)
    offset, checksum = protocol.read_offset(request), protocol.read_checksum(request)
    async with request.app[HOLDS].of(request[PRINCIPAL], path_id(request)) as hold:
        upload = hold.upload
        _check_not_ended(upload)
        safe_bytes = await _safe_bytes(request.app, hold)
        if not offset == safe_bytes == upload.received_bytes:
            raise OffsetMismatch(f"The piece begins at byte {offset}; {safe_bytes} bytes of the upload are here.")
        if upload.state is UploadState.FINISHED:
            return _answer(upload, upload.size_bytes, 204, {})
        if upload.state is UploadState.COMPLETE:
            return await _finish(request, hold, 204, {})
        return await _take(request, hold, checksum, status=204, headers={})


@routes.head("/api/uploads/{id}")
@contract(
    tag=Tag.UPLOADS,
    access=Access.EDITOR,
    path={"id": UPLOAD},
    headers=tus.VERSION,
    answers={
        200: Reply(
            headers={
                **tus.RECEIVED,
                "Upload-Length": "How many bytes the recording has.",
                "Upload-Metadata": "As it was sent.",
                **tus.EXPIRES,
            }
        )
    },
    errors=tus.NOT_ENDED,
    refused_as=tus.WITHOUT_WORDS,
)
async def read_offset(request: web.Request) -> web.Response:
    """Say how much is here, so that the client can go on from there.

    Whoever is adding to the upload is made to stop: it is you, back from a lost connection.
    """
    protocol.check_version(request)
    upload = await request.app[HOLDS].at_rest(request[PRINCIPAL], path_id(request))
    _check_not_ended(upload)
    headers = {"Cache-Control": "no-store", "Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return _answer(upload, upload.received_bytes, 200, headers)


@routes.get("/api/uploads/{id}", allow_head=False)
@contract(tag=Tag.UPLOADS, access=Access.EDITOR, path={"id": UPLOAD}, answers={200: answers.Upload})
async def read(request: web.Request) -> web.Response:
    """Give an upload as JSON: its state, its transcription, or why there is none. Interrupts nothing."""
    upload = await request.app[DATABASE].run(uploads.read, request[PRINCIPAL], path_id(request))
    return web.json_response(upload.to_dict(), headers={"Cache-Control": "no-store"})


@routes.delete("/api/uploads/{id}")
@contract(
    tag=Tag.UPLOADS,
    access=Access.EDITOR,
    path={"id": UPLOAD},
    headers=tus.VERSION,
    answers={204: None},
    errors=tus.NOT_ENDED,
    audited=Action.UPLOAD_ENDED,
)
async def terminate(request: web.Request) -> web.Response:
    """End an upload and remove its bytes. A transcription that was made of it stays."""
    protocol.check_version(request)
    async with request.app[HOLDS].of(request[PRINCIPAL], path_id(request)) as hold:
        _check_not_ended(hold.upload)
        await _end(request.app, hold)
    return web.Response(status=204)


@routes.post("/api/uploads/{id}")
@contract(
    tag=Tag.UPLOADS,
    access=Access.EDITOR,
    path={"id": UPLOAD},
    headers={**tus.VERSION, **tus.OVERRIDE, **tus.CHECKSUM},
    body=replace(tus.PIECE, required=False),
    answers={204: Reply(description="What was meant is done.")},
    errors=tus.NEITHER,
    audited=(Action.UPLOAD_ENDED, Action.TRANSCRIPTION_CREATED),
)
async def overridden(request: web.Request) -> web.StreamResponse:
    """Stand in for PATCH and DELETE where something on the way knows neither: `X-HTTP-Method-Override` names it."""
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method == "PATCH":
        return await add(request)
    if method == "DELETE":
        return await terminate(request)
    raise MethodNotAllowed(
        "POST is known here only with 'X-HTTP-Method-Override: PATCH' or DELETE.",
        remedy="Use PATCH to add a piece.",
        field="DELETE, GET, HEAD, OPTIONS, PATCH",
    )


async def _new_upload(request: web.Request) -> NewUpload:
    """Refuse what can be refused before hours of upload, and return the rest."""
    app, principal = request.app, request[PRINCIPAL]
    size_bytes = protocol.read_length(request)
    if size_bytes == 0:
        raise EmptyUpload(field="Upload-Length")
    metadata = check_text(request.headers.get("Upload-Metadata", ""), "Upload-Metadata")
    values = {name: check_text(value, name) for name, value in protocol.read_metadata(metadata).items()}
    names = [values.pop(name) for name in _NAMES if name in values]
    values = {name: value for name, value in values.items() if name not in _UNHEEDED}
    options, reuse = await looked_up(wanted, values, app[SETTINGS])
    key = idempotency_key(request)
    if not values.get("project"):
        check_may_send(principal)
    project, options = await app[DATABASE].run(destination, principal, values.get("project"), options)
    app[UPLOADS].check_size(size_bytes)
    await app[UPLOADS].use(app[UPLOADS].check_space, size_bytes)
    await app[DATABASE].run(admissions.check_room, project, key, size_bytes)
    return NewUpload(
        project=project,
        created_by=principal.user,
        idempotency_key=key,
        name=display_name(next(iter(names), None)),
        metadata=metadata,
        options=options,
        reuse=reuse,
        size_bytes=size_bytes,
    )


async def _take(
    request: web.Request, hold: Hold, checksum: protocol.Checksum | None, *, status: int, headers: dict[str, str]
) -> web.Response:
    received_bytes = await hold.undisturbed(receive(request, hold, checksum))
    if received_bytes == hold.upload.size_bytes:
        return await _finish(request, hold, status, headers)
    upload = await request.app[DATABASE].run(uploads.read, request[PRINCIPAL], hold.upload.id)
    return _answer(upload, received_bytes, status, headers)


async def _finish(request: web.Request, hold: Hold, status: int, headers: dict[str, str]) -> web.Response:
    transcription = await hold.undisturbed(finish(request.app, hold))
    add_to_log(transcription=str(transcription))
    return _answer(hold.upload, hold.upload.size_bytes, status, headers | {"X-Transcription-ID": str(transcription)})


async def _safe_bytes(app: web.Application, hold: Hold) -> int:
    """Return how much of an upload is there; less than was noted where the volume has lost some."""
    upload = hold.upload
    if upload.state is not UploadState.RECEIVING:
        return upload.received_bytes
    safe_bytes = await app[UPLOADS].use(app[UPLOADS].partial.safe_bytes, upload.id, upload.received_bytes)
    if safe_bytes < upload.received_bytes:
        await app[DATABASE].run(uploads.record, upload.id, hold.lease, safe_bytes, app[SETTINGS].upload_expiry)
    return safe_bytes


async def _end(app: web.Application, hold: Hold) -> None:
    await app[DATABASE].run(uploads.terminate, hold.upload.id, hold.lease)
    await on_volume(app[UPLOADS].partial.remove, hold.upload.id)


def _check_content_type(request: web.Request) -> None:
    if request.content_type != protocol.PIECE_CONTENT_TYPE:
        raise WrongContentType


def _check_not_ended(upload: UploadView) -> None:
    if upload.state is UploadState.EXPIRED:
        raise UploadGone("The upload got no bytes for too long, and has expired.")
    if upload.state is UploadState.REFUSED:
        reason: Any = (upload.error or {}).get("detail", "")
        raise UploadGone(
            f"The upload was complete, and refused: {reason}", remedy="Read it (GET) for the whole reason."
        )
    if upload.state in _ENDED_STATES:
        raise UploadGone


def _answer(upload: UploadView, received_bytes: int, status: int, headers: dict[str, str]) -> web.Response:
    told = {"Upload-Offset": str(received_bytes)}
    if received_bytes < upload.size_bytes:
        told["Upload-Expires"] = protocol.http_date(upload.expires_at)
    if upload.transcription is not None:
        told["X-Transcription-ID"] = str(upload.transcription)
    return web.Response(status=status, headers=told | headers)
