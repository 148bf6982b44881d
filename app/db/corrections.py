"""What people say of the speakers of a recording, beside what the machine found. One transaction a function.

Each returns what readers are told of the speakers afterwards, and the outcome to follow. A correction that says what is
so already changes nothing and tells nobody.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.speakers import Cast
from app.db import audit, events, speakers, unheld, work
from app.db.events import EventKind
from app.db.summaries import summarize
from app.db.tables import Speaker
from app.db.transcriptions import find
from app.db.work import Outcome


@dataclass(frozen=True, slots=True)
class Corrected:
    """`speakers` as readers are told of them; `label` is the one that the correction was about, or made."""

    speakers: list[dict[str, Any]]
    outcome: Outcome
    label: str | None = None

    @property
    def speaker(self) -> dict[str, Any]:
        """The speaker that the correction was about; who was merged into another is found under that one."""
        for shown in self.speakers:
            if shown["label"] == self.label:
                return shown
            for merged in shown["merged"]:
                if merged["label"] == self.label:
                    return dict(merged)
        raise LookupError(self.label)


def rename(principal: Principal, transcription: UUID, label: str, name: str | None) -> Corrected:
    """Name a speaker, or with None take the name away. What was recognised by the voice counts no more."""
    row = _locked(principal, transcription)
    cast = speakers.cast_of(row)
    cast.require(label)
    speaker = (Speaker.transcription == row) & (Speaker.label == label)
    columns = (Speaker.name, Speaker.recognised_as, Speaker.similarity)
    if Speaker.select(*columns).where(speaker).tuples().get() == (name, None, None):
        return _told(row, cast, label, None)
    Speaker.update(name=name, recognised_as=None, similarity=None).where(speaker).execute()
    return _told(row, cast, label, Action.SPEAKER_RENAMED, speaker=label)


def merge(principal: Principal, transcription: UUID, label: str, into: str) -> Corrected:
    """Say that one speaker is another."""
    told = {"speaker": label, "into": into}
    return _correct(principal, transcription, lambda cast: cast.merge(label, into), Action.SPEAKER_MERGED, **told)


def unmerge(principal: Principal, transcription: UUID, label: str) -> Corrected:
    """Take back that one speaker is another."""
    return _correct(principal, transcription, lambda cast: cast.unmerge(label), Action.SPEAKER_UNMERGED, speaker=label)


def assign(principal: Principal, transcription: UUID, positions: Collection[int], label: str | None) -> Corrected:
    """Give segments to a speaker; None: back to whom the machine found."""
    told = {"speaker": label, "segments": len(positions)}
    return _correct(
        principal, transcription, lambda cast: cast.assign(positions, label), Action.SPEAKER_ASSIGNED, **told
    )


def undo(principal: Principal, transcription: UUID) -> Corrected:
    """Put every segment and speaker back to the machine's labels; names stay."""
    return _correct(principal, transcription, Cast.without_corrections, Action.SPEAKER_RESTORED)


def split(
    principal: Principal, transcription: UUID, label: str, positions: Collection[int], name: str | None
) -> Corrected:
    """Give segments of a speaker to a new one."""
    row = _locked(principal, transcription)
    before = speakers.cast_of(row)
    after, made = before.split(label, positions)
    speakers.store(row, before, after)
    if name is not None:
        Speaker.update(name=name).where(Speaker.transcription == row, Speaker.label == made).execute()
    return _told(row, after, made, Action.SPEAKER_SPLIT, speaker=label, made=made, segments=len(positions))


def _locked(principal: Principal, transcription: UUID) -> Any:
    # What was said of the speakers before is kept nowhere: under a legal hold nothing takes its place.
    return unheld.lock(find(principal, transcription, Role.EDITOR))


def _correct(
    principal: Principal, transcription: UUID, take: Callable[[Cast], Cast], action: Action, **told: Any
) -> Corrected:
    row = _locked(principal, transcription)
    before = speakers.cast_of(row)
    after = take(before)
    if after is not before:
        speakers.store(row, before, after)
    return _told(row, after, None, None if after is before else action, **told)


def _told(row: Any, cast: Cast, label: str | None, action: Action | None, **told: Any) -> Corrected:
    """Tell the listeners and the audit log what was done; None: nothing was."""
    shown = speakers.shown(row, cast)
    if action is None:
        return Corrected(shown, Outcome(row.id, None), label)
    audit.record(action, row.id, project=row.project_id, **told)
    # No name stands in it: the log keeps its events for days, and a name may be taken back sooner.
    data = {"transcription": summarize(row, work.load(row)), "what": "speakers"}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Corrected(shown, Outcome(row.id, event), label)
