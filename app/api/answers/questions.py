"""Questions to recordings, and their answers."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.api.answers.transcriptions import Failure
from app.core.questions import QuestionState


class QuestionSource(Answer):
    """Where it was said. The quote stands in the segment, word for word."""

    transcription: UUID
    segment: Annotated[int, Field(ge=0, description="The segment, by its `position`.")]
    start: Annotated[float, Field(description="Where the segment begins, in seconds.")]
    quote: str


class QuestionAnswer(Answer):
    text: Annotated[str, Field(description="Where `found` is false, a sentence that says so.")]
    found: Annotated[
        bool, Field(description="Whether the answer is in what was said: no answer without a quote that stands there.")
    ]
    sources: list[QuestionSource]
    segments_read: Annotated[int, Field(ge=0, description="How many segments the model was shown.")]
    segments: Annotated[int, Field(ge=0, description="How many there were to choose from.")]


class Question(Answer):
    id: UUID
    project_id: UUID
    transcription_id: Annotated[UUID | None, Field(description="`null`: it was asked over the whole project.")]
    question: str
    llm_model: Annotated[str | None, Field(description="The model that was asked for; `null`: the site's.")]
    language: str | None
    asked_by: str
    state: QuestionState
    written: Annotated[str, Field(description="What is written of the answer so far, not checked yet.")]
    answer: QuestionAnswer | None
    model: Annotated[str | None, Field(description="The model that answered.")]
    error: Failure | None
    seconds: Annotated[dict[str, float], Field(description="What the answer took, step by step.")]
    tokens: Annotated[dict[str, int], Field(description="Tokens read, known from before, and written.")]
    created_at: dt.datetime
    finished_at: dt.datetime | None


class QuestionList(Answer):
    items: list[Question]
    next_cursor: str | None
