"""The shape of each answer: one pydantic model gives the JSON schema that constrains the engine and validates again.

The lengths are what a page shows well; a small model would go on for ever without them.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask

TITLE_CHARACTERS = 110
SUMMARY_CHARACTERS = 800
POINT_LEAST_CHARACTERS = 8
POINT_CHARACTERS = 180
MAX_POINTS = 7


class Answer(BaseModel):
    """An answer has the one field that its task is called by, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Title(Answer):
    title: Annotated[str, Field(min_length=3, max_length=TITLE_CHARACTERS)]


class Summary(Answer):
    summary: Annotated[str, Field(min_length=20, max_length=SUMMARY_CHARACTERS)]


class Points(Answer):
    points: Annotated[
        list[Annotated[str, Field(min_length=POINT_LEAST_CHARACTERS, max_length=POINT_CHARACTERS)]],
        Field(min_length=1, max_length=MAX_POINTS),
    ]


ANSWERS: Mapping[EnrichmentTask, type[Answer]] = {
    EnrichmentTask.TITLE: Title,
    EnrichmentTask.SUMMARY: Summary,
    EnrichmentTask.POINTS: Points,
}

MAX_TOKENS: Mapping[EnrichmentTask, int] = {
    EnrichmentTask.TITLE: 80,
    EnrichmentTask.SUMMARY: 400,
    EnrichmentTask.POINTS: 480,
}
"""Room for the answer, in tokens: the characters above at two and a half to a token, which French needs in small models."""


def json_schema(task: EnrichmentTask) -> dict[str, Any]:
    """Return the JSON schema of the task's answer, without the words that are for people."""
    return _without_titles(ANSWERS[task].model_json_schema())


def _without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop pydantic's generated titles, which are not those of `properties`' own names."""
    kept = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    if "properties" in kept:
        kept["properties"] = {name: _without_titles(value) for name, value in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = _without_titles(kept["items"])
    return kept
