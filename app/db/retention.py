"""How long a project keeps its recordings and their texts, and the removal of what is older. One transaction a function.

Days are counted from the end of the work, from the creation where the work never ended; while it is worked on nothing
is removed. The audio may go before the text; with the text goes everything. The site may set a limit of its own: the
shorter time counts. What is under a legal hold stays.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from peewee import SQL, fn

from app.core.audit import Action
from app.core.errors import InvalidFields
from app.core.identifiers import ProjectId, TranscriptionId
from app.core.states import STOPPED_STATES
from app.db import audit, events, transcriptions, work
from app.db.events import EventKind
from app.db.summaries import iso, summarize
from app.db.tables import Project, Question, Speaker, Transcription, Waveform, database, now
from app.db.work import Outcome

PREVIEW_LIMIT = 100
_QUESTIONS_AT_ONCE = 200

# One sweep at a time over all instances: any constant will do, as long as it is ours.
_SWEEP_LOCK = 0x72657461696E

_ENDED_AT = fn.coalesce(Transcription.finished_at, Transcription.created_at)
# Moment and states are those of the indexes of the migration 0013.
_ENDED = Transcription.state.in_(sorted(STOPPED_STATES))


@dataclass(frozen=True, slots=True)
class Retention:
    """Days. `audio_days` None: as long as the text; `text_days` None: for ever."""

    audio_days: int | None = None
    text_days: int | None = None

    def check(self, limits: "Retention") -> None:
        """Raise `InvalidFields` for what makes no sense, or is longer than the site's `limits`."""
        if self.audio_days is not None and self.text_days is not None and self.text_days < self.audio_days:
            message = "The text cannot go before the audio: with the text goes everything."
            raise InvalidFields([{"field": "text_days", "code": "before-audio", "message": message}])
        wanted = (("audio_days", self.audio_days, limits.audio_days), ("text_days", self.text_days, limits.text_days))
        longer = [
            {
                "field": name,
                "code": "too-large",
                "message": f"The site keeps it for {limit} days at most.",
                "bounds": {"most": limit},
            }
            for name, days, limit in wanted
            if days is not None and limit is not None and days > limit
        ]
        if longer:
            raise InvalidFields(longer)

    def within(self, limits: "Retention") -> "Retention":
        """Return what counts where the site has limits of its own."""
        return Retention(_shorter(self.audio_days, limits.audio_days), _shorter(self.text_days, limits.text_days))

    def to_dict(self) -> dict[str, int | None]:
        return {"audio_days": self.audio_days, "text_days": self.text_days}


@dataclass(slots=True)
class Removed:
    """What a step of a sweep removed: the files of both kinds are the caller's to remove."""

    audio: list[TranscriptionId] = field(default_factory=list)
    transcriptions: list[TranscriptionId] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def files(self) -> Sequence[TranscriptionId]:
        return [*self.audio, *self.transcriptions]


def of_project(project: Any) -> Retention:
    """Return what the owners of a project have set."""
    return Retention(project.retention_audio_days, project.retention_text_days)


def set_of_project(project: Any, wanted: Retention) -> None:
    """Set both times. What is older goes with the next sweep."""
    project.retention_audio_days, project.retention_text_days = wanted.audio_days, wanted.text_days
    project.save(only=[Project.retention_audio_days, Project.retention_text_days])
    audit.record(Action.RETENTION_CHANGED, project.id, project=project.id, days=wanted.to_dict())


def preview(project: Any, retention: Retention) -> dict[str, Any]:
    """Return what a sweep would remove just now with this retention, and what only a legal hold keeps."""
    text = _text_is_due(retention)
    audio = _audio_is_due(retention) & ~text
    held = Transcription.legal_hold | SQL("true" if project.legal_hold else "false")
    here = Transcription.project == project
    columns = (Transcription.id, Transcription.name, text.alias("whole"), _ENDED_AT.alias("at"))
    first: Any = Transcription.select(*columns).where(here, audio | text, ~held).order_by(_ENDED_AT, Transcription.id)
    return {
        "questions": 0 if project.legal_hold else _old_questions(project.id, retention).count(),
        "audio": _sum(here, audio, ~held),
        "transcriptions": _sum(here, text, ~held),
        "held": Transcription.select().where(here, audio | text, held).count(),
        "items": [
            {
                "id": str(row.id),
                "name": row.name,
                "goes": "transcription" if row.whole else "audio",
                "ended_at": iso(row.at),
            }
            for row in first.limit(PREVIEW_LIMIT)
        ],
    }


def projects_with_limits(limits: Retention) -> list[ProjectId]:
    """Return the projects in which anything may be too old."""
    query: Any = Project.select(Project.id).where(~Project.legal_hold).order_by(Project.id)
    if limits == Retention():
        query = query.where(Project.retention_audio_days.is_null(False) | Project.retention_text_days.is_null(False))
    return [ProjectId(project) for (project,) in query.tuples()]


def due(project: ProjectId, limits: Retention, limit: int) -> list[TranscriptionId]:
    """Return the oldest transcriptions of a project of which something is too old."""
    row = Project.get_or_none(Project.id == project)
    if row is None or row.legal_hold:
        return []
    retention = of_project(row).within(limits)
    found: list[UUID] = []
    # Apart, or the index of what still has its audio would be of no use.
    for condition in (_text_is_due(retention), _audio_is_due(retention)):
        query = Transcription.select(Transcription.id).where(
            Transcription.project == project, condition, ~Transcription.legal_hold
        )
        ordered: Any = query.order_by(_ENDED_AT, Transcription.id).limit(limit)
        found += [one for (one,) in ordered.tuples() if one not in found]
    return [TranscriptionId(one) for one in found[:limit]]


def remove(project: ProjectId, limits: Retention, candidates: Collection[TranscriptionId]) -> Removed | None:
    """Remove what is too old of these transcriptions; None where another instance is sweeping.

    All is judged again behind the locks: one that was held, retried or removed meanwhile, or that somebody has a hand
    on just now, is passed over.
    """
    [alone] = database.execute_sql("select pg_try_advisory_xact_lock(%s)", (_SWEEP_LOCK,)).fetchone()
    if not alone:
        return None
    query: Any = Project.select().where(Project.id == project)
    row = query.for_update("FOR SHARE").first()
    if row is None or row.legal_hold:
        return Removed()
    retention = of_project(row).within(limits)
    too_old = {found.id: found for found in _locked(candidates, _text_is_due(retention))}
    without_audio = [found for found in _locked(candidates, _audio_is_due(retention)) if found.id not in too_old]
    for found in too_old.values():
        transcriptions.forget(found, reason="retention")
    for found in without_audio:
        forget_audio(found)
        audit.record(Action.TRANSCRIPTION_RECORDING_REMOVED, found.id, project=project, reason="retention")
    # The events last: all writers of events wait for one who has written one.
    outcomes = [transcriptions.tell_deleted(found, reason="retention") for found in too_old.values()]
    outcomes += [_tell_audio_removed(found) for found in without_audio]
    return Removed(
        [TranscriptionId(found.id) for found in without_audio], [TranscriptionId(one) for one in too_old], outcomes
    )


def remove_questions(project: ProjectId, limits: Retention) -> list[Outcome]:
    """Remove what was asked over a project as long ago as its texts are kept, some at a time.

    What was answered from recordings goes with any of them; this is for what no recording takes along. One that rests on a
    recording under a legal hold stays.
    """
    query: Any = Project.select().where(Project.id == project)
    row = query.for_update("FOR SHARE").first()
    if row is None or row.legal_hold:
        return []
    old = _old_questions(project, of_project(row).within(limits)).order_by(Question.id).limit(_QUESTIONS_AT_ONCE)
    gone = [found.id for found in old.for_update("FOR UPDATE SKIP LOCKED")]
    Question.delete().where(Question.id.in_(gone)).execute()
    for question in gone:
        audit.record(Action.QUESTION_DELETED, question, project=project, reason="retention")
    return [
        Outcome(question, events.append(EventKind.QUESTION, {"question": str(question)}, project=project))
        for question in gone
    ]


def _old_questions(project: UUID, retention: Retention) -> Any:
    """Select what was asked over a project longer ago than its texts are kept."""
    columns = (Question.id,)
    query: Any = Question.select(*columns)
    if retention.text_days is None:
        return query.where(SQL("false"))
    oldest = SQL("statement_timestamp() - %s * interval '1 day'", (retention.text_days,))
    held = Transcription.select().where(Transcription.legal_hold, Transcription.id == fn.ANY(Question.recordings))
    return query.where(
        Question.project == project,
        Question.transcription.is_null(),
        Question.finished_at <= oldest,
        ~fn.EXISTS(held),
    )


def forget_audio(row: Any) -> None:
    """Note that the recording of the locked row is gone; what was made of its sound goes along, but for the text.

    The waveform goes, and what the speakers sound like, as it does where the whole transcription goes. Voiceprints stay
    until they are deleted themselves.
    """
    row.audio_removed_at = now()
    row.save(only=[Transcription.audio_removed_at])
    Waveform.delete().where(Waveform.transcription == row).execute()
    Speaker.update(embedding=None, embedding_model=None).where(
        Speaker.transcription == row, Speaker.embedding.is_null(False)
    ).execute()


def _tell_audio_removed(row: Any) -> Outcome:
    data = {"transcription": summarize(row, work.load(row)), "what": "audio"}
    event = events.append(EventKind.CHANGED, data, project=row.project_id, transcription=row.id)
    return Outcome(row.id, event)


def _locked(candidates: Collection[TranscriptionId], condition: Any) -> list[Any]:
    query: Any = (
        Transcription.without_turns()
        .where(Transcription.id.in_(list(candidates)), condition, ~Transcription.legal_hold)
        .order_by(Transcription.id)
    )
    return list(query.for_update("FOR UPDATE SKIP LOCKED"))


def _text_is_due(retention: Retention) -> Any:
    return _is_older(retention.text_days)


def _audio_is_due(retention: Retention) -> Any:
    there = Transcription.audio_path.is_null(False) & Transcription.audio_removed_at.is_null()
    return _is_older(retention.audio_days) & there


def _is_older(days: int | None) -> Any:
    if days is None:
        return SQL("false")
    # By the one clock that all instances share.
    newest = SQL("statement_timestamp() - %s * interval '1 day'", (days,))
    return _ENDED & (newest >= _ENDED_AT)


def _sum(*conditions: Any) -> dict[str, int]:
    there = Transcription.audio_removed_at.is_null()
    size = fn.coalesce(fn.SUM(Transcription.size_bytes).filter(there), 0)
    query: Any = Transcription.select(fn.COUNT(Transcription.id), size).where(*conditions)
    count, size_bytes = query.tuples().get()
    return {"count": count, "bytes": int(size_bytes)}


def _shorter(one: int | None, other: int | None) -> int | None:
    return min((days for days in (one, other) if days is not None), default=None)
