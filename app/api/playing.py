"""The file of a recording, sent to a player: all of it, or the range of bytes that it asks for."""

import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from app.api.disposition import content_disposition
from app.api.keys import UPLOADS
from app.api.problems import RangeNotSatisfiable
from app.api.ranges import ByteRange, NotSatisfiable, tag_listed, wanted_range
from app.api.volume.threads import on_volume
from app.core.errors import DependencyDown, PreconditionFailed
from app.db.transcriptions import Recording
from app.media.content_type import content_type
from app.media.recordings import RecordingMissing, UploadsVolumeAway, locate

_BLOCK_BYTES = 256 * 1024

logger = logging.getLogger(__name__)


async def give_recording(request: web.Request, recording: Recording) -> web.StreamResponse:
    """Answer with the recording. Raises `RecordingMissing`, `PreconditionFailed` or `RangeNotSatisfiable`."""
    # Closed here and not in a thread: an instance that stops would not wait for it.
    with await request.app[UPLOADS].open(_open, request.app[UPLOADS].root, recording) as file:
        return await _answer(request, recording, file)


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
            block = await on_volume(os.pread, file.fileno(), length, position)
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
