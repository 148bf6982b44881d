"""A transcript as a document of the format that its address names."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from app.api.keys import DATABASE, PRINCIPAL
from app.core.access import Principal
from app.core.errors import Conflict
from app.core.formats import DocumentEnrichment, DocumentSpeaker, Rendering, TranscriptDocument, render_transcript
from app.core.transcript import Diarization, Segment
from app.db import transcriptions


async def rendered(request: web.Request, transcription: UUID, format_name: str) -> web.Response:
    """Answer with the finished transcript in this format; `Conflict` until there is one."""
    body, diarization = await request.app[DATABASE].run(_read, request[PRINCIPAL], transcription)
    if body["partial"] or (body["state"] in ("error", "cancelled") and not body["segments"]):
        raise Conflict(
            f"The transcription is {body['state']}: there is no finished text yet.",
            remedy="Follow it on /api/ws/updates, or ask again once its state is 'transcribed' or 'done'.",
        )
    rendering: Rendering = await asyncio.to_thread(render_transcript, _document(body, diarization), format_name)
    name = quote(f"{body['name'].rpartition('.')[0] or body['name']}.{format_name}")
    return web.Response(
        text=rendering.text,
        content_type=rendering.media_type,
        charset="utf-8",
        headers={"Content-Disposition": f"inline; filename*=UTF-8''{name}"},
    )


def _read(principal: Principal, transcription: UUID) -> tuple[dict[str, Any], Diarization | None]:
    return (
        transcriptions.read(principal, transcription),
        transcriptions.read_diarization(principal, transcription),
    )


def _document(body: dict[str, Any], diarization: Diarization | None) -> TranscriptDocument:
    enrichment = body["enrichment"]
    return TranscriptDocument(
        name=body["name"],
        language=body["language"],
        duration_seconds=body["duration_seconds"],
        segments=tuple(Segment.from_dict(segment) for segment in body["segments"]),
        machine_speakers=tuple(segment["machine_speaker"] for segment in body["segments"]),
        speakers=tuple(DocumentSpeaker(speaker["label"], speaker["name"]) for speaker in body["speakers"]),
        turns=diarization.turns if diarization else (),
        enrichment=DocumentEnrichment(
            title=enrichment["title"], summary=enrichment["summary"], points=tuple(enrichment["points"] or ())
        )
        if enrichment
        else None,
    )
