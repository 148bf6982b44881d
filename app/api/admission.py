"""From a file that is whole to a queued transcription: the same way for every manner of sending."""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from app.api.keys import DATABASE, DELIVERY, PROBE_SLOTS, SETTINGS, UPLOADS
from app.api.probing import probed
from app.api.volume.threads import on_volume
from app.api.volume.uploads import ReceivedFile
from app.core.errors import DependencyDown
from app.core.identifiers import TranscriptionId
from app.core.options import TranscriptionOptions
from app.db import admissions, transcriptions
from app.db.admissions import Content
from app.db.transcriptions import NewTranscription
from app.logs import add_to_log, log_context


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made of a recording. With `reuse`, what is there of the same content and options will do.

    What is made will do so for later ones, where it is `reusable`.
    """

    project: uuid.UUID
    created_by: uuid.UUID | None
    idempotency_key: str | None
    name: str
    options: TranscriptionOptions
    reuse: bool
    reusable: bool = True


async def admit(
    app: web.Application, file: ReceivedFile, wish: Wish, new_id: TranscriptionId | None = None
) -> tuple[dict[str, Any], bool]:
    """Return the transcription of a file, and whether it is a new one (then under `new_id`, where that is given).

    Raises what the file deserves, `IdempotencyKeyUsed`, `StorageFull` or `DependencyDown`. A file that was not taken
    stays where it is, the caller's to discard.
    """
    database, uploads = app[DATABASE], app[UPLOADS]
    content = Content(wish.project, wish.idempotency_key, file.sha256, wish.options, wish.reuse)
    if (earlier := await database.run(admissions.earlier, content)) is not None:
        add_to_log(transcription=earlier["id"])
        return earlier, False
    media = await probed(uploads, app[PROBE_SLOTS], file.path, app[SETTINGS].probe_timeout)
    wish.options.require_channels(media.channels)
    new_id = new_id or TranscriptionId(uuid.uuid4())
    # The file first, then the row: a crash in between leaves a file without a row, never a row without its file.
    audio_path = await uploads.use(uploads.keep, file, new_id)
    new = NewTranscription(
        id=new_id,
        project=wish.project,
        created_by=wish.created_by,
        idempotency_key=wish.idempotency_key,
        name=wish.name,
        audio_path=audio_path,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        media=asdict(media),
        options=wish.options,
        reusable=wish.reusable,
        request_id=log_context.get().get("request"),
    )
    try:
        admitted = await database.run(admissions.admit, new, content)
    except DependencyDown:
        # The commit may have stood although its answer was lost. The file stays, unsettled, until a sweep finds out.
        raise
    except Exception:
        # Whatever it was, PostgreSQL answered: the file must not stay without a row.
        await _settle(app, new_id)
        raise
    add_to_log(transcription=admitted.body["id"])
    if admitted.outcome is None:
        await _settle(app, new_id)
    else:
        await on_volume(uploads.settle, new_id, kept=True)
        await app[DELIVERY].follow(admitted.outcome)
    return admitted.body, admitted.created


async def _settle(app: web.Application, owner: TranscriptionId) -> None:
    """Let the row decide: under an id that was given, another try of the same may have made it meanwhile."""
    known = await app[DATABASE].run(transcriptions.known, [owner])
    await on_volume(app[UPLOADS].settle, owner, kept=owner in known)
