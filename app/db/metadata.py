"""What people say about a transcription: its name and its labels. One transaction a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal
from app.core.audit import Action
from app.core.preconditions import IfMatch
from app.db import audit, events, transcriptions, work
from app.db.events import EventKind
from app.db.summaries import entity_tag, summarize
from app.db.tables import Transcription
from app.db.work import Outcome


@dataclass(frozen=True, slots=True)
class Described:
    """The summary after a change, and the outcome to follow."""

    summary: dict[str, Any]
    outcome: Outcome


def describe(
    principal: Principal, transcription: UUID, expected: IfMatch, *, name: str | None, labels: Sequence[str] | None
) -> Described:
    """Change the name, the labels or both; None leaves a thing as it is. Saying what is so already changes nothing."""
    transcriptions.require_editor(principal, transcription)
    row = work.lock(transcription)
    present = work.load(row)
    expected.check(entity_tag(row), summarize(row, present))
    wanted = (row.name if name is None else name, row.labels if labels is None else list(labels))
    if wanted == (row.name, row.labels):
        return Described(summarize(row, present), Outcome(row.id, None))
    changed = [field for field, value in zip(("name", "labels"), wanted, strict=True) if getattr(row, field) != value]
    row.name, row.labels = wanted
    row.revision += 1
    row.save(only=[Transcription.name, Transcription.labels, Transcription.revision])
    audit.record(Action.TRANSCRIPTION_DESCRIBED, row.id, project=row.project_id, changed=changed)
    summary = summarize(row, present)
    data = {"transcription": summary, "what": "metadata"}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Described(summary, Outcome(row.id, event))
