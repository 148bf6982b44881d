"""The enrichments of a transcription: the present one, and those that it replaced."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer
from app.api.answers.enriched import EnrichmentAnswers
from app.core.options import EnrichmentTask


class Sampling(Answer):
    temperature: float
    seed: int


class EnrichmentOptions(Answer):
    llm_model: str | None
    prompts: dict[EnrichmentTask, str]
    tasks: list[EnrichmentTask] | None
    task_set: str | None
    answer_language: str | None
    translation_language: str | None


class EnrichmentVersion(Answer):
    """Answers that were finished, and what they were asked for with."""

    number: Annotated[int, Field(ge=1, description="Counted from 1; the largest one is shown in the transcription.")]
    options: EnrichmentOptions
    model: str | None
    title: str | None
    summary: str | None
    points: list[str] | None
    answers: EnrichmentAnswers
    failures: Annotated[
        dict[str, str], Field(description="Tasks that came to nothing while others succeeded, and why.")
    ]
    seconds: Annotated[dict[str, float], Field(description="What it took, by step; `total` is the sum.")]
    tokens: Annotated[
        dict[str, int],
        Field(description="`evaluated` ones were read, `reused` ones were known, `generated` ones written."),
    ]
    windows: Annotated[int | None, Field(description="In how many pieces the transcript was read.")]
    prompt_version: Annotated[str | None, Field(description="Of our instructions.")]
    text_version: Annotated[str | None, Field(description="Of the text that was read: another one after a correction.")]
    sampling: Annotated[
        dict[str, list[Sampling]], Field(description="How the answers were drawn, by task and piece of the transcript.")
    ]
    requests: Annotated[dict[str, str], Field(description="What was asked, by task.")]
    dropped: Annotated[
        dict[str, int], Field(description="How many statements could not be found in the transcript, by task.")
    ]
    by: Annotated[str | None, Field(description="Who asked for it anew; `null` where nobody did.")]
    created_at: dt.datetime


class EnrichmentVersions(Answer):
    items: list[EnrichmentVersion]
