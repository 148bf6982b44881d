"""How much a project may store, and how much it may have transcribed in a month."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import fn

from app.core.audit import Action
from app.core.errors import NotFound, VocalyxError
from app.core.states import TranscriptionState
from app.core.uploads import UNFINISHED_STATES
from app.db import audit
from app.db.tables import DeletedUsage, Project, Transcription, Upload, database, now

_SECONDS_AN_HOUR = 3600.0


class QuotaExceeded(VocalyxError):
    """Not 429: to wait and send again does not help, which is what clients do on their own account after that."""

    status = 403
    code = "quota-exceeded"
    title = "The project's quota is used up"
    default_detail = "The recording would be more than the project may store, or have transcribed in a month."
    default_remedy = "Delete what is no longer needed, or ask an administrator of the site for a larger quota."


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project stores and has had transcribed this month, and how much of either it may; None: without a limit."""

    stored_bytes: int
    bytes_limit: int | None
    seconds: float
    hours_limit: float | None
    month: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, hours to the second."""
        hours = round(self.seconds / _SECONDS_AN_HOUR, 4)
        return {
            "bytes": {"limit": self.bytes_limit, "used": self.stored_bytes},
            "hours": {"limit": self.hours_limit, "used": hours, "month": self.month},
        }

    def check(self, size_bytes: int, seconds: float) -> None:
        """Raise `QuotaExceeded` where so much more, were it nothing, would be too much."""
        self._check_bytes(size_bytes)
        self.check_hours(seconds)

    def _check_bytes(self, size_bytes: int) -> None:
        if self.bytes_limit is not None and self.stored_bytes + size_bytes > self.bytes_limit:
            raise QuotaExceeded(
                f"The project may store {self.bytes_limit} bytes; {self.stored_bytes} are stored or on their way, and"
                f" this would add {size_bytes}."
            )

    def check_hours(self, seconds: float) -> None:
        """Raise `QuotaExceeded` where so much more to be transcribed, were it nothing, would be too much."""
        if self.hours_limit is None:
            return
        limit = self.hours_limit * _SECONDS_AN_HOUR
        if self.seconds >= limit or self.seconds + seconds > limit:
            raise QuotaExceeded(
                f"The project may have {self.hours_limit:g} hours transcribed a month; {self.month} has"
                f" {self.seconds / _SECONDS_AN_HOUR:.2f}, and this would add {seconds / _SECONDS_AN_HOUR:.2f}.",
                remedy="Wait for the next month (UTC), or ask an administrator of the site for a larger quota.",
            )


def read(project: UUID) -> Usage:
    """Return a project's quota and what of it is used; `NotFound` where there is no such project."""
    return _usage(_row(Project.select().where(Project.id == project)), but=None)


def set_limits(project: UUID, *, bytes_limit: int | None, hours_limit: float | None) -> Usage:
    """Set both limits; None lifts one. What is there already stays."""
    row = _row(Project.select().where(Project.id == project))
    row.quota_bytes, row.quota_hours = bytes_limit, hours_limit
    row.save(only=[Project.quota_bytes, Project.quota_hours])
    audit.record(Action.QUOTA_CHANGED, project, project=project, bytes=bytes_limit, hours=hours_limit)
    return _usage(row, but=None)


def check(project: UUID, size_bytes: int) -> None:
    """Refuse before a recording of this size is sent what would be refused after it. Raises `QuotaExceeded`."""
    row = _row(Project.select().where(Project.id == project))
    if _is_limited(row):
        _usage(row, but=None).check(size_bytes, 0.0)


def check_and_hold(project: UUID, recording: UUID, size_bytes: int, seconds: float | None) -> None:
    """Check a recording that is here, and let no other one of the project past until this transaction has ended.

    `seconds` is how long it is, None where that will be known later. What of it is counted already, as an upload or a
    transcription of the id `recording`, is not counted twice. Raises `QuotaExceeded`.
    """
    usage = _held_usage(project, recording)
    if usage is not None:
        usage.check(size_bytes, seconds or 0.0)


def check_hours_and_hold(project: UUID, recording: UUID, seconds: float | None) -> None:
    """Check the hours alone as `check_and_hold` does, of a recording that is stored already: none of its bytes are new."""
    usage = _held_usage(project, recording)
    if usage is not None:
        usage.check_hours(seconds or 0.0)


def _held_usage(project: UUID, but: UUID) -> Usage | None:
    """Return what is used but for this recording, as it stays to the end of the transaction; None: without limits."""
    row = _row(Project.select().where(Project.id == project))
    if not _is_limited(row):
        return None
    database.execute_sql("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"quota {project}",))
    return _usage(row, but=but)


def _row(query: Any) -> Any:
    row = query.first()
    if row is None:
        raise NotFound("The project was deleted meanwhile.", field="project")
    return row


def _is_limited(row: Any) -> bool:
    return row.quota_bytes is not None or row.quota_hours is not None


def _usage(row: Any, *, but: UUID | None) -> Usage:
    start = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = f"{start:%Y-%m}"
    return Usage(_stored(row, but), row.quota_bytes, _seconds(row, but, start, month), row.quota_hours, month)


def _stored(row: Any, but: UUID | None) -> int:
    kept = Transcription.select(fn.COALESCE(fn.SUM(Transcription.size_bytes), 0)).where(
        Transcription.project == row, Transcription.audio_removed_at.is_null()
    )
    # What is on its way counts whole, or many at once would come in under a limit that is passed by all together.
    coming = Upload.select(fn.COALESCE(fn.SUM(Upload.size_bytes), 0)).where(
        Upload.project == row, Upload.state.in_(list(UNFINISHED_STATES))
    )
    if but is not None:
        kept, coming = kept.where(Transcription.id != but), coming.where(Upload.id != but)
    return int(kept.scalar()) + int(coming.scalar())


def _seconds(row: Any, but: UUID | None, start: dt.datetime, month: str) -> float:
    present = Transcription.select(fn.COALESCE(fn.SUM(Transcription.duration_seconds), 0.0)).where(
        Transcription.project == row,
        Transcription.created_at >= start,
        Transcription.state != TranscriptionState.ERROR,
    )
    if but is not None:
        present = present.where(Transcription.id != but)
    # A trigger counts what is deleted: whoever deletes has had it transcribed all the same.
    deleted = DeletedUsage.select(DeletedUsage.seconds).where(DeletedUsage.project == row, DeletedUsage.month == month)
    return float(present.scalar()) + float(deleted.scalar() or 0.0)
