"""What a project's recordings are expected to speak of: options for those that are sent without their own."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.core.audit import Action
from app.core.options import TranscriptionOptions
from app.db import audit
from app.db.tables import Project


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """As the options of the same names; None where the project says nothing."""

    hotwords: str | None
    initial_prompt: str | None

    def to_dict(self) -> dict[str, Any]:
        return {"hotwords": self.hotwords, "initial_prompt": self.initial_prompt}


def of_project(project: Project) -> Vocabulary:
    return Vocabulary(project.hotwords, project.initial_prompt)


def set_of_project(project: Project, wanted: Vocabulary) -> None:
    """Let recordings that come from now on expect this; those that are here keep what they were sent with."""
    project.hotwords, project.initial_prompt = wanted.hotwords, wanted.initial_prompt
    project.save(only=[Project.hotwords, Project.initial_prompt])
    # How long they are, not what they say: names of people stand in them, and the log outlives the project.
    hotwords, initial_prompt = len(wanted.hotwords or ""), len(wanted.initial_prompt or "")
    audit.record(
        Action.VOCABULARY_CHANGED, project.id, project=project.id, hotwords=hotwords, initial_prompt=initial_prompt
    )


def completed(project: UUID, options: TranscriptionOptions) -> TranscriptionOptions:
    """Return the options with the project's vocabulary where they name none of their own."""
    row = Project.get_or_none(Project.id == project)
    if row is None:
        return options
    return replace(
        options,
        hotwords=options.hotwords or row.hotwords,
        initial_prompt=options.initial_prompt or row.initial_prompt,
    )
