"""The enrichments of a transcription: the present one, and those that it replaced."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer
from app.core.options import EnrichmentTask


class EnrichmentOptions(Answer):
    llm_model: str | None
    prompts: dict[EnrichmentTask, str]


class EnrichmentVersion(Answer):
    """Answers that were finished, and what they were asked for with."""

    number: Annotated[int, Field(ge=1, description="Counted from 1; the largest one is shown in the transcription.")]
    options: EnrichmentOptions
    model: str | None
    title: str | None
    summary: str | None
    points: list[str] | None
    failures: Annotated[
        dict[str, str], Field(description="Tasks that came to nothing while others succeeded, and why.")
    ]
    by: Annotated[str | None, Field(description="Who asked for it anew; `null` where nobody did.")]
    created_at: dt.datetime


class EnrichmentVersions(Answer):
    items: list[EnrichmentVersion]
