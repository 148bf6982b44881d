"""What a link shows to whoever has it. The token comes in a header: addresses stand in logs, headers do not.

Players cannot set headers. So whoever has shown the token gets it back as a cookie that no script reads, that goes to
this link's addresses alone, and that ends with it.
"""

import datetime as dt
from collections.abc import Hashable
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import StringConstraints, TypeAdapter

from app.api import answers
from app.api.answers import reading
from app.api.auditing import note_reading
from app.api.contract import Access, Parameter, Reply, Tag, contract
from app.api.credentials.sender import sender_of
from app.api.keys import ATTEMPTS, AUDITED_LATELY, DATABASE, SETTINGS
from app.api.parameters import SHARE
from app.api.playing import give_recording
from app.api.problems import RangeNotSatisfiable
from app.api.requests import path_id, validate
from app.api.routes.recordings import RECORDING_ANSWERS, RECORDING_HEADERS, WaveformQuery, waveform_shown
from app.core.audit import Action
from app.core.errors import Conflict, NotFound, PreconditionFailed, TooManyAttempts
from app.db import shared_links, transcriptions
from app.db.shared_links import Opened, ShareEnded, ShareWithoutAudio
from app.db.tables import now
from app.db.transcriptions import RecordingRemoved
from app.media.recordings import RecordingMissing

HEADER = "X-Share-Token"
COOKIE = "vocalyx_share"
_LONGEST_TOKEN = 200
_NO_ROBOTS = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "private, no-store"}
_PLACE = {"share": SHARE}
_TOKEN = Parameter(
    Annotated[str, StringConstraints(max_length=_LONGEST_TOKEN)],
    "What stands behind the `#` of the link. Where it is left out, the cookie counts that an earlier answer set.",
)

routes = web.RouteTableDef()


@routes.get("/api/shared/{share}")
@contract(
    tag=Tag.SHARING,
    access=Access.PUBLIC,
    path=_PLACE,
    headers={HEADER: _TOKEN},
    answers={200: Reply(reading.SharedRecording, headers={"X-Robots-Tag": "`noindex`."})},
    errors=(Conflict, ShareEnded, TooManyAttempts),
    audited=Action.SHARE_OPENED,
)
async def read(request: web.Request) -> web.Response:
    """Give a recording's text to whoever has a link to it.

    404 where there is no such link or the token is not its, 410 where the link has ended.
    """
    opened, token = await _opened(request)
    what: Hashable = ("shared", opened.share, sender_of(request))
    known = request.app[AUDITED_LATELY].knows(what)
    body = await request.app[DATABASE].run(_read_text, opened, not known)
    if not known:
        note_reading(request, what)
    response = web.json_response(body, headers=_NO_ROBOTS)
    _keep(request, response, opened, token)
    return response


@routes.get("/api/shared/{share}/peaks")
@contract(
    tag=Tag.SHARING,
    access=Access.PUBLIC,
    path=_PLACE,
    headers={HEADER: _TOKEN},
    query=WaveformQuery,
    answers={200: answers.Waveform},
    errors=(Conflict, RecordingRemoved, ShareEnded, ShareWithoutAudio, TooManyAttempts),
)
async def read_peaks(request: web.Request) -> web.Response:
    """Give the waveform of a recording to whoever has a link to it that shows the recording."""
    query = validate(TypeAdapter(WaveformQuery), dict(request.query))
    opened, _ = await _opened(request)
    shared_links.require_audio(opened)
    waveform, duration = await request.app[DATABASE].run(
        transcriptions.read_waveform, opened.principal, opened.transcription
    )
    return web.json_response(waveform_shown(waveform, duration, query.points), headers=_NO_ROBOTS)


@routes.get("/api/shared/{share}/audio")
@contract(
    tag=Tag.SHARING,
    access=Access.PUBLIC,
    path=_PLACE,
    headers={HEADER: _TOKEN} | RECORDING_HEADERS,
    answers=RECORDING_ANSWERS,
    errors=(
        RecordingMissing,
        RecordingRemoved,
        PreconditionFailed,
        RangeNotSatisfiable,
        ShareEnded,
        ShareWithoutAudio,
        TooManyAttempts,
    ),
    audited=Action.TRANSCRIPTION_EXPORTED,
)
async def read_audio(request: web.Request) -> web.StreamResponse:
    """Give a recording to whoever has a link to it that shows the recording."""
    opened, _ = await _opened(request)
    what: Hashable = ("shared audio", opened.share, sender_of(request))
    audited = request.method == "GET" and not request.app[AUDITED_LATELY].knows(what)
    recording = await request.app[DATABASE].run(_read_recording, opened, audited)
    if audited:
        note_reading(request, what)
    return await give_recording(request, recording)


def _read_text(opened: Opened, audited: bool) -> dict[str, object]:
    return shared_links.read_shared(opened, audited=audited)


def _read_recording(opened: Opened, audited: bool) -> transcriptions.Recording:
    return shared_links.read_shared_recording(opened, audited=audited)


async def _opened(request: web.Request) -> tuple[Opened, str]:
    """Return what the link leads to, and its token. Tokens that are worth nothing are counted by address."""
    share = path_id(request, "share")
    token = (request.headers.get(HEADER) or request.cookies.get(COOKIE) or "")[:_LONGEST_TOKEN]
    try:
        opened = await request.app[DATABASE].run(shared_links.open_link, share, token)
    except NotFound:
        await request.app[ATTEMPTS].unknown_credentials(sender_of(request))
        raise
    return opened, token


def _keep(request: web.Request, response: web.Response, opened: Opened, token: str) -> None:
    left = opened.expires_at - now()
    response.set_cookie(
        COOKIE,
        token,
        max_age=max(1, int(left / dt.timedelta(seconds=1))),
        path=_path(opened.share),
        httponly=True,
        samesite="Strict",
        secure=request.secure or request.app[SETTINGS].public_url.startswith("https:"),
    )


def _path(share: UUID) -> str:
    return f"/api/shared/{share}"
