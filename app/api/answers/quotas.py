"""What a project may use, and uses."""

from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer


class BytesUsed(Answer):
    limit: Annotated[int | None, Field(description="`null`: none.")]
    used: Annotated[int, Field(ge=0, description="Of all recordings, and of uploads that are on their way.")]


class HoursUsed(Answer):
    limit: Annotated[float | None, Field(description="`null`: none.")]
    used: Annotated[float, Field(ge=0, description="Of the recordings sent in this month that did not fail.")]
    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$", description="The present one, in UTC, such as `2026-11`.")]


class Quota(Answer):
    """How much a project may store and have transcribed in a month, and what is used of that."""

    bytes: BytesUsed
    hours: HoursUsed
