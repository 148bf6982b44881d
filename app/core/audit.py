"""Who did what, on what, from where: the words of the audit log.

The edges say who is at work (`current_source`: the API for each request, the command line for each command), the units of
work say what was done (`app.db.audit.record`, in the transaction of the change).
"""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Action(StrEnum):
    """What is done. The names are stable: programs select by them. Before the dot stands what it is done to, mostly."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_ENDED = "login.ended"
    ACCESS_DENIED = "access.denied"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - the name of an action
    USER_LINKED = "user.linked"
    USER_UNLINKED = "user.unlinked"
    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    PROJECT_EXPORTED = "project.exported"
    PROJECT_DELETED = "project.deleted"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    VOCABULARY_CHANGED = "vocabulary.changed"
    RETENTION_CHANGED = "retention.changed"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    QUOTA_CHANGED = "quota.changed"
    TASK_SET_CHANGED = "task_set.changed"
    TASK_SET_DELETED = "task_set.deleted"
    UPLOAD_BEGUN = "upload.begun"
    UPLOAD_ENDED = "upload.ended"
    TRANSCRIPTION_CREATED = "transcription.created"
    TRANSCRIPTION_DESCRIBED = "transcription.described"
    TRANSCRIPTION_CANCELLED = "transcription.cancelled"
    TRANSCRIPTION_RETRIED = "transcription.retried"
    TRANSCRIPTION_DELETED = "transcription.deleted"
    TRANSCRIPTION_EXPORTED = "transcription.exported"
    TRANSCRIPTION_RECORDING_REMOVED = "transcription.recording_removed"
    TRANSCRIPTION_ENRICHED = "transcription.enriched"
    QUESTION_ASKED = "question.asked"
    QUESTION_DELETED = "question.deleted"
    TEXT_CORRECTED = "text.corrected"
    TEXT_REVERTED = "text.reverted"
    TEXT_SPLIT = "text.split"
    TEXT_MERGED = "text.merged"
    SPEAKER_RENAMED = "speaker.renamed"
    SPEAKER_MERGED = "speaker.merged"
    SPEAKER_UNMERGED = "speaker.unmerged"
    SPEAKER_SPLIT = "speaker.split"
    SPEAKER_ASSIGNED = "speaker.assigned"
    SPEAKER_RESTORED = "speaker.restored"
    NOTE_WRITTEN = "note.written"
    NOTE_CHANGED = "note.changed"
    NOTE_DELETED = "note.deleted"
    SHARE_MADE = "share.made"
    SHARE_REVOKED = "share.revoked"
    SHARE_OPENED = "share.opened"
    VOICEPRINT_ENROLLED = "voiceprint.enrolled"
    VOICEPRINT_DELETED = "voiceprint.deleted"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - the name of an action
    WEBHOOK_PINGED = "webhook.pinged"
    WEBHOOK_REPLAYED = "webhook.replayed"
    AUDIT_PURGED = "audit.purged"

    @property
    def thing(self) -> str | None:
        """The kind of thing that it is done to; None where that is another one each time."""
        first = self.value.partition(".")[0]
        return _THINGS.get(first, first)


_THINGS = {
    "access": None,
    "audit": None,
    "hold": None,
    "login": "user",
    "member": "user",
    "note": "transcription",
    "quota": "project",
    "retention": "project",
    "share": "transcription",
    "speaker": "transcription",
    "task_set": "project",
    "text": "transcription",
    "vocabulary": "project",
}


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"


class ActorKind(StrEnum):
    """`SYSTEM`: the API on its own account. `NOBODY`: whoever has not said who they are, or could not prove it."""

    USER = "user"
    KEY = "key"
    WORKER = "worker"
    COMMAND = "command"
    SYSTEM = "system"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is a user's or a key's; a command is named after the account of the machine that it runs under."""

    kind: ActorKind
    id: UUID | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a deed comes from. The request id is the one in the server's log."""

    actor: Actor
    address: str | None = None
    request_id: str | None = None


SYSTEM = Source(Actor(ActorKind.SYSTEM))

current_source: ContextVar[Source] = ContextVar("current_source", default=SYSTEM)
