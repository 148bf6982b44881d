"""Notes on passages of a recording. One transaction a function.

A note has an entity tag: whoever changes it says which text they have read. Notes are people's own words beside the
transcript; no format shows them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, NotFound
from app.core.preconditions import IfMatch
from app.db import audit, events, transcriptions, unheld, work
from app.db.events import EventKind
from app.db.summaries import iso, summarize
from app.db.tables import Note, now
from app.db.work import Outcome

MOST = 2000
"""How many notes a recording may have."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A note as readers are shown it (None: it is gone), and the outcome to follow."""

    note: dict[str, Any] | None
    outcome: Outcome


def read(principal: Principal, transcription: UUID) -> list[dict[str, Any]]:
    """Return the notes of a recording, in order of time."""
    row = transcriptions.find(principal, transcription, Role.VIEWER)
    return [_shown(note) for note in _of(row.id).order_by(Note.start_seconds, Note.created_at, Note.id)]


def write(principal: Principal, transcription: UUID, start: float, end: float, text: str) -> Noted:
    """Add a note on a passage. Raises `Conflict` where there are too many."""
    transcriptions.require_editor(principal, transcription)
    row = work.lock(transcription)
    if _of(row.id).count() >= MOST:
        raise Conflict(f"The recording has {MOST} notes already.", remedy="Delete some that are done with.")
    note = Note.create(transcription=row, author_name=principal.name, start_seconds=start, end_seconds=end, text=text)
    audit.record(Action.NOTE_WRITTEN, row.id, project=row.project_id, note=str(note.id))
    return _told(row, _shown(note))


def change(principal: Principal, transcription: UUID, note: UUID, text: str, expected: IfMatch) -> Noted:
    """Change the text of a note. Saying what it says already changes nothing."""
    row, found = _locked(principal, transcription, note)
    expected.check(entity_tag(found), _shown(found))
    if text == found.text:
        return Noted(_shown(found), Outcome(row.id, None))
    found.text, found.revision, found.changed_at = text, found.revision + 1, now()
    found.save(only=[Note.text, Note.revision, Note.changed_at])
    audit.record(Action.NOTE_CHANGED, row.id, project=row.project_id, note=str(note))
    return _told(row, _shown(found))


def delete(principal: Principal, transcription: UUID, note: UUID) -> Noted:
    """Remove a note."""
    row, found = _locked(principal, transcription, note)
    found.delete_instance()
    audit.record(Action.NOTE_DELETED, row.id, project=row.project_id, note=str(note))
    return _told(row, None)


def entity_tag(note: Any) -> str:
    """Return the tag of a note's text, quotes included."""
    return f'"{note.revision}"'


def _locked(principal: Principal, transcription: UUID, note: UUID) -> tuple[Any, Any]:
    # Nothing is kept of what stood there before: not while it is held.
    row = unheld.lock(transcriptions.find(principal, transcription, Role.EDITOR))
    found = _of(row.id).where(Note.id == note).first()
    if found is None:
        raise NotFound("The recording has no such note.", remedy="Read its notes again.")
    return row, found


def _of(transcription: UUID) -> Any:
    return Note.select().where(Note.transcription == transcription)


def _told(row: Any, shown: dict[str, Any] | None) -> Noted:
    # No text stands in it: the log keeps its events for days.
    data = {"transcription": summarize(row, work.load(row)), "what": "notes"}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Noted(shown, Outcome(row.id, event))


def _shown(note: Any) -> dict[str, Any]:
    return {
        "id": str(note.id),
        "start": note.start_seconds,
        "end": note.end_seconds,
        "text": note.text,
        "by": note.author_name,
        "etag": entity_tag(note),
        "created_at": iso(note.created_at),
        "changed_at": iso(note.changed_at),
    }
