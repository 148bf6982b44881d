"""The OpenAI audio API: a program that was written for it changes its base URL, and its key."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiohttp import web

from app.api import answers as replies
from app.api.contract import Access, Multipart, Parameter, Reply, Tag, contract
from app.api.creation import IDEMPOTENCY_KEY, receive_transcription
from app.api.keys import DATABASE, PRINCIPAL, SETTINGS
from app.api.openai import answers, models
from app.api.openai.answers import Finished
from app.api.openai.errors import (
    LeftForLater,
    NotFinishedInTime,
    SpeakersNotToldApart,
    TranscriptionFailed,
    openai_error,
    transcription_failed,
)
from app.api.openai.fields import Asked, OpenAIFields, TranscriptionForm, TranslationForm
from app.api.openai.streaming import EVENTS_TYPE, TextStream
from app.api.openai.waiting import Audience, Nobody, until_text, while_connected
from app.api.parameters import OPENAI_MODEL
from app.api.removal import remove
from app.api.requests import check_text
from app.api.volume.threads import looked_up
from app.core.audit import Action
from app.core.errors import (
    Conflict,
    DamagedMedia,
    DependencyDown,
    EmptyUpload,
    InvalidFields,
    InvalidOptions,
    NoAudio,
    NotMedia,
    StorageFull,
    UnknownModel,
    UploadTooLarge,
    VocalyxError,
)
from app.core.identifiers import TranscriptionId
from app.core.options import Task
from app.core.states import PartState, TranscriptionState
from app.db.quotas import QuotaExceeded
from app.db.transcriptions import IdempotencyKeyUsed

routes = web.RouteTableDef()

logger = logging.getLogger(__name__)

_OPENAI_PROJECT_PREFIX = "proj_"
_KEEP_VALUES = {"true": True, "false": False}

_REFUSED = Reply(replies.OpenAIRefusal, "Refused, in OpenAI's shape.")
_HEADERS = {
    "OpenAI-Project": Parameter(
        str, "The project, by id or name; may be left out by a member of exactly one. OpenAI's own ids are passed over."
    ),
    "X-Vocalyx-Keep": Parameter(
        bool, "Keep the transcription, which is otherwise deleted once its text is answered, or the client gone."
    ),
    "Idempotency-Key": Parameter(
        IDEMPOTENCY_KEY.annotation,
        "Any text of yours, new for each recording: sending again with it gives the first one's text.",
    ),
}
_ID_HEADER = {"X-Transcription-ID": "The transcription's id."}
_FILE = {"file": "The recording: anything with sound in it, audio or video. Send it last."}
_FIELDS = {
    "model": "An installed Whisper model, or one of OpenAI's names for the site's default.",
    "prompt": "What the recognizer takes for the text before; of a long one the last 2 000 characters.",
    "response_format": "In which shape the text is answered.",
    "temperature": "Without effect: the recognizer begins at 0 and rises by itself where it must.",
}
_MORE_FIELDS = {
    "language": "ISO 639-1 code, such as `fr`; detected where it is left out.",
    "languages": "The same, one value.",
    "keywords": "Names and terms to expect, 1 000 characters together.",
    "stream": "Answer with events, as the text appears; with `json`, `text` or `diarized_json`.",
    "timestamp_granularities": "What has times of its own in `verbose_json`; segments where it is left out.",
    "chunking_strategy": "Without effect: recordings are always cut where nobody speaks.",
}
_ERRORS = (
    InvalidOptions,
    UnknownModel,
    Conflict,
    IdempotencyKeyUsed,
    UploadTooLarge,
    NotMedia,
    EmptyUpload,
    DamagedMedia,
    NoAudio,
    QuotaExceeded,
    StorageFull,
    TranscriptionFailed,
    NotFinishedInTime,
)


@routes.get("/v1/models")
@contract(
    tag=Tag.OPENAI,
    access=Access.SIGNED_IN,
    scope=None,
    answers={200: replies.OpenAIModelList},
    refused_as=_REFUSED,
)
async def list_models(request: web.Request) -> web.Response:
    """List the names that `model` may have, the installed models first."""
    found = await looked_up(models.describe_all, request.app[SETTINGS])
    return web.json_response({"object": "list", "data": found})


@routes.get("/v1/models/{model}")
@contract(
    tag=Tag.OPENAI,
    access=Access.SIGNED_IN,
    scope=None,
    path={"model": OPENAI_MODEL},
    answers={200: replies.OpenAIModel},
    refused_as=_REFUSED,
)
async def read_model(request: web.Request) -> web.Response:
    """Describe one name that `model` may have."""
    return web.json_response(await looked_up(models.describe, request.match_info["model"], request.app[SETTINGS]))


@routes.post("/v1/audio/transcriptions")
@contract(
    tag=Tag.OPENAI,
    access=Access.EDITOR,
    headers=_HEADERS,
    body=Multipart(TranscriptionForm, files=_FILE, texts=_FIELDS | _MORE_FIELDS),
    answers={
        200: Reply(
            replies.OpenAIText | replies.OpenAIVerboseText | replies.OpenAIDiarizedText,
            "The text, as `response_format` asks for it, or a stream of events.",
            media_types=(answers.TEXT_TYPE, EVENTS_TYPE),
            headers=_ID_HEADER,
        )
    },
    errors=(*_ERRORS, SpeakersNotToldApart),
    refused_as=_REFUSED,
    audited=Action.TRANSCRIPTION_CREATED,
)
async def transcribe(request: web.Request) -> web.StreamResponse:
    """Write down what is said in a recording, and answer with the text.

    The answer comes when the text is finished, or 504 when that takes too long for a request; the transcription then
    goes on, and stays. Long recordings are sent with `stream`.
    """
    return await _answered(request, Task.TRANSCRIBE)


@routes.post("/v1/audio/translations")
@contract(
    tag=Tag.OPENAI,
    access=Access.EDITOR,
    headers=_HEADERS,
    body=Multipart(TranslationForm, files=_FILE, texts=_FIELDS),
    answers={
        200: Reply(
            replies.OpenAIText | replies.OpenAIVerboseText,
            "The text, as `response_format` asks for it.",
            media_types=(answers.TEXT_TYPE,),
            headers=_ID_HEADER,
        )
    },
    errors=_ERRORS,
    refused_as=_REFUSED,
    audited=Action.TRANSCRIPTION_CREATED,
)
async def translate(request: web.Request) -> web.StreamResponse:
    """Write down in English what is said in a recording, and answer with the text.

    English-only models refuse it.
    """
    return await _answered(request, Task.TRANSLATE)


async def _answered(request: web.Request, task: Task) -> web.StreamResponse:
    kept = _is_kept(request)
    fields = OpenAIFields(task, _project(request), kept=kept)
    body, created = await receive_transcription(request, fields)
    transcription = TranscriptionId(UUID(body["id"]))
    removed = created and not kept
    if fields.asked.stream:
        return await _streamed(request, transcription, fields.asked, removed=removed)
    async with _removed_afterwards(request, transcription, wanted=removed):
        media_type, content = await while_connected(request, _whole(request, transcription, fields.asked))
    return web.Response(text=content, content_type=media_type, charset="utf-8", headers=_headers(transcription))


async def _whole(request: web.Request, transcription: TranscriptionId, asked: Asked) -> tuple[str, str]:
    """Return the media type and the content of the answer, once there is one."""
    limit = request.app[SETTINGS].openai_wait
    try:
        async with asyncio.timeout(limit) as patience:
            finished = await _finished(request, transcription, Nobody())
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise NotFinishedInTime(
            f"The recording is not finished after {limit} seconds. The transcription {transcription} goes on.",
            remedy=f"Read it later at /api/transcriptions/{transcription}, or send long recordings with stream=true.",
        ) from error
    return await asyncio.to_thread(answers.render, finished, asked)


async def _streamed(
    request: web.Request, transcription: TranscriptionId, asked: Asked, *, removed: bool
) -> web.StreamResponse:
    stream = TextStream(request, asked, _headers(transcription))
    try:
        async with _removed_afterwards(request, transcription, wanted=removed):
            await stream.begin()
            await while_connected(request, _told(request, transcription, stream))
    except VocalyxError as error:
        await stream.send(openai_error(error))
    except ConnectionResetError:
        raise
    except Exception:
        # The answer has begun with 200: this is the one way left to say that it will not end well.
        logger.exception("a stream of text failed")
        await stream.send(openai_error(VocalyxError()))
    return await stream.end()


async def _told(request: web.Request, transcription: TranscriptionId, stream: TextStream) -> None:
    await stream.finished(await _finished(request, transcription, stream))


async def _finished(request: web.Request, transcription: TranscriptionId, audience: Audience) -> Finished:
    """Wait for the end and return the text; raises what became of it instead."""
    summary = await until_text(request.app, request[PRINCIPAL], transcription, audience)
    _check_end(summary)
    return await request.app[DATABASE].run(answers.read, request[PRINCIPAL], transcription)


def _check_end(summary: dict[str, Any]) -> None:
    if summary["state"] == TranscriptionState.ERROR:
        raise transcription_failed(summary["error"] or {})
    if summary["state"] == TranscriptionState.CANCELLED:
        raise Conflict("The transcription was cancelled.", remedy="Send the recording again.")
    if summary["diarization"]["state"] == PartState.ERROR:
        raise SpeakersNotToldApart(
            f"The text is finished, but its speakers are not known. The transcription {summary['id']} is kept.",
            remedy=f"Read it at /api/transcriptions/{summary['id']}, and try the failed part again with POST …/retry.",
        )


@asynccontextmanager
async def _removed_afterwards(
    request: web.Request, transcription: TranscriptionId, *, wanted: bool
) -> AsyncIterator[None]:
    """Remove the transcription, however its request ends, but where the request leaves it for later."""
    try:
        yield
    except LeftForLater:
        raise
    except BaseException:
        if wanted:
            await _remove(request, transcription)
        raise
    else:
        if wanted:
            await _remove(request, transcription)


async def _remove(request: web.Request, transcription: TranscriptionId) -> None:
    try:
        await remove(request.app, request[PRINCIPAL], transcription)
    except DependencyDown:
        logger.warning("a transcription that was to be removed stays", extra={"fields": {"id": transcription}})
    except VocalyxError as error:
        # Somebody else has removed it, or does not let it go.
        logger.info("a transcription was not removed: %s", error.detail, extra={"fields": {"id": transcription}})


def _is_kept(request: web.Request) -> bool:
    """Tell whether the transcription stays after the answer: a key to find it again by asks for that, too."""
    value = request.headers.get("X-Vocalyx-Keep", "false").lower()
    if value not in _KEEP_VALUES:
        raise InvalidFields([{"field": "X-Vocalyx-Keep", "message": "Send true or false."}])
    return _KEEP_VALUES[value] or "Idempotency-Key" in request.headers


def _project(request: web.Request) -> str | None:
    """Return what the header names; an id of OpenAI's, which its client takes from the environment, names nothing here."""
    named = check_text(request.headers.get("OpenAI-Project", ""), "OpenAI-Project")
    return None if named.startswith(_OPENAI_PROJECT_PREFIX) else named or None


def _headers(transcription: TranscriptionId) -> dict[str, str]:
    return {"X-Transcription-ID": str(transcription)}
