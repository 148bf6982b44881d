"""Projects: their members, keys and known voices."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.core.access import Role, Scope


class Project(Answer):
    id: UUID
    name: str
    role: Annotated[Role | None, Field(description="Yours in it; `null` where an administrator is no member.")]
    recognise_speakers: bool
    created_at: dt.datetime


class ProjectList(Answer):
    items: list[Project]


class Vocabulary(Answer):
    """What recordings are expected to speak of, where they are sent without such options; `null`: nothing."""

    hotwords: str | None
    initial_prompt: str | None


class Member(Answer):
    username: str
    role: Role


class ProjectWithMembers(Project):
    members: list[Member]


class ApiKey(Answer):
    id: UUID
    name: str
    prefix: Annotated[str, Field(description="How the key begins, to tell keys apart.")]
    role: Role
    scopes: Annotated[
        list[Scope] | None, Field(description="What a key is narrowed to; `null`: all that the role allows.")
    ]
    created_at: dt.datetime
    expires_at: Annotated[dt.datetime | None, Field(description="When a key ends; `null`: it does not.")]
    last_used_at: Annotated[dt.datetime | None, Field(description="To the minute.")]
    revoked_at: dt.datetime | None


class ApiKeyList(Answer):
    items: list[ApiKey]


class NewApiKey(ApiKey):
    key: Annotated[str, Field(description="Send it as `X-API-Key`. It is in this answer, and in no later one.")]


class EnrolledFrom(Answer):
    transcription_id: Annotated[UUID | None, Field(description="`null` once that recording is deleted.")]
    speaker: str | None


class Voiceprint(Answer):
    """Whose voice is known. What it sounds like is in no answer."""

    id: UUID
    name: str
    model: Annotated[str | None, Field(description="The diarization model that made it.")]
    enrolled_from: EnrolledFrom
    created_by: Annotated[str | None, Field(description="A user's name; `null` for an API key.")]
    created_at: dt.datetime


class VoiceprintList(Answer):
    items: list[Voiceprint]
