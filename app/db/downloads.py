"""Recordings that are yet to be fetched, one transaction a function.

Any API instance may fetch one, under a lease; one whose instance died is fetched again by another. The address goes with
the last try: what is signed into it is nobody's to keep.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import SQL

from app.core.audit import Action
from app.core.errors import NotFound, VocalyxError
from app.core.identifiers import TranscriptionId
from app.core.lifecycle import Work
from app.core.options import TranscriptionOptions
from app.db import audit, events, quotas, taking_over, transcriptions, work
from app.db.events import EventKind
from app.db.summaries import summarize
from app.db.tables import Download, Transcription, database, now
from app.db.transcriptions import IdempotencyKeyUsed
from app.db.work import Outcome

MAX_ATTEMPTS = 3
LEASE_SECONDS = 15
_PAUSE_SECONDS = 5
_PAUSE_GROWS_BY = 4

# Whoever has the fewest on their way comes first, so that a project whose addresses are slow keeps no other one waiting.
_CLAIM = """
with taken as materialized (
    select transcriptions.project_id, count(*) as leases
    from downloads join transcriptions on transcriptions.id = downloads.transcription_id
    where downloads.url is not null
        and downloads.lease_expires_at >= clock_timestamp()
        and transcriptions.state = 'pending'
    group by transcriptions.project_id
)
update downloads
set lease = %(lease)s, lease_expires_at = clock_timestamp() + %(seconds)s * interval '1 second', attempt = attempt + 1
where transcription_id = (
    select downloads.transcription_id
    from downloads join transcriptions on transcriptions.id = downloads.transcription_id
        left join taken on taken.project_id = transcriptions.project_id
    where downloads.url is not null
        and downloads.due_at <= clock_timestamp()
        and (downloads.lease is null or downloads.lease_expires_at < clock_timestamp())
        and transcriptions.state = 'pending'
        and transcriptions.project_id <> all (%(without)s::uuid[])
    order by coalesce(taken.leases, 0), downloads.due_at
    limit 1
    for update of downloads skip locked
)
returning
    transcription_id,
    (select project_id from transcriptions where id = transcription_id),
    url,
    attempt,
    (select request_id from transcriptions where id = transcription_id)
"""


@dataclass(frozen=True, slots=True)
class NewDownload:
    id: TranscriptionId
    project: UUID
    created_by: UUID | None
    idempotency_key: str | None
    name: str
    url: str
    options: TranscriptionOptions
    request_id: str | None = None
    reuse: bool = True


@dataclass(frozen=True, slots=True)
class Claimed:
    """A download in this instance's hands. `attempt` counts from 1, and beyond `MAX_ATTEMPTS` where instances died.

    `request_id` is that of the request which asked for it.
    """

    transcription: TranscriptionId
    project: UUID
    url: str
    attempt: int
    lease: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A recording that is whole. `place` gives it its lasting place and returns that, relative to the uploads volume."""

    place: Callable[[], str]
    sha256: str
    size_bytes: int
    media: Mapping[str, Any]


class DownloadLost(Exception):
    """The transcription was cancelled or deleted meanwhile, or the download is another instance's. No client hears of it."""


def create(new: NewDownload) -> tuple[dict[str, Any], Outcome | None]:
    """Add a transcription whose recording is to be fetched; the one of before where its idempotency key has one.

    Raises `IdempotencyKeyUsed`, `QuotaExceeded`, or `NotFound` where the project was deleted meanwhile.
    """
    if (earlier := _earlier(new)) is not None:
        return earlier, None
    quotas.check(new.project, 0)
    try:
        row = transcriptions.row_of(
            id=new.id,
            project=new.project,
            created_by=new.created_by,
            idempotency_key=new.idempotency_key,
            request_id=new.request_id,
            name=new.name,
            options=new.options.to_dict(),
            language=new.options.language,
        )
    except IdempotencyKeyUsed:
        if (earlier := _earlier(new)) is None:
            raise
        return earlier, None
    Download.create(transcription=row, url=new.url, url_sha256=_digest(new.url), reuse=new.reuse)
    audit.record(Action.TRANSCRIPTION_CREATED, new.id, project=new.project, fetched=True)
    present = work.load(row)
    body = transcriptions.shown(row, present)
    changed = {"transcription": summarize(row, present)}
    event = events.append(EventKind.CHANGED, changed, project=row.project_id, transcription=row.id)
    return body, Outcome(row.id, event)


def claim(without: Collection[UUID] = ()) -> Claimed | None:
    """Take a download that is due, of the project that has the fewest on their way; the one that waited longest.

    None of the projects `without`.
    """
    lease = secrets.token_urlsafe(16)
    values = {"lease": lease, "seconds": LEASE_SECONDS, "without": list(map(str, without))}
    found = database.execute_sql(_CLAIM, values).fetchone()
    if found is None:
        return None
    transcription, project, url, attempt, request_id = found
    return Claimed(TranscriptionId(transcription), project, url, attempt, lease, request_id)


def check_quota(claimed: Claimed, size_bytes: int) -> None:
    """Raise `QuotaExceeded` where a recording of this size is too large for its project."""
    project = Transcription.select(Transcription.project).where(Transcription.id == claimed.transcription).scalar()
    if project is not None:
        quotas.check(project, size_bytes)


def keep(claimed: Claimed) -> bool:
    """Hold the lease for longer; False where the download is not wanted any more, or not this instance's."""
    wanted = Transcription.select(Transcription.id).where(Transcription.state == "pending")
    kept: int = (
        Download.update(lease_expires_at=SQL("clock_timestamp() + %s * interval '1 second'", (LEASE_SECONDS,)))
        .where(_is(claimed), Download.transcription.in_(wanted.where(Transcription.id == claimed.transcription)))
        .execute()
    )
    return kept > 0


def release(claimed: Claimed) -> None:
    """Give a download back that was not tried to its end; this attempt does not count."""
    Download.update(lease=None, lease_expires_at=None, attempt=Download.attempt - 1).where(_is(claimed)).execute()


def complete(claimed: Claimed, fetched: Fetched) -> Outcome:
    """Queue the plan of a recording that is here now; or finish it as the same one was that is here already.

    It is placed in here, where the row is locked: whose download is not wanted any more moves nothing. Raises
    `DownloadLost`, `InvalidOptions` or `QuotaExceeded`, and what `place` raises.
    """
    row = _locked(claimed)
    TranscriptionOptions.from_dict(row.options).require_channels(fetched.media["channels"])
    quotas.check_and_hold(row.project_id, row.id, fetched.size_bytes, fetched.media.get("duration_seconds"))
    row.audio_path = fetched.place()
    row.sha256 = fetched.sha256
    row.size_bytes = fetched.size_bytes
    row.media = dict(fetched.media)
    row.duration_seconds = fetched.media.get("duration_seconds")
    row.save(
        only=[
            Transcription.audio_path,
            Transcription.sha256,
            Transcription.size_bytes,
            Transcription.media,
            Transcription.duration_seconds,
        ]
    )
    reuse = Download.select(Download.reuse).where(_is(claimed)).scalar()
    Download.update(url=None, lease=None, lease_expires_at=None).where(_is(claimed)).execute()
    taken_over = taking_over.take_over(row) if reuse else None
    return work.announce(taken_over or work.advance(row, Work.submit))


def fail(claimed: Claimed, error: VocalyxError, *, again: bool) -> Outcome:
    """Note that a try came to nothing: it is made again later, or the transcription ends with this error."""
    row = _locked(claimed)
    if again and claimed.attempt < MAX_ATTEMPTS:
        pause = dt.timedelta(seconds=_PAUSE_SECONDS * _PAUSE_GROWS_BY ** (claimed.attempt - 1))
        Download.update(lease=None, lease_expires_at=None, due_at=now() + pause).where(_is(claimed)).execute()
        return Outcome(row.id, None)
    Download.update(lease=None, lease_expires_at=None).where(_is(claimed)).execute()
    step = work.advance(row, Work.refuse)
    row.error = {"code": error.code, "detail": error.detail, "remedy": error.remedy}
    row.save(only=[Transcription.error])
    return work.announce(step)


def _earlier(new: NewDownload) -> dict[str, Any] | None:
    if new.idempotency_key is None:
        return None
    earlier = transcriptions.of_idempotency_key(new.project, new.idempotency_key)
    if earlier is None:
        return None
    same = Download.select().where(Download.transcription == earlier["id"], Download.url_sha256 == _digest(new.url))
    if TranscriptionOptions.from_dict(earlier["options"]) != new.options or not same.exists():
        raise IdempotencyKeyUsed
    return earlier


def _is(claimed: Claimed) -> Any:
    return (Download.transcription == claimed.transcription) & (Download.lease == claimed.lease)


def _locked(claimed: Claimed) -> Any:
    try:
        row = work.lock(claimed.transcription)
    except NotFound as error:
        raise DownloadLost from error
    if not keep(claimed):
        raise DownloadLost
    return row


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
