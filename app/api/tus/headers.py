"""The headers of tus as the contracts name them, and what the answers to them can be."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from app.api.contract import Parameter, Raw, Reply
from app.api.problems import MethodNotAllowed
from app.api.tus.protocol import (
    PIECE_CONTENT_TYPE,
    ChecksumMismatch,
    OffsetMismatch,
    UnsupportedVersion,
    WrongContentType,
)
from app.core.errors import DamagedMedia, InvalidOptions, NoAudio, NotMedia, StorageFull, UploadTooLarge, VocalyxError
from app.db.quotas import QuotaExceeded
from app.db.transcriptions import IdempotencyKeyUsed
from app.db.uploads import UploadBusy, UploadGone

VERSION: Mapping[str, Parameter] = {
    "Tus-Resumable": Parameter(Literal["1.0.0"], "The version of the protocol.", required=True)
}
LENGTH: Mapping[str, Parameter] = {
    "Upload-Length": Parameter(
        Annotated[int, Field(ge=1, examples=[1_000_000])], "How many bytes the recording has.", required=True
    )
}
METADATA: Mapping[str, Parameter] = {
    "Upload-Metadata": Parameter(
        str,
        "Pairs of a name and its value in Base64, with commas between: `filename`, `project`, `reuse` and the options of a "
        "transcription, as the form has them.",
    )
}
OFFSET: Mapping[str, Parameter] = {
    "Upload-Offset": Parameter(
        Annotated[int, Field(ge=0, examples=[0])], "The byte at which the piece begins.", required=True
    )
}
CHECKSUM: Mapping[str, Parameter] = {
    "Upload-Checksum": Parameter(
        str, "`sha1` or `sha256`, a space, and the digest of the piece in Base64. A piece that differs is dropped."
    )
}
OVERRIDE: Mapping[str, Parameter] = {
    "X-HTTP-Method-Override": Parameter(Literal["PATCH", "DELETE"], "The method that is meant.", required=True)
}

PIECE = Raw(PIECE_CONTENT_TYPE, "The piece's bytes.")
FIRST_PIECE = Raw(PIECE_CONTENT_TYPE, "The first bytes, if they are to come with the beginning.", required=False)

RECEIVED: Mapping[str, str] = {"Upload-Offset": "How many bytes are here."}
EXPIRES: Mapping[str, str] = {"Upload-Expires": "When the upload ends if no more bytes come."}
MADE: Mapping[str, str] = {"X-Transcription-ID": "With the last piece: the transcription that was made, or was there."}

CAPABILITIES = Reply(
    description="In the headers.",
    headers={
        "Tus-Version": "The version of the protocol.",
        "Tus-Extension": "What of the protocol is known here.",
        "Tus-Max-Size": "How many bytes a recording may have.",
        "Tus-Checksum-Algorithm": "How pieces may be summed.",
    },
)
WITHOUT_WORDS = Reply(description="Why, a GET of the same address says: an answer to HEAD has no body.")

NOT_RECEIVED: tuple[type[VocalyxError], ...] = (
    UnsupportedVersion,
    WrongContentType,
    ChecksumMismatch,
    UploadTooLarge,
    QuotaExceeded,
    StorageFull,
    UploadBusy,
    UploadGone,
    # The last piece is answered with what the recording deserves.
    IdempotencyKeyUsed,
    InvalidOptions,
    NotMedia,
    DamagedMedia,
    NoAudio,
)
NOT_ADDED: tuple[type[VocalyxError], ...] = (*NOT_RECEIVED, OffsetMismatch)
NOT_ENDED: tuple[type[VocalyxError], ...] = (UnsupportedVersion, UploadBusy, UploadGone)
NEITHER: tuple[type[VocalyxError], ...] = (*NOT_ADDED, MethodNotAllowed)
