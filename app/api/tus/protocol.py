"""The words of tus 1.0.0: headers, and the errors that it asks for."""

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass
from email.utils import format_datetime

from aiohttp import web

from app.core.errors import BadRequest, Conflict, InvalidFields, VocalyxError

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "termination", "expiration", "checksum")
CHECKSUM_ALGORITHMS = ("sha1", "sha256")
PIECE_CONTENT_TYPE = "application/offset+octet-stream"

_NUMBER = re.compile("[0-9]{1,18}", re.ASCII)


class UnsupportedVersion(VocalyxError):
    status = 412
    code = "tus-version"
    title = "The version of the protocol is not known here"
    default_detail = "The header 'Tus-Resumable' is missing or names another version than 1.0.0."
    default_remedy = "Send 'Tus-Resumable: 1.0.0' with every request, as clients of tus 1.0 do."


class WrongContentType(VocalyxError):
    status = 415
    code = "wrong-content-type"
    title = "The content type is not the one of a piece"
    default_detail = f"A piece of an upload has the content type {PIECE_CONTENT_TYPE}."
    default_remedy = f"Send 'Content-Type: {PIECE_CONTENT_TYPE}'."


class OffsetMismatch(Conflict):
    code = "upload-offset"
    title = "The piece does not begin where the upload ends"
    default_detail = "The upload has fewer or more bytes than the offset of the piece says."
    default_remedy = "Ask for the offset (HEAD) and go on from there."


class ChecksumMismatch(VocalyxError):
    status = 460
    code = "checksum-mismatch"
    title = "The piece is not what its checksum says"
    default_detail = "The piece does not have the checksum that was sent with it, and was dropped."
    default_remedy = "Send the piece again from the same offset."


@dataclass(frozen=True, slots=True)
class Checksum:
    algorithm: str
    value: bytes


def check_version(request: web.Request) -> None:
    """Raise `UnsupportedVersion` unless the client speaks this version."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise UnsupportedVersion


def read_length(request: web.Request) -> int:
    """Return the length of the whole file in bytes; `BadRequest` where it is not told at once."""
    if "Upload-Length" not in request.headers and "Upload-Defer-Length" in request.headers:
        raise BadRequest("The length of the upload is deferred.", remedy="Send 'Upload-Length' with the first request.")
    return _number(request, "Upload-Length")


def read_offset(request: web.Request) -> int:
    """Return the byte at which the piece begins."""
    return _number(request, "Upload-Offset")


def read_metadata(text: str) -> dict[str, str]:
    """Return what an `Upload-Metadata` header says; `InvalidFields` where it cannot be read."""
    values: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in text.split(","))):
        key, _, encoded = pair.partition(" ")
        if key in values:
            raise InvalidFields([{"field": key, "message": "The field was sent twice."}])
        try:
            values[key] = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            message = "In 'Upload-Metadata' a value is UTF-8 text in Base64."
            raise InvalidFields([{"field": key, "message": message}]) from error
    return values


def read_checksum(request: web.Request) -> Checksum | None:
    """Return the checksum that was sent with a piece; `BadRequest` where it is of no kind that is known here."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    try:
        if algorithm in CHECKSUM_ALGORITHMS:
            return Checksum(algorithm, base64.b64decode(encoded.strip(), validate=True))
    except (binascii.Error, ValueError):
        pass
    raise BadRequest(
        "The header 'Upload-Checksum' is not an algorithm that is known here and a value in Base64.",
        remedy=f"Send one of {', '.join(CHECKSUM_ALGORITHMS)}, a space, and the digest in Base64.",
    )


def http_date(moment: dt.datetime) -> str:
    """Return a moment as `Upload-Expires` wants it."""
    return format_datetime(moment.astimezone(dt.UTC), usegmt=True)


async def name_the_version(request: web.Request, response: web.StreamResponse) -> None:
    """Say in every answer of these addresses, also in refusals, which protocol it is; a signal's receiver."""
    if request.path == "/api/uploads" or request.path.startswith("/api/uploads/"):
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Tus-Version"] = VERSION


def _number(request: web.Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not _NUMBER.fullmatch(text):
        raise BadRequest(f"The header '{header}' is missing or no number of bytes.", remedy=f"Send '{header}: 12345'.")
    return int(text)
