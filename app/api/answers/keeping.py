"""How long a project keeps things, what it must keep, and what a sweep would remove."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer

Days = Annotated[int | None, Field(ge=0)]


class RetentionTimes(Answer):
    """Days after the end of the work. Where a project sets no time for its audio, it goes with the text."""

    audio_days: Annotated[int | None, Field(ge=0, description="`null`: as long as the text.")]
    text_days: Annotated[int | None, Field(ge=1, description="`null`: for ever.")]


class SiteRetention(Answer):
    """The longest times that the operator allows."""

    audio_days: Days
    text_days: Days


class Retention(RetentionTimes):
    """How long a project keeps its recordings, and with their texts the whole transcriptions."""

    site: SiteRetention
    effective: Annotated[SiteRetention, Field(description="What counts: the shorter one of both.")]


class WouldGo(Answer):
    count: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0, description="Of their recordings.")]


class GoesNext(Answer):
    id: UUID
    name: str
    goes: Literal["audio", "transcription"]
    ended_at: Annotated[dt.datetime, Field(description="From when its days are counted.")]


class RetentionPreview(Answer):
    """What the next sweep would remove if it came now."""

    effective: SiteRetention
    audio: Annotated[WouldGo, Field(description="Those whose audio alone would go.")]
    transcriptions: Annotated[WouldGo, Field(description="Those that would go whole.")]
    held: Annotated[int, Field(ge=0, description="How many only a legal hold keeps.")]
    questions: Annotated[
        int, Field(ge=0, description="Questions over the whole project; those to a transcription go with it.")
    ]
    items: Annotated[list[GoesNext], Field(description="The oldest 100 of them.")]


class LegalHold(Answer):
    reason: str
    by_administrator: Annotated[bool, Field(description="Placed by an administrator of the site, who alone lifts it.")]
    placed_by: str
    placed_at: dt.datetime
    lifted_by: str | None
    lifted_at: dt.datetime | None


class LegalHolds(Answer):
    """Whether it is under a legal hold of its own, and all holds that there were, the newest first."""

    held: bool
    holds: list[LegalHold]
