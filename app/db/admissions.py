"""A recording that has come in whole: what is there already, or a new transcription of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.options import TranscriptionOptions
from app.db import quotas, transcriptions
from app.db.tables import database
from app.db.transcriptions import IdempotencyKeyUsed, NewTranscription
from app.db.work import Outcome


@dataclass(frozen=True, slots=True)
class Content:
    """What is compared before a transcription is made: nothing of another project is ever looked at."""

    project: UUID
    idempotency_key: str | None
    sha256: str
    options: TranscriptionOptions
    reuse: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    """The transcription, and what has to follow if it is a new one."""

    body: dict[str, Any]
    outcome: Outcome | None = None

    @property
    def created(self) -> bool:
        return self.outcome is not None


def earlier(content: Content) -> dict[str, Any] | None:
    """Return the transcription that answers for this content, where there is one.

    That of the same idempotency key comes first: `IdempotencyKeyUsed` where it is of another recording or has other
    options. Otherwise, with `reuse`, the newest that did not come to nothing.
    """
    if content.idempotency_key is not None:
        of_key = transcriptions.of_idempotency_key(content.project, content.idempotency_key)
        if of_key is not None:
            # Through the type: what an older release stored lacks the options that were added since.
            same_options = TranscriptionOptions.from_dict(of_key["options"]) == content.options
            if of_key["sha256"] != content.sha256 or not same_options:
                raise IdempotencyKeyUsed
            return of_key
    return transcriptions.of_content(content.project, content.sha256, content.options) if content.reuse else None


def check_room(project: UUID, idempotency_key: str | None, size_bytes: int) -> None:
    """Raise `QuotaExceeded` before a recording of this size is read; not where it is one that came before."""
    if idempotency_key is None or transcriptions.of_idempotency_key(project, idempotency_key) is None:
        quotas.check(project, size_bytes)


def admit(new: NewTranscription, content: Content) -> Admitted:
    """Return the transcription that answers for this content, or make it; of twins that come at once one is made.

    Raises as `earlier` and `transcriptions.create` do, and `QuotaExceeded`.
    """
    if content.reuse:
        lock = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
        database.execute_sql(lock, (f"content {content.project} {content.sha256}",))
    if (found := earlier(content)) is not None:
        return Admitted(found)
    quotas.check_and_hold(new.project, new.id, new.size_bytes, new.media.get("duration_seconds"))
    try:
        body, outcome = transcriptions.create(new)
    except IdempotencyKeyUsed:
        # A twin with the same key was a moment faster; its row is to be seen by now.
        if (found := earlier(content)) is None:
            raise
        return Admitted(found)
    return Admitted(body, outcome)
