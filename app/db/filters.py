"""Which transcriptions a list or a search is about, as conditions on their rows."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import SQL, fn

from app.core.access import Principal
from app.core.identifiers import ProjectId
from app.core.states import TranscriptionState
from app.db.tables import Speaker, Transcription, database

# So far is the guess trusted.
_FEWER_THAN_ESTIMATED = 20


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
        conditions = self._conditions_on_the_row()
        if self.speaker is not None:
            conditions.append(Transcription.id.in_(self._spoken_in()))
        return conditions

    def few(self, projects: Collection[UUID] | None, limit: int) -> list[tuple[UUID, dt.datetime]] | None:
        """Return the ids and moments of all that pass in these projects (None: in all), if they are not more than `limit`.

        None where they are more, or where nothing narrows them that could make them few.
        """
        if not (self.speaker is not None or self.name is not None or self.labels or self.states):
            return None
        if self.speaker is None and self._estimate() > limit * _FEWER_THAN_ESTIMATED:
            return None
        conditions = self._conditions_on_the_row()
        if projects is not None:
            conditions.append(in_projects(projects))
        if self.speaker is not None:
            spoken_in = [found for (found,) in self._spoken_in().limit(limit + 1).tuples()]
            if len(spoken_in) > limit:
                return None
            conditions.append(among(spoken_in))
        query: Any = Transcription.select(Transcription.id, Transcription.created_at).where(*conditions)
        found = list(query.limit(limit + 1).tuples())
        return found if len(found) <= limit else None

    def _estimate(self) -> int:
        """Return how many pass, of all projects, as PostgreSQL guesses by its statistics: to count many takes too long."""
        query, parameters = Transcription.select(Transcription.id).where(*self._conditions_on_the_row()).sql()
        [(explained,)] = database.execute_sql(f"explain (format json) {query}", parameters).fetchall()
        rows: int = explained[0]["Plan"]["Plan Rows"]
        return rows

    def _conditions_on_the_row(self) -> list[Any]:
        conditions: list[Any] = []
        if self.states:
            conditions.append(Transcription.state.in_(sorted(self.states)))
        if self.language is not None:
            conditions.append(Transcription.language == self.language)
        if self.labels:
            conditions.append(Transcription.labels.contains(*self.labels))
        if self.name is not None:
            conditions.append(Transcription.folded_name.like(fn.vocalyx_fold(_containing(self.name))))
        if self.created_after is not None:
            conditions.append(Transcription.created_at >= self.created_after)
        if self.created_before is not None:
            conditions.append(Transcription.created_at < self.created_before)
        return conditions

    def _spoken_in(self) -> Any:
        # Who was merged into another is nobody of their own.
        return Speaker.select(Speaker.transcription).where(
            fn.vocalyx_fold(Speaker.name) == fn.vocalyx_fold(self.speaker),
            Speaker.name.is_null(False),
            Speaker.merged_into.is_null(),
        )

    def projects(self, principal: Principal) -> list[UUID] | None:
        """Return the projects to look into; None: all there are. What the principal may not see is never among them."""
        if self.project is not None:
            return [self.project] if principal.may_see(ProjectId(self.project)) else []
        return None if principal.administrator else list(principal.roles)


def in_projects(projects: Collection[UUID]) -> Any:
    """Return the condition that a transcription is of one of these, for where something else is what finds it.

    Half of all recordings are not to be looked up by their projects to be compared with a few that have a name.
    """
    written = [str(project) for project in projects]
    return Transcription.project.cast("text").in_(written) if len(written) > 1 else Transcription.project.in_(projects)


def among(ids: Collection[UUID]) -> Any:
    """Return the condition that a transcription is one of these: it is looked up by its id, and by nothing else."""
    return Transcription.id.in_(SQL("(select unnest(%s::uuid[]))", [[str(found) for found in ids]]))


def _containing(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
