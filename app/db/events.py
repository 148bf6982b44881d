"""The append-only log of changes. Every listener's cursor is an event's id, and ids follow the order of commits."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from peewee import fn

from app.core.identifiers import EventId, ProjectId, TranscriptionId, UserId
from app.db.tables import Event, database, now

# Held from the insertion of an event to the commit: without it a transaction with a smaller id could commit after one
# with a larger id, and a listener that has passed the larger one would never see it.
_COMMIT_ORDER_LOCK = 0x65766E7473


class EventKind(StrEnum):
    CHANGED = "transcription.changed"
    PROGRESSED = "transcription.progressed"
    TEXT = "transcription.text"
    DELETED = "transcription.deleted"
    ACCESS = "access.changed"
    """What somebody may see has changed: of the user that `data` names, or of anybody where it names none."""
    CREDENTIALS = "credentials.ended"
    """Credentials are worth nothing any more: those of the user that `data` names, or a key's where it names none."""
    WEBHOOK_SWITCHED_OFF = "webhook.switched_off"
    QUESTION = "question.changed"
    """There is more of an answer, or its question has ended; `data` holds the question's id alone."""


# Superseded by the state that follows: swept once the transcription has come to rest.
PASSING_KINDS = (EventKind.PROGRESSED, EventKind.TEXT)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event. `kind` is an `EventKind`, or a word that only a newer release of an instance beside this one knows."""

    id: EventId
    kind: str
    project: ProjectId | None
    transcription: TranscriptionId | None
    data: dict[str, Any]

    def concerns(self, user: UserId | None) -> bool:
        """Tell whether this event may change what this user (None: a key) may see."""
        if self.kind not in (EventKind.ACCESS, EventKind.CREDENTIALS):
            return False
        whom = self.data.get("user")
        return whom is None or whom == str(user)


def append(
    kind: EventKind,
    data: dict[str, Any],
    *,
    project: UUID | None = None,
    transcription: UUID | None = None,
) -> EventId:
    """Write one event inside the running transaction, as late in it as possible: writers wait for one another.

    A transaction that has written one takes no other lock afterwards, or two of them could wait for each other.
    """
    database.execute_sql("select pg_advisory_xact_lock(%s)", (_COMMIT_ORDER_LOCK,))
    event = Event.create(kind=kind, project_id=project, transcription_id=transcription, data=data)
    return EventId(event.id)


def append_access(*, user: UUID | None = None, project: UUID | None = None) -> EventId:
    """Tell the listeners to look again at what this user, or without one everybody, may see."""
    return append(EventKind.ACCESS, {"user": str(user)} if user else {}, project=project)


def append_credentials_ended(*, user: UUID | None = None) -> EventId:
    """Tell the listeners with this user's credentials, or without one those with a key, to prove themselves again."""
    return append(EventKind.CREDENTIALS, {"user": str(user)} if user else {})


def sweep_passing(transcription: UUID) -> None:
    """Forget the partial texts and percentages of a transcription that has come to rest."""
    Event.delete().where(Event.transcription_id == transcription, Event.kind.in_(PASSING_KINDS)).execute()


def forget(transcription: UUID) -> None:
    """Remove all that the log says of a transcription that is deleted: names and titles go with it."""
    Event.delete().where(Event.transcription_id == transcription).execute()


def prune(older_than: dt.timedelta) -> int:
    """Remove events that nobody resumes behind any more, but for the newest one; return how many there were."""
    newest = Event.select(fn.MAX(Event.id))
    pruned: int = Event.delete().where(Event.created_at < now() - older_than, Event.id < newest).execute()
    return pruned


def of_transcription(transcription: UUID, kind: EventKind, behind: EventId) -> list[LoggedEvent]:
    """Return a transcription's events of one kind behind the cursor, oldest first."""
    query = Event.select().where(Event.transcription_id == transcription, Event.kind == kind, Event.id > behind)
    return [_logged(row) for row in query.order_by(Event.id)]


def latest() -> EventId:
    """Return the id of the newest event, 0 where there is none."""
    newest = Event.select(Event.id).order_by(Event.id.desc()).first()
    return EventId(newest.id if newest else 0)


def is_resumable(cursor: EventId, user: UserId | None) -> bool:
    """Tell whether the events behind the cursor tell this user all that has changed since.

    They do not where the log begins later (old events were pruned), ends earlier (it is from a restored backup), or
    where the user has been let into or out of a project meanwhile.
    """
    oldest = Event.select(Event.id).order_by(Event.id).first()
    if not (oldest.id if oldest else 1) - 1 <= cursor <= latest():
        return False
    changes = Event.select(Event.data).where(Event.id > cursor, Event.kind == EventKind.ACCESS)
    return not any(change.data.get("user") in (None, str(user)) for change in changes)


def after(cursor: EventId, *, projects: Collection[ProjectId] | None = None, limit: int = 1000) -> list[LoggedEvent]:
    """Return up to `limit` events behind the cursor, oldest first; of the given projects alone where they are given."""
    query = Event.select().where(Event.id > cursor)
    if projects is not None:
        query = query.where(Event.project_id.in_(list(projects)))
    return [_logged(row) for row in query.order_by(Event.id).limit(limit)]


def _logged(row: Any) -> LoggedEvent:
    return LoggedEvent(
        id=EventId(row.id),
        kind=row.kind,
        project=None if row.project_id is None else ProjectId(row.project_id),
        transcription=None if row.transcription_id is None else TranscriptionId(row.transcription_id),
        data=row.data,
    )
