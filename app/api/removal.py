"""A transcription and all that hangs on it, removed."""

from aiohttp import web

from app.api.keys import DATABASE, DELIVERY, UPLOADS
from app.api.volume.threads import on_volume
from app.core.access import Principal
from app.core.identifiers import TranscriptionId
from app.db import transcriptions


async def remove(app: web.Application, principal: Principal, transcription: TranscriptionId) -> None:
    """Remove a transcription: its rows, then its file; its jobs end wherever they are. Editors may."""
    database, uploads = app[DATABASE], app[UPLOADS]
    await database.run(transcriptions.require_editor, principal, transcription)
    await uploads.use(uploads.unsettle, transcription)
    outcome = await database.run(transcriptions.delete, principal, transcription)
    await on_volume(uploads.settle, transcription, kept=False)
    await app[DELIVERY].follow(outcome)
