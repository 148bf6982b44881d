"""Sets of tasks for the language model."""

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from app.api.answers.base import Answer
from app.core.options import EnrichmentTask


class CustomTask(Answer):
    """A project's own task."""

    prompt: str
    schema_: Annotated[dict[str, Any], Field(alias="schema", description="Of the answer, its bounds filled in.")]


class TaskSet(Answer):
    """What is asked of a recording together."""

    name: str
    built_in: Annotated[bool, Field(description="Whether every project has it.")]
    tasks: list[EnrichmentTask]
    prompts: Annotated[dict[EnrichmentTask, str], Field(description="In place of our own instructions.")]
    custom: Annotated[dict[str, CustomTask], Field(description="The project's own tasks.")]
    by: Annotated[str | None, Field(description="Who changed it last; `null` for those that every project has.")]
    changed_at: dt.datetime | None


class TaskSets(Answer):
    items: list[TaskSet]
