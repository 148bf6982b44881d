"""From an upload that is complete to its transcription, by whichever instance comes to it first."""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

from aiohttp import web

from app.api.admission import Wish, admit
from app.api.keys import DATABASE, HOLDS, SETTINGS, UPLOADS
from app.api.tus.holding import Hold
from app.api.volume.threads import on_volume
from app.api.volume.uploads import ReceivedFile
from app.core.errors import DependencyDown, StorageFull, VocalyxError
from app.core.identifiers import TranscriptionId
from app.db import transcriptions, uploads
from app.db.uploads import UploadGone, UploadView

logger = logging.getLogger(__name__)


async def finish(app: web.Application, hold: Hold) -> UUID:
    """Make the transcription of a complete upload, and return its id.

    Raises what the recording deserves: the upload has ended then. After `StorageFull` and `DependencyDown` it stays
    complete, and is tried again.
    """
    upload, database = hold.upload, app[DATABASE]
    try:
        transcription = await _transcription_of(app, upload)
    except (DependencyDown, StorageFull):
        raise
    except VocalyxError as error:
        await database.run(uploads.refuse, upload.id, hold.lease, error)
        await on_volume(app[UPLOADS].partial.remove, upload.id)
        raise
    await database.run(uploads.finish, upload.id, hold.lease, transcription)
    # Where it became a recording it has its lasting place; where one was there already, this one is not needed.
    await on_volume(app[UPLOADS].partial.remove, upload.id)
    return transcription


async def finish_abandoned(app: web.Application) -> None:
    """Bring complete uploads to their end whose instance was killed or whose servers were away; for ever."""
    while True:
        await asyncio.sleep(app[SETTINGS].reconcile_interval)
        try:
            abandoned = await app[DATABASE].run(uploads.abandoned)
        except DependencyDown as error:
            logger.warning("finishing uploads waits: %s", error)
            continue
        except Exception:
            # Whatever went wrong must not end all later rounds.
            logger.exception("finishing uploads failed")
            continue
        for upload in abandoned:
            await _try_one(app, upload)


async def _try_one(app: web.Application, upload: UUID) -> None:
    """Finish an upload, or leave it to the next round: nothing that goes wrong with one keeps others waiting."""
    try:
        await _finish_one(app, upload)
    except (DependencyDown, StorageFull, OSError) as error:
        logger.warning("finishing an upload waits: %s", error, extra={"fields": {"upload": upload}})
    except Exception:
        logger.exception("finishing an upload failed", extra={"fields": {"upload": upload}})


async def _finish_one(app: web.Application, upload: UUID) -> None:
    claimed = await app[DATABASE].run(uploads.claim_complete, upload)
    if claimed is None:
        return
    async with app[HOLDS].kept(claimed) as hold:
        try:
            transcription = await finish(app, hold)
        except (DependencyDown, StorageFull):
            raise
        except VocalyxError as error:
            logger.info("refused an upload", extra={"fields": {"upload": upload, "code": error.code}})
        else:
            logger.info("finished an upload", extra={"fields": {"upload": upload, "transcription": transcription}})


async def _transcription_of(app: web.Application, upload: UploadView) -> UUID:
    database, volume = app[DATABASE], app[UPLOADS]
    # The id is the upload's: a first try of which the end was not heard is recognised.
    new_id = TranscriptionId(upload.id)
    if await database.run(transcriptions.known, [new_id]):
        await volume.use(volume.settle, new_id, kept=True)
        return new_id
    path = await volume.use(_whole_file, app, upload)
    sha256, size_bytes = await volume.use(volume.partial.sha256, upload.id, path)
    if size_bytes != upload.size_bytes:
        raise UploadGone("The uploads volume has lost a part of the upload.")
    wish = Wish(upload.project, upload.created_by, upload.idempotency_key, upload.name, upload.options, upload.reuse)
    body, _ = await admit(app, ReceivedFile(path, size_bytes, sha256), wish, new_id)
    return UUID(body["id"])


def _whole_file(app: web.Application, upload: UploadView) -> Path:
    volume = app[UPLOADS]
    moved = volume.root / volume.place_of(TranscriptionId(upload.id))
    for path in (volume.partial.path(upload.id), moved):
        if path.exists():
            return path
    if not volume.partial.is_there():
        raise DependencyDown("The uploads volume does not answer.")
    raise UploadGone("The uploads volume has lost the upload.")
