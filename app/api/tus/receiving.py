"""One piece of an upload: from the request's body to the volume, two blocks of it in memory at a time."""

import hmac
import time
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from app.api.keys import DATABASE, METRICS, SETTINGS, UPLOADS
from app.api.tus.holding import Hold, Interrupted
from app.api.tus.protocol import Checksum, ChecksumMismatch
from app.api.volume.overlap import Overlap
from app.api.volume.partial_files import PartialFile
from app.api.volume.threads import on_volume
from app.core.errors import BadRequest, StorageFull, UploadTooLarge
from app.db import uploads

# Hashing and writing leave the interpreter to the event loop, and wait for it to have it back: the fewer, the better.
_BLOCK_BYTES = 1024 * 1024
# After so much, or so long, what has come is made safe: no more than that is lost with an instance that is killed.
_RECORDED_BYTES = 64 * 1024 * 1024
_RECORDED_SECONDS = 10.0


@dataclass
class _Piece:
    request: web.Request
    hold: Hold
    file: PartialFile
    checksum: Checksum | None
    recorded_bytes: int
    recorded_at: float
    taken_bytes: int
    writing: Overlap = field(default_factory=Overlap)

    async def add(self, block: bytearray) -> None:
        """Write a block once the one before is written; the next one comes meanwhile."""
        await self.writing.done()
        self.hold.check()
        self.taken_bytes += len(block)
        await self.writing.start(partial(self.file.add, block))

    async def record(self) -> None:
        """Make safe what has come, and note it."""
        await self.writing.done()
        if self.file.size_bytes > self.recorded_bytes:
            app, upload = self.request.app, self.hold.upload
            await on_volume(self.file.sync)
            expiry = app[SETTINGS].upload_expiry
            await app[DATABASE].run(uploads.record, upload.id, self.hold.lease, self.file.size_bytes, expiry)
            app[UPLOADS].partial.remember(upload.id, self.file)
            self.recorded_bytes = self.file.size_bytes
        self.recorded_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to record. What has a checksum counts as a whole or not at all."""
        return self.checksum is None and (
            self.file.size_bytes - self.recorded_bytes >= _RECORDED_BYTES
            or time.monotonic() - self.recorded_at >= _RECORDED_SECONDS
        )


async def receive(request: web.Request, hold: Hold, checksum: Checksum | None) -> int:
    """Add the request's body to the upload, and return how many bytes of it are safe then.

    Whatever ends the piece early, what has come of it is kept, unless it has a checksum. Raises `ConnectionError` where
    the client went away, `UploadBusy` or `DependencyDown` where the upload is to go on with another request,
    `ChecksumMismatch`, `UploadTooLarge`, `StorageFull`.
    """
    volume, upload = request.app[UPLOADS], hold.upload
    room = upload.size_bytes - upload.received_bytes
    if request.content_length is not None and request.content_length > room:
        raise _too_large(upload.size_bytes)
    await volume.use(volume.check_space, request.content_length or 0)
    algorithm = checksum.algorithm if checksum else None
    file = await volume.open(volume.partial.open, upload.id, upload.received_bytes, algorithm)
    before = upload.received_bytes
    piece = _Piece(request, hold, file, checksum, before, time.monotonic(), before)
    try:
        with request.app[METRICS].uploads.labels("pieces").track_inprogress():
            await _pour(piece)
            await piece.writing.done()
        if checksum is not None and not hmac.compare_digest(file.checksum() or b"", checksum.value):
            raise ChecksumMismatch
        await piece.record()
        return file.size_bytes
    finally:
        await piece.writing.settle()
        await on_volume(file.close)


async def _pour(piece: _Piece) -> None:
    block = bytearray()
    try:
        while part := await piece.hold.read(piece.request.content):
            block += part
            if piece.taken_bytes + len(block) > piece.hold.upload.size_bytes:
                raise _too_large(piece.hold.upload.size_bytes)
            if len(block) >= _BLOCK_BYTES:
                await piece.add(block)
                block = bytearray()
                if piece.is_due:
                    await piece.record()
                    await on_volume(piece.request.app[UPLOADS].check_space, 0)
        await piece.add(block)
    except StorageFull:
        await _save(piece, bytearray())
        raise
    except Interrupted as interrupted:
        await _save(piece, block)
        raise interrupted.error from interrupted
    except ConnectionError:
        await _save(piece, block)
        raise
    except (EOFError, ValueError, web.RequestPayloadError, HttpProcessingError) as error:
        await _save(piece, block)
        raise BadRequest(
            "The body is broken or ends too early.", remedy="Ask for the offset (HEAD) and go on from there."
        ) from error


async def _save(piece: _Piece, block: bytearray) -> None:
    if piece.checksum is None:
        await piece.add(block)
        await piece.record()


def _too_large(size_bytes: int) -> UploadTooLarge:
    return UploadTooLarge(
        f"The piece goes beyond the {size_bytes} bytes that the upload was announced with.",
        remedy="Ask for the offset (HEAD), and send what is missing and no more.",
    )
