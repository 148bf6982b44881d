"""Enrichments asked for anew, with other options; the earlier ones stay readable. One transaction a function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.lifecycle import Work
from app.db import audit, enrichment_parts, enrichment_versions, task_sets, transcriptions, work
from app.db.summaries import summarize
from app.db.tables import Enrichment, Transcription, now
from app.db.work import Outcome

_EITHER = (("tasks", "task_set"), ("task_set", "tasks"))


@dataclass(frozen=True, slots=True)
class Asked:
    """The summary of a transcription whose enrichment is to be made anew, and the outcome to follow."""

    summary: dict[str, Any]
    outcome: Outcome


def read(principal: Principal, transcription: UUID) -> list[dict[str, Any]]:
    """Return every finished enrichment of a transcription, the newest first."""
    return enrichment_versions.of_transcription(transcriptions.find(principal, transcription, Role.VIEWER))


def renew(principal: Principal, transcription: UUID, options: Mapping[str, Any]) -> Asked:
    """Ask for the enrichment anew. An option that is left out stays as it was the last time.

    Until the new answers come, the old ones are shown. Raises `IllegalTransition` where there is no finished text, or it
    is still being worked on, `UnknownTaskSet` where the project has no such set.
    """
    row = work.lock(transcriptions.find(principal, transcription, Role.EDITOR).id)
    given = dict(options)
    # One of both takes the place of the other, whichever it was the last time.
    given |= {other: None for name, other in _EITHER if name in given}
    wanted = enrichment_versions.wanted(row) | given
    task_sets.require(row.project_id, wanted.get("task_set"))
    step = work.advance(row, Work.enrich_again)
    enrichment_parts.forget(row)
    Enrichment.update(options=wanted, asked_by=principal.name).where(Enrichment.transcription == row).execute()
    audit.record(Action.TRANSCRIPTION_ENRICHED, row.id, project=row.project_id)
    # What it took until it was done the first time is told no more.
    row.retried_at = now()
    row.save(only=[Transcription.retried_at])
    return Asked(summarize(row, step.after), work.announce(step))
