"""What people do with questions to recordings. One transaction a function.

A question is seen by whoever may read what it is about: the members of the project. It goes with the transcription, or
with any of those that its answer was made of.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import Tuple

from app.core import cursors
from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import IllegalTransition, NotFound, VocalyxError
from app.core.identifiers import JobId, ProjectId
from app.core.jobs import JobKind, JobState
from app.core.questions import KEYS_UNFINISHED_LIMIT, UNFINISHED_LIMIT, QuestionState
from app.core.states import READABLE_STATES
from app.db import audit, events, transcriptions, unheld
from app.db.events import EventKind
from app.db.listing import Page
from app.db.summaries import iso
from app.db.tables import Project, Question, Segment, Transcription, database
from app.db.unheld import LegalHoldInForce
from app.db.work import Outcome, QueuedJob

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
_ASKING_LOCK = 0x7175657374
_KEY = "key:"
_SHOWN_STATES = {
    JobState.QUEUED: QuestionState.QUEUED,
    JobState.RUNNING: QuestionState.PROCESSING,
    JobState.DONE: QuestionState.DONE,
    JobState.FAILED: QuestionState.ERROR,
}


class TooManyQuestions(VocalyxError):
    """Somebody, or the keys of a project together, have as many questions waiting as they may have."""

    status = 429
    code = "too-many-questions"
    title = "There are too many unfinished questions"
    default_detail = f"You have {UNFINISHED_LIMIT} questions that are not answered yet; more are not taken."
    default_remedy = "Wait for an answer, or delete one of the questions."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuestion:
    """What somebody wants to know. `language` (ISO 639-1) is the answer's; None: the recording's, or the question's."""

    question: str
    llm_model: str | None = None
    language: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as it is shown, and the outcome to follow."""

    question: dict[str, Any]
    outcome: Outcome


def ask_transcription(principal: Principal, transcription: UUID, new: NewQuestion) -> Asked:
    """Ask about one transcription. Raises `IllegalTransition` where it has no text, `TooManyQuestions`."""
    row = transcriptions.find(principal, transcription, Role.VIEWER)
    stands = row.state in READABLE_STATES or Segment.select().where(Segment.transcription == row).exists()
    if not stands:
        raise IllegalTransition(
            f"The transcription is {row.state} and has no text to ask about.", remedy="Wait for its end, or retry it."
        )
    return _ask(principal, row.project_id, transcription, new)


def ask_project(principal: Principal, project: UUID, new: NewQuestion) -> Asked:
    """Ask over all transcriptions of a project. Raises `TooManyQuestions`."""
    if Project.get_or_none(Project.id == project) is None:
        raise NotFound
    principal.require(ProjectId(project), Role.VIEWER)
    return _ask(principal, project, None, new)


def find(principal: Principal, question: UUID, needed: Role = Role.VIEWER) -> Any:
    """Return a question's row; `NotFound` or `NotPermitted` where this is not the principal's to do."""
    row = Question.get_or_none(Question.id == question)
    if row is None:
        raise NotFound
    principal.require(ProjectId(row.project_id), needed)
    return row


def read(principal: Principal, question: UUID) -> dict[str, Any]:
    """Return a question with its answer, or with what is written of it so far."""
    return shown(find(principal, question))


def page_of_transcription(principal: Principal, transcription: UUID, *, limit: int, cursor: str | None) -> Page:
    """Return what was asked about a transcription, the newest first."""
    transcriptions.find(principal, transcription, Role.VIEWER)
    return _page(f"questions-{transcription}", Question.transcription == transcription, limit, cursor)


def page_of_project(principal: Principal, project: UUID, *, limit: int, cursor: str | None) -> Page:
    """Return what was asked over a project, the newest first; not what was asked about its transcriptions one by one."""
    if Project.get_or_none(Project.id == project) is None:
        raise NotFound
    principal.require(ProjectId(project), Role.VIEWER)
    conditions = (Question.project == project) & Question.transcription.is_null()
    return _page(f"questions-{project}", conditions, limit, cursor)


def delete(principal: Principal, question: UUID) -> Outcome:
    """Delete a question with its answer, and stop the work on it: for whoever asked it, and for editors.

    Raises `LegalHoldInForce` where its project is held, or a recording that it is about or was answered from.
    """
    row = find(principal, question)
    if row.asker != _asker(principal):
        principal.require(ProjectId(row.project_id), Role.EDITOR)
    _require_unheld(row)
    unfinished = row.state in _UNFINISHED
    Question.delete().where(Question.id == question).execute()
    audit.record(Action.QUESTION_DELETED, question, project=row.project_id)
    event = events.append(EventKind.QUESTION, {"question": str(question)}, project=row.project_id)
    withdrawn = [QueuedJob(JobId(question), JobKind.QUESTION)] if unfinished else []
    return Outcome(question, event, withdrawn=withdrawn)


def all_of_transcription(transcription: UUID) -> list[dict[str, Any]]:
    """Return everything that was asked about a transcription, the oldest first, whoever may see it."""
    found: Any = Question.select().where(Question.transcription == transcription)
    return [shown(row) for row in found.order_by(Question.created_at, Question.id)]


def page_to_export(project: UUID, behind: tuple[dt.datetime, UUID] | None, limit: int) -> list[Any]:
    """Return the next rows of what was asked over a project, the oldest first, whoever may see them."""
    query: Any = Question.select().where(Question.project == project, Question.transcription.is_null())
    if behind is not None:
        query = query.where(Tuple(Question.created_at, Question.id) > Tuple(*behind))
    return list(query.order_by(Question.created_at, Question.id).limit(limit))


def shown(row: Any) -> dict[str, Any]:
    """Return a question as it is told."""
    state = _SHOWN_STATES[JobState(row.state)]
    return {
        "id": str(row.id),
        "project_id": str(row.project_id),
        "transcription_id": None if row.transcription_id is None else str(row.transcription_id),
        "question": row.question,
        "llm_model": row.llm_model,
        "language": row.language,
        "asked_by": row.asked_by,
        "state": state,
        "written": "" if state is QuestionState.DONE else row.written,
        "answer": row.answer,
        "model": row.model,
        "error": row.error,
        "seconds": row.provenance.get("seconds") or {},
        "tokens": row.provenance.get("tokens") or {},
        "created_at": iso(row.created_at),
        "finished_at": iso(row.finished_at),
    }


def _ask(principal: Principal, project: UUID, transcription: UUID | None, new: NewQuestion) -> Asked:
    _require_room(principal, project)
    row = Question.create(
        id=uuid.uuid4(),
        project=project,
        transcription=transcription,
        user=principal.user,
        asker=_asker(principal),
        asked_by=principal.name,
        question=new.question,
        llm_model=new.llm_model,
        language=new.language,
        request_id=new.request_id,
    )
    audit.record(Action.QUESTION_ASKED, row.id, project=project)
    event = events.append(EventKind.QUESTION, {"question": str(row.id)}, project=project)
    outcome = Outcome(row.id, event, queued=[QueuedJob(JobId(row.id), JobKind.QUESTION)])
    return Asked(shown(row), outcome)


def _require_room(principal: Principal, project: UUID) -> None:
    """Raise `TooManyQuestions`; a user's questions are counted over all projects, those of a project's keys together."""
    if principal.user is not None:
        together, limit = _asker(principal), UNFINISHED_LIMIT
        counted, refused = Question.asker == together, TooManyQuestions()
    else:
        together, limit = f"{_KEY}{project}", KEYS_UNFINISHED_LIMIT
        counted = (Question.project == project) & Question.asker.startswith(_KEY)
        refused = TooManyQuestions(
            f"The keys of this project have {limit} questions that are not answered yet; more are not taken."
        )
    # Or as many as come at the same moment would each find room.
    database.execute_sql("select pg_advisory_xact_lock(%s, hashtext(%s))", (_ASKING_LOCK & 0x7FFFFFFF, together))
    if Question.select().where(counted, Question.state.in_(_UNFINISHED)).count() >= limit:
        raise refused


def _require_unheld(row: Any) -> None:
    if unheld.project_is_held(row.project_id):
        raise LegalHoldInForce("The project of this question is under a legal hold: nothing of it may be removed.")
    about = {*row.recordings, *([row.transcription_id] if row.transcription_id is not None else [])}
    recordings: Any = Transcription.select(Transcription.legal_hold).where(Transcription.id.in_(list(about)))
    # Locked, so that no hold is placed meanwhile.
    if any(found.legal_hold for found in recordings.order_by(Transcription.id).for_update("FOR SHARE")):
        raise LegalHoldInForce("A recording that this question rests on is under a legal hold.")


def _asker(principal: Principal) -> str:
    return f"user:{principal.user}" if principal.user is not None else f"{_KEY}{principal.key}"


def _page(listing: str, condition: Any, limit: int, cursor: str | None) -> Page:
    query: Any = Question.select().where(condition)
    if cursor is not None:
        query = query.where(Tuple(Question.created_at, Question.id) < Tuple(*_position(listing, cursor)))
    found = list(query.order_by(Question.created_at.desc(), Question.id.desc()).limit(limit + 1))
    page = found[:limit]
    behind = page[-1] if len(found) > limit else None
    told = None if behind is None else [behind.created_at.astimezone(dt.UTC).isoformat(), str(behind.id)]
    return Page([shown(row) for row in page], None if told is None else cursors.encode(listing, told))


def _position(listing: str, cursor: str) -> tuple[dt.datetime, UUID]:
    try:
        moment, last = cursors.decode(listing, cursor)
        return cursors.moment(moment), UUID(last)
    except (ValueError, TypeError, AttributeError) as error:
        raise cursors.unknown_cursor() from error
