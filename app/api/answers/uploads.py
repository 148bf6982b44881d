"""Uploads that come in pieces, as they are read."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.api.answers.transcriptions import Failure
from app.core.options import TranscriptionOptions
from app.core.uploads import UploadState


class Refusal(Failure):
    """Why no transcription was made of an upload, and the way out."""

    status: Annotated[int, Field(ge=400, le=599, description="The one that the last piece was answered with.")]


class Upload(Answer):
    """A recording that comes in pieces."""

    id: UUID
    project_id: UUID
    name: Annotated[str, Field(description="The file's, as it was sent.")]
    state: UploadState
    size_bytes: Annotated[int, Field(ge=1, description="How many bytes it will have.")]
    received_bytes: Annotated[int, Field(ge=0, description="How many of them are safe here.")]
    transcription_id: Annotated[
        UUID | None, Field(description="What became of it; `null` before that, and once that is deleted.")
    ]
    options: Annotated[TranscriptionOptions, Field(description="As they were, the site's defaults filled in.")]
    reuse: Annotated[bool, Field(description="Whether a transcription that is there already will do.")]
    error: Annotated[Refusal | None, Field(description="Why it was refused, where it was.")]
    created_at: dt.datetime
    expires_at: Annotated[dt.datetime, Field(description="When it ends if no more bytes come.")]
