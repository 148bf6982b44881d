"""Legal holds: what has to be kept, whatever a person or a retention wants. One transaction a function.

Owners place and lift them; one that an administrator of the site placed is lifted by an administrator alone, so that a
project cannot free itself of what the site wants kept.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import NotFound, NotPermitted
from app.core.identifiers import ProjectId
from app.db import audit, events, transcriptions, work
from app.db.events import EventKind
from app.db.summaries import iso, summarize
from app.db.tables import LegalHold, Project, Transcription, now
from app.db.work import Outcome


@dataclass(frozen=True, slots=True)
class Held:
    """The holds of one thing, the newest first, and the outcome to follow where there is one."""

    shown: dict[str, Any]
    outcome: Outcome | None = None


def read_of_transcription(principal: Principal, transcription: UUID) -> Held:
    """Return the holds of a transcription; those of its project are not among them."""
    row = transcriptions.find(principal, transcription, Role.OWNER)
    return Held(_shown(row, _of_transcription(row.id)))


def read_of_project(principal: Principal, project: UUID) -> Held:
    """Return the holds of a project; those of its transcriptions alone are not among them."""
    row = _project(principal, project, lock=False)
    return Held(_shown(row, _of_project(row.id)))


def hold_transcription(principal: Principal, transcription: UUID, reason: str) -> Held:
    """Hold a transcription. Where it is held for another reason, this one takes its place."""
    row = _locked(principal, transcription)
    if not _place(principal, reason, _of_transcription(row.id), project=row.project_id, transcription=row.id):
        return Held(_shown(row, _of_transcription(row.id)))
    audit.record(Action.HOLD_PLACED, row.id, kind="transcription", project=row.project_id)
    return _of_changed(row, held=True)


def hold_project(principal: Principal, project: UUID, reason: str) -> Held:
    """Hold all of a project, what is yet to come included."""
    row = _project(principal, project, lock=True)
    if _place(principal, reason, _of_project(row.id), project=row.id):
        audit.record(Action.HOLD_PLACED, row.id, kind="project", project=row.id)
    row.legal_hold = True
    row.save(only=[Project.legal_hold])
    return Held(_shown(row, _of_project(row.id)))


def free_transcription(principal: Principal, transcription: UUID) -> Held:
    """Lift the hold of a transcription. Where there is none, nothing changes."""
    row = _locked(principal, transcription)
    if not _lift(principal, _of_transcription(row.id)):
        return Held(_shown(row, _of_transcription(row.id)))
    audit.record(Action.HOLD_LIFTED, row.id, kind="transcription", project=row.project_id)
    return _of_changed(row, held=False)


def free_project(principal: Principal, project: UUID) -> Held:
    """Lift the hold of a project; transcriptions that are held by themselves stay so."""
    row = _project(principal, project, lock=True)
    if _lift(principal, _of_project(row.id)):
        audit.record(Action.HOLD_LIFTED, row.id, kind="project", project=row.id)
    row.legal_hold = False
    row.save(only=[Project.legal_hold])
    return Held(_shown(row, _of_project(row.id)))


def _place(principal: Principal, reason: str, holds: Any, **subject: UUID) -> bool:
    present = _in_force(holds)
    if present is not None:
        if (present.reason, present.by_administrator) == (reason, principal.administrator):
            return False
        _lift(principal, holds)
    LegalHold.create(reason=reason, by_administrator=principal.administrator, placed_by=principal.name, **subject)
    return True


def _lift(principal: Principal, holds: Any) -> bool:
    present = _in_force(holds)
    if present is None:
        return False
    if present.by_administrator and not principal.administrator:
        raise NotPermitted(
            "An administrator of the site placed this hold.", remedy="Ask an administrator to change or to lift it."
        )
    present.lifted_by, present.lifted_at = principal.name, now()
    present.save(only=[LegalHold.lifted_by, LegalHold.lifted_at])
    return True


def _in_force(holds: Any) -> Any:
    return holds.where(LegalHold.lifted_at.is_null()).first()


def _of_transcription(transcription: UUID) -> Any:
    return LegalHold.select().where(LegalHold.transcription == transcription)


def _of_project(project: UUID) -> Any:
    return LegalHold.select().where(LegalHold.project == project, LegalHold.transcription.is_null())


def _locked(principal: Principal, transcription: UUID) -> Any:
    return work.lock(transcriptions.find(principal, transcription, Role.OWNER).id)


def _project(principal: Principal, project: UUID, *, lock: bool) -> Any:
    principal.require(ProjectId(project), Role.OWNER)
    query: Any = Project.select().where(Project.id == project)
    # Waits for whoever is removing something of the project just now: they share the row.
    found = (query.for_update("FOR NO KEY UPDATE") if lock else query).first()
    if found is None:
        raise NotFound
    return found


def _of_changed(row: Any, *, held: bool) -> Held:
    row.legal_hold = held
    row.save(only=[Transcription.legal_hold])
    shown = _shown(row, _of_transcription(row.id))
    data = {"transcription": summarize(row, work.load(row)), "what": "legal-hold"}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Held(shown, Outcome(row.id, event))


def _shown(row: Any, holds: Any) -> dict[str, Any]:
    return {
        "held": row.legal_hold,
        "holds": [
            {
                "reason": hold.reason,
                "by_administrator": hold.by_administrator,
                "placed_by": hold.placed_by,
                "placed_at": iso(hold.placed_at),
                "lifted_by": hold.lifted_by,
                "lifted_at": iso(hold.lifted_at),
            }
            for hold in holds.order_by(LegalHold.placed_at.desc(), LegalHold.id)
        ],
    }
