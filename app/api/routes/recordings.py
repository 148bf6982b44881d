"""The sound of a transcription, for players: the file itself, and its waveform."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, BinaryIO

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api import answers
from app.api.auditing import note_reading, reading
from app.api.contract import Access, Parameter, Reply, Tag, contract
from app.api.disposition import content_disposition
from app.api.keys import DATABASE, PRINCIPAL, UPLOADS
from app.api.parameters import TRANSCRIPTION
from app.api.problems import RangeNotSatisfiable
from app.api.ranges import ByteRange, NotSatisfiable, tag_listed, wanted_range
from app.api.requests import path_id, validate
from app.core.audit import Action
from app.core.errors import Conflict, DependencyDown, PreconditionFailed
from app.core.waveform import MOST_POINTS
from app.db import transcriptions
from app.db.transcriptions import Recording, RecordingRemoved
from app.media.content_type import ANY_CONTENT, content_type
from app.media.recordings import RecordingMissing, UploadsVolumeAway, locate

_BLOCK_BYTES = 256 * 1024

_SOUND_TYPES = ("audio/*", "video/*", ANY_CONTENT)
_ALWAYS = {
    "ETag": "The SHA-256 of the content, in quotes.",
    "Accept-Ranges": "`bytes`.",
    "Content-Disposition": "The name of the file.",
}

routes = web.RouteTableDef()
logger = logging.getLogger(__name__)


class WaveformQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    points: Annotated[
        int, Field(ge=1, le=MOST_POINTS, description="How many points, at most; ten a second are kept.")
    ] = 1000


@routes.get("/api/transcriptions/{id}/audio")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    headers={
        "Range": Parameter(
            str, "One range of bytes, such as `bytes=0-65535`; several at once are answered by all of it."
        ),
        "If-Range": Parameter(
            str, "An `ETag`: where it is not the recording's, all of it comes in place of the range."
        ),
        "If-None-Match": Parameter(str, "The `ETag` of a copy that you have: 304 where it is still right."),
        "If-Match": Parameter(str, "The `ETag` that the recording must have: 412 where it has another one."),
    },
    answers={
        200: Reply(description="All of it.", media_types=_SOUND_TYPES, headers=_ALWAYS),
        206: Reply(
            description="The range.",
            media_types=_SOUND_TYPES,
            headers=_ALWAYS | {"Content-Range": "Where in the recording it lies, and how many bytes that has."},
        ),
        304: Reply(description="The copy that you have is still right.", headers=_ALWAYS),
    },
    errors=(RecordingMissing, RecordingRemoved, PreconditionFailed, RangeNotSatisfiable),
    audited=Action.TRANSCRIPTION_EXPORTED,
)
async def read_audio(request: web.Request) -> web.StreamResponse:
    """Give the recording as it was sent: all of it, or the range of bytes that a player asks for.

    Its type is what it was found to be, whatever its name says.
    """
    transcription = path_id(request)
    what, audited = reading(request, transcription)
    recording = await request.app[DATABASE].run(
        transcriptions.read_recording, request[PRINCIPAL], transcription, audited=audited
    )
    if audited:
        note_reading(request, what)
    # Closed here and not in a thread: an instance that stops would not wait for it.
    with await asyncio.to_thread(_open, request.app[UPLOADS].root, recording) as file:
        return await _answer(request, recording, file)


@routes.get("/api/transcriptions/{id}/peaks")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    query=WaveformQuery,
    answers={200: answers.Waveform},
    errors=(Conflict, RecordingRemoved),
)
async def read_peaks(request: web.Request) -> web.Response:
    """Give the waveform, as far as the recording was listened to.

    409 before that has begun; 404 also where an earlier release listened, which kept none.
    """
    query = validate(TypeAdapter(WaveformQuery), dict(request.query))
    waveform, duration = await request.app[DATABASE].run(
        transcriptions.read_waveform, request[PRINCIPAL], path_id(request)
    )
    return web.json_response(
        {
            "duration_seconds": duration,
            "heard_seconds": waveform.seconds,
            "partial": not waveform.complete,
            "loudest": round(waveform.loudest, 4),
            "peaks": waveform.points(query.points),
        }
    )


async def _answer(request: web.Request, recording: Recording, file: BinaryIO) -> web.StreamResponse:
    """Judge the request's conditions in the order of RFC 9110, section 13.2.2, and send what is left."""
    etag = f'"{recording.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        # Whoever loses their role must lose the recording: a copy is asked after each time.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(recording.name),
        "X-Content-Type-Options": "nosniff",
    }
    if "If-Match" in request.headers and not tag_listed(request.headers["If-Match"], etag, weakly=False):
        raise PreconditionFailed
    if "If-None-Match" in request.headers and tag_listed(request.headers["If-None-Match"], etag, weakly=True):
        return web.Response(status=304, headers=headers)
    part: ByteRange | None = None
    if request.method == "GET":
        try:
            part = wanted_range(request.headers, recording.size_bytes, etag)
        except NotSatisfiable as error:
            raise RangeNotSatisfiable(recording.size_bytes) from error
    response = web.StreamResponse(status=200 if part is None else 206, headers=headers)
    response.content_type = content_type(recording.media)
    if part is not None:
        response.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{recording.size_bytes}"
    sent = part or ByteRange(0, recording.size_bytes - 1)
    response.content_length = sent.length
    await response.prepare(request)
    if request.method == "GET":
        await _send(request, file, sent, response.write)
    return response


async def _send(
    request: web.Request, file: BinaryIO, part: ByteRange, write: Callable[[bytes], Awaitable[None]]
) -> None:
    """Send the bytes block by block, at the pace of whoever listens."""
    position = part.first
    while position <= part.last:
        length = min(_BLOCK_BYTES, part.last + 1 - position)
        try:
            block = await asyncio.to_thread(os.pread, file.fileno(), length, position)
        except OSError as error:
            logger.warning("the uploads volume does not give the file: %s", error)
            block = b""
        if not block:
            # The length was announced: a connection that breaks is the one way left to say that this is not all.
            if request.transport is not None:
                request.transport.abort()
            return
        await write(block)
        position += len(block)


def _open(root: Path, recording: Recording) -> BinaryIO:
    """Open the recording. Raises `RecordingMissing`, also for a file that is not as long as the one that came."""
    try:
        file = locate(root, recording.audio_path).open("rb", buffering=0)
    except (RecordingMissing, FileNotFoundError) as error:
        raise RecordingMissing from error
    except (UploadsVolumeAway, OSError) as error:
        logger.warning("the uploads volume does not give the file: %s", error)
        raise DependencyDown("The uploads volume does not answer.") from error
    size = os.fstat(file.fileno()).st_size
    if size != recording.size_bytes:
        file.close()
        logger.warning(
            "a recording has changed on the uploads volume", extra={"fields": {"file": recording.audio_path}}
        )
        raise RecordingMissing("The file that is kept here is not the one that was sent.")
    return file
