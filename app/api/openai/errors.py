"""Errors as clients of the OpenAI API read them, and those that only a request which waits for its text can meet."""

from typing import Any

from app.core.errors import (
    DamagedMedia,
    EmptyUpload,
    InvalidFields,
    InvalidOptions,
    NoAudio,
    NotAuthenticated,
    NotMedia,
    NotPermitted,
    UnknownModel,
    VocalyxError,
    WrongCredentials,
)
from app.db.quotas import QuotaExceeded

# What a worker may find out, and the sender could have known.
_FAULTS_OF_THE_REQUEST: dict[str, type[VocalyxError]] = {
    kind.code: kind for kind in (DamagedMedia, EmptyUpload, InvalidOptions, NoAudio, NotMedia, UnknownModel)
}

_SERVER_ERRORS_FROM = 500
_TOO_MANY_REQUESTS = 429


class TranscriptionFailed(VocalyxError):
    status = 500
    code = "transcription-failed"
    title = "The recording could not be transcribed"
    default_detail = "The work on the recording came to nothing."
    default_remedy = "Send it again; if it happens again, give the request id to your administrator."


class LeftForLater(VocalyxError):
    """The request ends without its text, and the transcription stays: its id is in `detail`."""


class NotFinishedInTime(LeftForLater):
    status = 504
    code = "not-finished-in-time"
    title = "The recording takes longer than this request waits"
    default_detail = "The recording is not finished. Its transcription goes on, and stays."
    default_remedy = "Read it later at /api/transcriptions/{id}, or send long recordings with stream=true."


class SpeakersNotToldApart(LeftForLater):
    status = 500
    code = "speakers-not-told-apart"
    title = "The speakers could not be told apart"
    default_detail = "The text is finished, but its speakers are not known. The transcription is kept."
    default_remedy = "Read it at /api/transcriptions/{id}, and try the failed part again with POST …/retry."


def transcription_failed(error: dict[str, Any]) -> VocalyxError:
    """Return what to raise for a transcription that ended with this `error`."""
    kind = _FAULTS_OF_THE_REQUEST.get(error.get("code", ""), TranscriptionFailed)
    return kind(error.get("detail"), remedy=error.get("remedy"))


def openai_error(error: VocalyxError) -> dict[str, Any]:
    """Return the error in OpenAI's shape, with our codes."""
    said, param = error.detail, error.field
    if isinstance(error, InvalidFields):
        said = " ".join([said, *(f"{fault['field']}: {fault['message']}" for fault in error.errors)])
        param = error.errors[0]["field"].partition(".")[0] if error.errors else None
    return {
        "error": {
            "message": f"{said} {error.remedy}",
            "type": _type(error),
            "param": param or None,
            "code": error.code,
        }
    }


def sent_again_in_vain(error: VocalyxError) -> bool:
    """Tell whether the answer would be the same: OpenAI's client sends recordings again after such statuses."""
    return isinstance(error, (TranscriptionFailed, LeftForLater)) or error.status in (409, 507)


def _type(error: VocalyxError) -> str:
    if isinstance(error, (NotAuthenticated, WrongCredentials)):
        return "authentication_error"
    if isinstance(error, NotPermitted):
        return "permission_error"
    if isinstance(error, QuotaExceeded):
        return "insufficient_quota"
    if error.status == _TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if error.status >= _SERVER_ERRORS_FROM else "invalid_request_error"
