"""Uploads that come in pieces, one transaction a function.

Whoever adds to an upload, ends it or makes a transcription of it holds its lease, so that any API instance may take the
next piece and never two of them at once. A holder that is asked for the lease gives it up; one that died loses it.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from peewee import SQL

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import NotFound, NotYours, VocalyxError
from app.core.identifiers import ProjectId
from app.core.options import TranscriptionOptions
from app.core.uploads import UNFINISHED_STATES, UploadState
from app.db import audit, sent
from app.db.summaries import iso
from app.db.tables import Upload, now

LEASE_SECONDS = 10
"""How long an upload is nobody's after its holder died."""

_REMEMBERED = dt.timedelta(days=7)
"""For so long an upload that has ended is told apart from one that never was."""

_UNKNOWN = "There is no such upload, or it is not yours."
_UNKNOWN_REMEDY = "Check the address, or begin a new upload."

# Leases are measured by the one clock that all API instances share.
_DATABASE_NOW = SQL("clock_timestamp()")


class UploadGone(VocalyxError):
    """It was ended by its client, has expired, or was refused once it was complete."""

    status = 410
    code = "upload-gone"
    title = "The upload has ended"
    default_detail = "The upload has ended, and its bytes are not kept."
    default_remedy = "Begin a new upload."


class UploadBusy(VocalyxError):
    """Another request adds to it and does not let go."""

    status = 423
    code = "upload-busy"
    title = "Another request is adding to the upload"
    default_detail = "Another request is adding to this upload."
    default_remedy = "Ask for the offset (HEAD) in a few seconds and go on from there."


@dataclass(frozen=True, slots=True)
class NewUpload:
    project: UUID
    created_by: UUID | None
    idempotency_key: str | None
    name: str
    metadata: str
    options: TranscriptionOptions
    reuse: bool
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload as it stands. `state` is never `receiving` once its time is over."""

    id: UUID
    project: UUID
    created_by: UUID | None
    idempotency_key: str | None
    name: str
    metadata: str
    options: TranscriptionOptions
    reuse: bool
    size_bytes: int
    received_bytes: int
    state: UploadState
    transcription: UUID | None
    error: Mapping[str, Any] | None
    created_at: dt.datetime
    expires_at: dt.datetime

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, for the client."""
        return {
            "id": str(self.id),
            "project_id": str(self.project),
            "name": self.name,
            "state": str(self.state),
            "size_bytes": self.size_bytes,
            "received_bytes": self.received_bytes,
            "transcription_id": str(self.transcription) if self.transcription else None,
            "options": self.options.to_dict(),
            "reuse": self.reuse,
            "error": self.error,
            "created_at": iso(self.created_at),
            "expires_at": iso(self.expires_at),
        }


@dataclass(frozen=True, slots=True)
class Claimed:
    """An upload in this request's hands for the time of a lease."""

    upload: UploadView
    lease: str


class Holding(Enum):
    """What has become of a lease that was to be kept."""

    KEPT = auto()
    WANTED = auto()
    LOST = auto()


def create(new: NewUpload, lifetime_seconds: int) -> Claimed:
    """Add an upload without any bytes, in the hands of whoever adds it. `NotFound` where the project is gone."""
    lease = secrets.token_urlsafe(16)
    row = sent.insert(
        Upload,
        project=new.project,
        created_by=new.created_by,
        idempotency_key=new.idempotency_key,
        name=new.name,
        metadata=new.metadata,
        options=new.options.to_dict(),
        reuse=new.reuse,
        size_bytes=new.size_bytes,
        lease=lease,
        lease_expires_at=_from_now(LEASE_SECONDS),
        expires_at=_from_now(lifetime_seconds),
    )
    audit.record(Action.UPLOAD_BEGUN, row.id, project=new.project)
    return Claimed(_view(Upload.get_by_id(row.id)), lease)


def read(principal: Principal, upload: UUID) -> UploadView:
    """Return an upload. Raises `NotFound`, or `NotPermitted` unless the principal may send recordings to its project."""
    return _view(_find(principal, upload, Upload.select()))


def read_at_rest(principal: Principal, upload: UUID) -> UploadView | None:
    """Return an upload to which nobody adds; or ask whoever does to let go of it, and return None.

    A complete one is at rest, whatever is being made of it.
    """
    row = _find(principal, upload, Upload.select())
    if row.state == UploadState.RECEIVING and _is_held(row):
        _ask_for(row)
        return None
    return _view(row)


def claim(principal: Principal, upload: UUID) -> Claimed | None:
    """Take an upload's lease, or ask whoever holds it for it and return None. Raises as `read` does."""
    row = _find(principal, upload, Upload.select().for_update())
    return _claim(row)


def claim_complete(upload: UUID) -> Claimed | None:
    """Take a complete upload that nobody makes a transcription of, if it is still so."""
    row = Upload.select().where(Upload.id == upload, Upload.state == UploadState.COMPLETE).for_update().first()
    return _claim(row) if row is not None and not _is_held(row) else None


def keep(upload: UUID, lease: str) -> Holding:
    """Hold the lease for longer, and tell whether somebody else asks for it."""
    kept = (
        Upload.update({Upload.lease_expires_at: _from_now(LEASE_SECONDS)})
        .where(Upload.id == upload, Upload.lease == lease)
        .returning(Upload.wanted)
        .execute()
    )
    found = [row.wanted for row in kept]
    if not found:
        return Holding.LOST
    return Holding.WANTED if found[0] else Holding.KEPT


def release(upload: UUID, lease: str) -> None:
    """Give the lease back, if it still is this one."""
    Upload.update(_RELEASED).where(Upload.id == upload, Upload.lease == lease).execute()


def record(upload: UUID, lease: str, received_bytes: int, lifetime_seconds: int) -> dt.datetime:
    """Note how many bytes are safe on the volume; with the last one the upload is complete. Returns when it expires.

    Raises `UploadBusy` where the lease was lost.
    """
    row = _held(upload, lease)
    complete = received_bytes == row.size_bytes
    row.received_bytes = received_bytes
    row.state = UploadState.COMPLETE if complete else UploadState.RECEIVING
    row.expires_at = now() + dt.timedelta(seconds=lifetime_seconds)
    row.save(only=[Upload.received_bytes, Upload.state, Upload.expires_at])
    expires_at: dt.datetime = row.expires_at
    return expires_at


def finish(upload: UUID, lease: str, transcription: UUID) -> None:
    """Note the transcription that was made of the upload, or that was there already."""
    _end(upload, lease, {Upload.state: UploadState.FINISHED, Upload.transcription: transcription, Upload.error: None})


def refuse(upload: UUID, lease: str, error: VocalyxError) -> None:
    """Note why no transcription can be made of the upload."""
    reason = {"code": error.code, "status": error.status, "detail": error.detail, "remedy": error.remedy}
    _end(upload, lease, {Upload.state: UploadState.REFUSED, Upload.error: reason})


def terminate(upload: UUID, lease: str) -> None:
    """End the upload, as its client wishes. A transcription that was made of it stays."""
    _end(upload, lease, {Upload.state: UploadState.TERMINATED})
    audit.record(Action.UPLOAD_ENDED, upload, project=Upload.get_by_id(upload).project_id)


def abandoned() -> list[UUID]:
    """Return the complete uploads of which nobody is making a transcription."""
    rows = Upload.select(Upload.id).where(
        Upload.state == UploadState.COMPLETE,
        Upload.lease_expires_at.is_null() | (Upload.lease_expires_at < _DATABASE_NOW),
    )
    return [row.id for row in rows]


def expire() -> int:
    """End the uploads that got no bytes for too long, and forget those that ended long ago; return how many expired."""
    held = Upload.lease_expires_at > _DATABASE_NOW
    expired: int = (
        Upload.update({Upload.state: UploadState.EXPIRED, **_RELEASED})
        .where(Upload.state == UploadState.RECEIVING, Upload.expires_at < _DATABASE_NOW, ~held | Upload.lease.is_null())
        .execute()
    )
    ended = Upload.state.not_in(list(UNFINISHED_STATES))
    Upload.delete().where(ended, Upload.expires_at < now() - _REMEMBERED).execute()
    return expired


def unfinished(uploads: Collection[UUID]) -> set[UUID]:
    """Return those of the ids whose bytes are still needed."""
    rows = Upload.select(Upload.id).where(Upload.id.in_(list(uploads)), Upload.state.in_(list(UNFINISHED_STATES)))
    return {row.id for row in rows}


_RELEASED: dict[Any, Any] = {Upload.lease: None, Upload.lease_expires_at: None, Upload.wanted: False}


def _find(principal: Principal, upload: UUID, query: Any) -> Any:
    row = query.where(Upload.id == upload).first()
    if row is None:
        raise NotFound(_UNKNOWN, remedy=_UNKNOWN_REMEDY)
    try:
        principal.require(ProjectId(row.project_id), Role.EDITOR)
    except NotFound as error:
        raise NotYours(_UNKNOWN, remedy=_UNKNOWN_REMEDY, project=row.project_id) from error
    return row


def _claim(row: Any) -> Claimed | None:
    if _is_held(row):
        _ask_for(row)
        return None
    lease = secrets.token_urlsafe(16)
    Upload.update({Upload.lease: lease, Upload.lease_expires_at: _from_now(LEASE_SECONDS), Upload.wanted: False}).where(
        Upload.id == row.id
    ).execute()
    return Claimed(_view(row), lease)


def _ask_for(row: Any) -> None:
    Upload.update({Upload.wanted: True}).where(Upload.id == row.id).execute()


def _is_held(row: Any) -> bool:
    held: bool = Upload.select().where(Upload.id == row.id, Upload.lease_expires_at > _DATABASE_NOW).exists()
    return held


def _held(upload: UUID, lease: str) -> Any:
    row = Upload.select().where(Upload.id == upload, Upload.lease == lease).for_update().first()
    if row is None:
        raise UploadBusy
    return row


def _end(upload: UUID, lease: str, changes: dict[Any, Any]) -> None:
    if not Upload.update({**changes, **_RELEASED}).where(Upload.id == upload, Upload.lease == lease).execute():
        raise UploadBusy


def _view(row: Any) -> UploadView:
    state = UploadState(row.state)
    if state is UploadState.RECEIVING and row.expires_at < now():
        state = UploadState.EXPIRED
    return UploadView(
        id=row.id,
        project=row.project_id,
        created_by=row.created_by_id,
        idempotency_key=row.idempotency_key,
        name=row.name,
        metadata=row.metadata,
        options=TranscriptionOptions.from_dict(row.options),
        reuse=row.reuse,
        size_bytes=row.size_bytes,
        received_bytes=row.received_bytes,
        state=state,
        transcription=row.transcription_id,
        error=row.error,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _from_now(seconds: int) -> Any:
    return SQL("clock_timestamp() + %s * interval '1 second'", (seconds,))
