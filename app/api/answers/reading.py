"""What readers add to a recording: notes, and links; and what a link shows."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer, Seconds
from app.api.answers.speakers import Number
from app.core.sharing import ShareScope


class Note(Answer):
    """What somebody wrote on a passage."""

    id: UUID
    start: Seconds
    end: Seconds
    text: str
    by: Annotated[str, Field(description="Who wrote it: a user's or a key's name.")]
    etag: Annotated[str, Field(description="Of its text, quotes included: for `If-Match`.")]
    created_at: dt.datetime
    changed_at: dt.datetime


class NoteList(Answer):
    items: list[Note]


class Share(Answer):
    """A link by which anybody who has it reads one recording."""

    id: UUID
    scope: ShareScope
    made_by: str
    created_at: dt.datetime
    expires_at: dt.datetime


class NewShare(Share):
    token: Annotated[str, Field(description="Shown this once. Who has it can read; it belongs behind the `#`.")]
    path: Annotated[str, Field(description="What to put behind the site's address, the token included.")]


class ShareList(Answer):
    items: list[Share]


class SharedSpeaker(Answer):
    label: str
    number: Number
    name: str | None


class SharedWord(Answer):
    start: Seconds
    end: Seconds
    text: Annotated[str, Field(description="With the space before it.")]


class SharedSegment(Answer):
    position: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    speaker: str | None
    text: str
    words: list[SharedWord]


class SharedRecording(Answer):
    """What was said and by whom, and nothing of the project or its people."""

    name: str
    language: str | None
    duration_seconds: float | None
    created_at: dt.datetime
    scope: Literal["text", "text+audio"]
    expires_at: Annotated[dt.datetime, Field(description="When the link ends.")]
    audio: Annotated[bool, Field(description="Whether the recording is to be heard.")]
    speakers: list[SharedSpeaker]
    segments: list[SharedSegment]
