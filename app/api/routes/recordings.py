"""The sound of a transcription, for players: the file itself, and its waveform."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api import answers
from app.api.auditing import note_reading, reading
from app.api.contract import Access, Parameter, Reply, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import TRANSCRIPTION
from app.api.playing import give_recording
from app.api.problems import RangeNotSatisfiable
from app.api.requests import path_id, validate
from app.core.audit import Action
from app.core.errors import Conflict, PreconditionFailed
from app.core.waveform import MOST_POINTS, Waveform
from app.db import transcriptions
from app.db.transcriptions import RecordingRemoved
from app.media.content_type import ANY_CONTENT
from app.media.recordings import RecordingMissing

_SOUND_TYPES = ("audio/*", "video/*", ANY_CONTENT)
_ALWAYS = {
    "ETag": "The SHA-256 of the content, in quotes.",
    "Accept-Ranges": "`bytes`.",
    "Content-Disposition": "The name of the file.",
}

RECORDING_HEADERS = {
    "Range": Parameter(str, "One range of bytes, such as `bytes=0-65535`; several at once are answered by all of it."),
    "If-Range": Parameter(str, "An `ETag`: where it is not the recording's, all of it comes in place of the range."),
    "If-None-Match": Parameter(str, "The `ETag` of a copy that you have: 304 where it is still right."),
    "If-Match": Parameter(str, "The `ETag` that the recording must have: 412 where it has another one."),
}
"""What a player says of the bytes that it wants."""

RECORDING_ANSWERS = {
    200: Reply(description="All of it.", media_types=_SOUND_TYPES, headers=_ALWAYS),
    206: Reply(
        description="The range.",
        media_types=_SOUND_TYPES,
        headers=_ALWAYS | {"Content-Range": "Where in the recording it lies, and how many bytes that has."},
    ),
    304: Reply(description="The copy that you have is still right.", headers=_ALWAYS),
}
"""What it gets."""

routes = web.RouteTableDef()


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
    headers=RECORDING_HEADERS,
    answers=RECORDING_ANSWERS,
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
    return await give_recording(request, recording)


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
    return web.json_response(waveform_shown(waveform, duration, query.points))


def waveform_shown(waveform: Waveform, duration: float | None, points: int) -> dict[str, Any]:
    """Return a waveform as players get it."""
    return {
        "duration_seconds": duration,
        "heard_seconds": waveform.seconds,
        "partial": not waveform.complete,
        "loudest": round(waveform.loudest, 4),
        "peaks": waveform.points(points),
    }
