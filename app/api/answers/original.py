"""What programs of the first Vocalyx read, under its names. What has no counterpart here is null."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer, Percent
from app.api.answers.transcriptions import Segment, Transcription
from app.core.states import PartState

OriginalStatus = Literal["pending", "processing", "done", "error"]


class OriginalReading(Answer):
    """What a program of the first Vocalyx looks for in a transcription."""

    status: OriginalStatus
    project_name: str
    duration: Annotated[float | None, Field(description="Seconds.")]
    text: Annotated[str | None, Field(description="All of it; `null` until it is finished, and in lists.")]
    segments_count: int | None
    error_message: str | None


class ReadTranscription(Transcription, OriginalReading):
    """A transcription with its text, under our names and those of the first Vocalyx."""


class OriginalEnrichment(Answer):
    title: str | None
    summary: str | None
    bullet_points: list[str] | None


class OriginalTranscription(OriginalReading):
    """A transcription in the shape of the first Vocalyx."""

    id: UUID
    worker_id: None
    celery_task_id: Annotated[UUID, Field(description="The transcription's id.")]
    file_path: Annotated[str, Field(description="The file's name, as it was sent.")]
    language: str | None
    processing_time: Annotated[float | None, Field(description="Seconds.")]
    segments: Annotated[list[Segment] | None, Field(description="`null` until the text is finished, and in lists.")]
    vad_enabled: bool
    diarization_enabled: bool
    enrichment_requested: bool
    whisper_model: str | None
    llm_model: str | None
    enrichment_prompts: dict[str, str] | None
    enrichment_status: PartState | None
    enrichment_data: OriginalEnrichment | None
    enrichment_error: str | None
    enrichment_worker_id: None
    enrichment_processing_time: None
    text_correction: bool
    enriched_text: None
    enhanced_text: None
    created_at: dt.datetime
    finished_at: dt.datetime | None


class OriginalCounts(Answer):
    total_filtered: Annotated[int, Field(ge=0)]
    pending: Annotated[int, Field(ge=0)]
    processing: Annotated[int, Field(ge=0)]
    done: Annotated[int, Field(ge=0)]
    error: Annotated[int, Field(ge=0)]
    total_global: Annotated[int, Field(ge=0)]


class OriginalProject(Answer):
    id: UUID
    name: str
    created_at: dt.datetime


class OriginalProjectWithKey(OriginalProject):
    api_key: Annotated[None, Field(description="Keys are shown once, when they are made.")]


class OriginalUser(Answer):
    id: UUID
    username: str
    is_admin: bool
    created_at: dt.datetime
    last_login_at: None
    projects: list[OriginalProject]


class OriginalPasswordChange(Answer):
    status: Literal["password updated"]
    user_id: UUID


class OriginalDeletion(Answer):
    status: Literal["user deleted"]
    user_id: UUID


class OriginalTaskResult(Answer):
    transcription_id: UUID
    status: OriginalStatus
    error: str | None


class OriginalTaskInfo(Answer):
    transcription_id: UUID
    stage: str
    percent: Percent


class OriginalTask(Answer):
    """How far a task is; it has its transcription's id."""

    task_id: UUID
    status: Literal["PENDING", "STARTED", "SUCCESS", "FAILURE"]
    result: Annotated[OriginalTaskResult | None, Field(description="`null` until it has ended.")]
    info: OriginalTaskInfo


class OriginalCancelledTask(Answer):
    task_id: UUID
    status: Literal["cancelled"]
