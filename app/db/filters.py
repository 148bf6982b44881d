"""Which transcriptions a list or a search is about, as conditions on their rows."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import SQL, fn

from app.core.access import Principal
from app.core.identifiers import ProjectId
from app.core.lifecycle import TranscriptionState
from app.db.models import Speaker, Transcription


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is None or empty narrows nothing. `created_before` is exclusive; all `labels` are needed.

    `speaker` is the whole name of one, `name` any part of the transcription's; case and accents do not count in either.
    """

    project: UUID | None = None
    states: Collection[TranscriptionState] = ()
    language: str | None = None
    speaker: str | None = None
    labels: Collection[str] = ()
    name: str | None = None
    created_after: dt.datetime | None = None
    created_before: dt.datetime | None = None

    def conditions(self) -> list[Any]:
        """Return the conditions on `Transcription`, but for the project."""
        conditions: list[Any] = []
        if self.states:
            conditions.append(Transcription.state.in_(sorted(self.states)))
        if self.language is not None:
            conditions.append(Transcription.language == self.language)
        if self.labels:
            conditions.append(Transcription.labels.contains(*self.labels))
        if self.name is not None:
            conditions.append(fn.vocalyx_fold(Transcription.name).like(fn.vocalyx_fold(_containing(self.name))))
        if self.speaker is not None:
            # Who was merged into another is nobody of their own.
            named = Speaker.select(SQL("1")).where(
                Speaker.transcription == Transcription.id,
                fn.vocalyx_fold(Speaker.name) == fn.vocalyx_fold(self.speaker),
                Speaker.name.is_null(False),
                Speaker.merged_into.is_null(),
            )
            conditions.append(fn.EXISTS(named))
        if self.created_after is not None:
            conditions.append(Transcription.created_at >= self.created_after)
        if self.created_before is not None:
            conditions.append(Transcription.created_at < self.created_before)
        return conditions

    def projects(self, principal: Principal) -> list[UUID] | None:
        """Return the projects to look into; None: all there are. What the principal may not see is never among them."""
        if self.project is not None:
            return [self.project] if principal.may_see(ProjectId(self.project)) else []
        return None if principal.administrator else list(principal.roles)


def _containing(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
