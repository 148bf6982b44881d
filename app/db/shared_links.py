"""Links by which anybody who has the token reads one recording. One transaction a function.

The token is 256 random bits, shown once; what is kept of it is a digest. A link belongs to the recording and not to
whoever made it: it ends with its time, when it is revoked, and with the recording.
"""

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, NotFound, VocalyxError
from app.core.identifiers import ProjectId
from app.core.sharing import ShareScope
from app.db import audit, transcriptions
from app.db.accounts import digest
from app.db.summaries import iso
from app.db.tables import SharedLink, Transcription, now
from app.db.transcriptions import Recording

MOST = 100
"""How many links of a recording may be open at a time."""


class ShareEnded(VocalyxError):
    status = 410
    code = "share-ended"
    title = "The link has ended"
    default_detail = "The link has expired, or was revoked."
    default_remedy = "Ask whoever sent it to you for a new one."


class ShareWithoutAudio(VocalyxError):
    status = 403
    code = "share-without-audio"
    title = "The link shows the text alone"
    default_detail = "This link was made for the text, without the recording."
    default_remedy = "Ask whoever sent it to you for one with the recording."


@dataclass(frozen=True, slots=True)
class Opened:
    """A link whose token was right. `principal` may read its project, and is asked for this recording alone."""

    share: UUID
    transcription: UUID
    scope: ShareScope
    expires_at: dt.datetime
    principal: Principal


def make(
    principal: Principal, transcription: UUID, scope: ShareScope, expires_at: dt.datetime
) -> tuple[dict[str, Any], str]:
    """Return a new link and its token, which is shown this once and not kept. Raises `Conflict` where there are many."""
    row = transcriptions.find(principal, transcription, Role.EDITOR)
    if _open(row.id).count() >= MOST:
        raise Conflict(f"{MOST} links to this recording are open.", remedy="Revoke some of them.")
    token = secrets.token_urlsafe(32)
    link = SharedLink.create(
        transcription=row,
        scope=scope,
        token_hash=digest(token),
        made_by=principal.name,
        expires_at=expires_at,
    )
    audit.record(
        Action.SHARE_MADE,
        row.id,
        project=row.project_id,
        share=str(link.id),
        scope=scope,
        until=expires_at.isoformat(timespec="seconds"),
    )
    return _shown(link), token


def read(principal: Principal, transcription: UUID) -> list[dict[str, Any]]:
    """Return the links that are open, the newest first."""
    row = transcriptions.find(principal, transcription, Role.EDITOR)
    return [_shown(link) for link in _open(row.id).order_by(SharedLink.created_at.desc(), SharedLink.id)]


def revoke(principal: Principal, transcription: UUID, share: UUID) -> None:
    """Make a link worth nothing, at once; `NotFound` where there is no such open one."""
    row = transcriptions.find(principal, transcription, Role.EDITOR)
    ended = {SharedLink.revoked_at: now(), SharedLink.revoked_by: principal.name}
    open_one = (SharedLink.id == share) & (SharedLink.transcription == row) & SharedLink.revoked_at.is_null()
    if not SharedLink.update(ended).where(open_one).execute():
        raise NotFound("The recording has no such open link.", remedy="Read its links again.")
    audit.record(Action.SHARE_REVOKED, row.id, project=row.project_id, share=str(share))


def open_link(share: UUID, token: str) -> Opened:
    """Return what a link leads to.

    `NotFound` where there is none of this id, or the token is not its: the two look the same. `ShareEnded` is told to
    whoever has the right token, and to nobody else.
    """
    link: Any = (
        SharedLink.select(SharedLink, Transcription.id, Transcription.project)
        .join(Transcription)
        .where(SharedLink.id == share)
        .first()
    )
    kept = link.token_hash if link is not None else digest("")
    if not hmac.compare_digest(digest(token), kept) or link is None:
        raise NotFound("There is no such link.", remedy="Open it again as it was sent to you, whole.")
    if link.revoked_at is not None or link.expires_at <= now():
        raise ShareEnded
    project = ProjectId(link.transcription.project_id)
    viewer = Principal(user=None, name="share", roles={project: Role.VIEWER})
    return Opened(link.id, link.transcription_id, ShareScope(link.scope), link.expires_at, viewer)


def read_shared(opened: Opened, *, audited: bool) -> dict[str, Any]:
    """Return the recording as a link shows it: what was said and by whom, and nothing of the project or its people."""
    body = transcriptions.read(opened.principal, opened.transcription)
    if body["partial"] or (body["state"] in ("error", "cancelled") and not body["segments"]):
        raise Conflict("There is no finished text yet.", remedy="Open the link again later.")
    if audited:
        _note(opened, Action.SHARE_OPENED, UUID(body["project_id"]))
    return {
        "name": body["name"],
        "language": body["language"],
        "duration_seconds": body["duration_seconds"],
        "created_at": body["created_at"],
        "scope": str(opened.scope),
        "expires_at": iso(opened.expires_at),
        "audio": opened.scope is ShareScope.TEXT_AND_AUDIO and body["audio_removed_at"] is None,
        "speakers": [{name: speaker[name] for name in ("label", "number", "name")} for speaker in body["speakers"]],
        "segments": [
            {name: segment[name] for name in ("position", "start", "end", "speaker", "text")}
            | {"words": [{name: word[name] for name in ("start", "end", "text")} for word in segment["words"]]}
            for segment in body["segments"]
        ],
    }


def read_shared_recording(opened: Opened, *, audited: bool) -> Recording:
    """Return where the recording of a link lies. Raises `ShareWithoutAudio` where it shows the text alone."""
    require_audio(opened)
    return transcriptions.read_recording(opened.principal, opened.transcription, audited=audited)


def require_audio(opened: Opened) -> None:
    """Raise `ShareWithoutAudio` where the link shows the text alone."""
    if opened.scope is not ShareScope.TEXT_AND_AUDIO:
        raise ShareWithoutAudio


def _note(opened: Opened, action: Action, project: UUID) -> None:
    audit.record(action, opened.transcription, project=project, share=str(opened.share))


def _open(transcription: UUID) -> Any:
    return SharedLink.select().where(
        SharedLink.transcription == transcription, SharedLink.revoked_at.is_null(), SharedLink.expires_at > now()
    )


def _shown(link: Any) -> dict[str, Any]:
    return {
        "id": str(link.id),
        "scope": link.scope,
        "made_by": link.made_by,
        "created_at": iso(link.created_at),
        "expires_at": iso(link.expires_at),
    }
