"""What workers report on questions, and what happens when they fall silent. One transaction a function.

A question is a job of its own, under a lease as every other job is (`app.db.jobs`); but it is no part of a
transcription's work, which goes on or ends without it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import SQL

from app.core.answerability import language_of
from app.core.errors import JobSuperseded, NotFound
from app.core.identifiers import EventId, JobId, ProjectId
from app.core.jobs import MAX_ATTEMPTS, JobKind, JobState
from app.core.options import TranscriptionOptions
from app.core.questions import LONGEST_ANSWER, Passage, anchored
from app.db import events, passages
from app.db.events import EventKind
from app.db.tables import ApiKey, Membership, Question, Segment, Transcription, User, now
from app.db.work import EndedJob, JobEnding, Outcome, QueuedJob

_DATABASE_NOW = SQL("clock_timestamp()")
_RANDOM = 4
"""The version of UUIDs (RFC 9562) that are drawn."""

_ASKER_NOT_PERMITTED = {
    "code": "asker-not-permitted",
    "detail": "Whoever asked may not read this any more, with the login or the key that they asked with.",
    "remedy": "Ask again, with a login or a key that may.",
}

_RECORDING_DELETED = {
    "code": "recording-deleted",
    "detail": "A recording that the model was shown was deleted before the answer was there.",
    "remedy": "Ask again: what is still there is looked through anew.",
}


@dataclass(frozen=True, slots=True)
class QuotedSource:
    """What a worker says that an answer rests on."""

    transcription: UUID
    segment: int
    quote: str


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """An answer as a worker brings it; `not_found` is the sentence to show where none of its sources hold."""

    text: str
    found: bool
    sources: Sequence[QuotedSource]
    not_found: str
    segments_read: int
    segments: int
    model: str
    provenance: Mapping[str, Any]


def is_question(job: JobId) -> bool:
    """Tell whether a job of this id is a question: those of transcriptions are made of names, these are random."""
    return job.version == _RANDOM


def claim(job: JobId, worker: str, lease: str, lease_seconds: int) -> tuple[dict[str, Any] | None, Outcome]:
    """Give a queued question to a worker with what it may show to the model; `JobSuperseded` where it is not to be had.

    Where whoever asked may not read the project any more there is no order: the question has failed. A worker that did
    not hear the answer claims the question again under the same lease.
    """
    row = _lock(job)
    begun = row.state == JobState.RUNNING and row.lease == lease
    if row.state != JobState.QUEUED and not begun:
        raise JobSuperseded(f"The question is {row.state}.")
    if not _may_read(row):
        return None, _ended_badly(row, _ASKER_NOT_PERMITTED, again=False)
    found = _passages(row)
    if not begun:
        row.state, row.attempt, row.worker, row.lease = JobState.RUNNING, row.attempt + 1, worker, lease
        row.started_at, row.written, row.percent, row.error = now(), "", 0.0, None
    row.lease_expires_at = _expiry(lease_seconds)
    row.recordings = sorted({UUID(passage.transcription) for passage in found}, key=str)
    row.save()
    order = {
        "job_id": str(job),
        "kind": str(JobKind.QUESTION),
        "lease": row.lease,
        "lease_seconds": lease_seconds,
        "attempt": row.attempt,
        "transcription_id": str(row.transcription_id or ""),
        "audio": "",
        "request_id": row.request_id,
        "options": TranscriptionOptions(llm_model=row.llm_model).to_dict(),
        "language": row.language or _language(row, found),
        "question": row.question,
        "passages": [passage.to_dict() for passage in found],
    }
    return order, Outcome(row.id, None if begun else _changed(row))


def heartbeat(job: JobId, lease: str, lease_seconds: int) -> None:
    """Keep the lease for longer; `JobSuperseded` where it is not the present one."""
    _update_held(job, lease, {Question.lease_expires_at: _expiry(lease_seconds)})


def progress(job: JobId, lease: str, lease_seconds: int, *, percent: float, answers: Mapping[str, Any]) -> Outcome:
    """Record what is written of the answer so far; the question has failed where that may have words of what is deleted."""
    row = _lock(job)
    if row.state == JobState.RUNNING and row.lease == lease and _was_shown_what_is_deleted(row):
        return _ended_without_answer(row)
    changes: dict[Any, Any] = {Question.lease_expires_at: _expiry(lease_seconds), Question.percent: percent}
    written = answers.get("text")
    if isinstance(written, str):
        changes[Question.written] = written[:LONGEST_ANSWER]
    _update_held(job, lease, changes)
    return Outcome(row.id, _changed(row))


def complete(job: JobId, answer: QuestionAnswer, metrics: Mapping[str, float]) -> Outcome:
    """Take an answer: what does not stand in a segment that the model was shown is no source of it.

    One that came before leaves everything as it is (`Outcome.changed` is false then). Where the model was shown what is
    deleted by now, nothing is kept of the answer: the question has failed.
    """
    row = _lock(job)
    if row.state == JobState.DONE:
        return Outcome(row.id, None)
    if row.state == JobState.FAILED:
        raise JobSuperseded("The question is failed.")
    if _was_shown_what_is_deleted(row):
        return _ended_without_answer(row)
    sources = _held_sources(row, answer)
    found = answer.found and bool(sources)
    row.answer = {
        "text": answer.text if found else answer.not_found,
        "found": found,
        "sources": sources if found else [],
        "segments_read": answer.segments_read,
        "segments": answer.segments,
    }
    row.model, row.provenance = answer.model, dict(answer.provenance)
    _end(row, JobState.DONE)
    return Outcome(row.id, _changed(row), ended=EndedJob(JobKind.QUESTION, JobEnding.DONE, metrics))


def fail(job: JobId, lease: str, error: dict[str, str], *, retryable: bool) -> Outcome:
    """Take a worker's word that it cannot answer."""
    row = _lock(job)
    if row.state != JobState.RUNNING or row.lease != lease:
        raise JobSuperseded
    return _ended_badly(row, error, again=retryable and row.attempt < MAX_ATTEMPTS)


def release(job: JobId, lease: str) -> Outcome:
    """Take a question back from a worker that was asked to stop; this attempt does not count."""
    row = _lock(job)
    if row.state != JobState.RUNNING or row.lease != lease:
        raise JobSuperseded
    row.attempt -= 1
    return _queue_again(row, JobEnding.HANDED_BACK)


def silent() -> list[JobId]:
    """Return the questions whose workers have not been heard of for longer than their leases."""
    found = Question.select(Question.id).where(
        Question.state == JobState.RUNNING, Question.lease_expires_at < _DATABASE_NOW
    )
    return [JobId(row.id) for row in found]


def expire(job: JobId, error: dict[str, str]) -> Outcome:
    """Take a silent worker's question back, unless the worker was heard of just now or another instance has done so."""
    row = _lock(job)
    if job not in silent():
        return Outcome(row.id, None)
    return _ended_badly(row, error, again=row.attempt < MAX_ATTEMPTS)


def queued() -> list[QueuedJob]:
    """Return every question that ought to be in a queue, oldest first."""
    return [QueuedJob(JobId(row.id), JobKind.QUESTION) for row in _queued()]


def first() -> JobId | None:
    """Return the question that has waited longest."""
    row = _queued().first()
    return None if row is None else JobId(row.id)


def _queued() -> Any:
    return Question.select(Question.id).where(Question.state == JobState.QUEUED).order_by(Question.queued_at)


def _lock(job: JobId) -> Any:
    row = Question.select().where(Question.id == job).for_update().first()
    if row is None:
        raise NotFound("There is no such question.", remedy="Drop the job; the question was deleted.")
    return row


def _may_read(row: Any) -> bool:
    """Tell whether whoever asked may still read the project: by their login's role, or by the key they asked with."""
    kind, _, identifier = row.asker.partition(":")
    if kind == "key":
        key: Any = ApiKey.get_or_none(ApiKey.id == identifier, ApiKey.project == row.project_id)
        return key is not None and key.revoked_at is None and (key.expires_at is None or key.expires_at > now())
    user: Any = User.get_or_none(User.id == row.asked_by_id) if row.asked_by_id is not None else None
    if user is None or not user.active:
        return False
    member = Membership.get_or_none(Membership.user == user, Membership.project == ProjectId(row.project_id))
    return bool(user.administrator) or member is not None


def _passages(row: Any) -> list[Passage]:
    if row.transcription_id is not None:
        return passages.of_transcription(row.transcription_id, row.question)
    return passages.of_project(row.project_id, row.question)


def _language(row: Any, shown: Sequence[Passage]) -> str | None:
    """Return the language to answer in: the recording's; over a project the question's own, None where that is not told.

    Small words tell French from English, and no more: over recordings in other languages they are not asked.
    """
    recordings = (
        [row.transcription_id] if row.transcription_id is not None else {passage.transcription for passage in shown}
    )
    found: Any = Transcription.select(Transcription.language, Transcription.options).where(
        Transcription.id.in_(list(recordings))
    )
    said_in = {TranscriptionOptions.from_dict(each.options).text_language(each.language) for each in found}
    if row.transcription_id is not None:
        return said_in.pop()
    if not said_in <= {"en", "fr"}:
        return None
    return language_of(row.question) or (said_in.pop() if len(said_in) == 1 else None)


def _was_shown_what_is_deleted(row: Any) -> bool:
    """Tell whether a recording of the locked question is there no more.

    What is deleted takes along the questions that it knows of: not one whose claim chose the passages at that moment.
    """
    there = Transcription.select().where(Transcription.id.in_(row.recordings)).count()
    return bool(there < len(row.recordings))


def _ended_without_answer(row: Any) -> Outcome:
    row.recordings = []
    return _ended_badly(row, _RECORDING_DELETED, again=False)


def _held_sources(row: Any, answer: QuestionAnswer) -> list[dict[str, Any]]:
    """Return those sources whose quotes stand in a segment of what the model was shown, with the segment's time."""
    shown = set(row.recordings)
    sources = []
    for source in answer.sources:
        if source.transcription not in shown:
            continue
        segment: Any = Segment.without_search().where(
            Segment.transcription == source.transcription, Segment.position == source.segment
        )
        found: Any = segment.first()
        if found is None:
            continue
        # An empty one says that nobody said anything there.
        text = found.text if found.corrected_text is None else found.corrected_text
        passage = Passage(str(source.transcription), "", source.segment, found.start_seconds, text)
        held = anchored(source.quote, [passage])
        if held is not None:
            sources.append(held.to_dict())
    return sources


def _ended_badly(row: Any, error: dict[str, str], *, again: bool) -> Outcome:
    row.error = error
    if again:
        return _queue_again(row, JobEnding.AGAIN)
    _end(row, JobState.FAILED)
    return Outcome(row.id, _changed(row), ended=EndedJob(JobKind.QUESTION, JobEnding.FAILED, {}))


def _queue_again(row: Any, ending: JobEnding) -> Outcome:
    """It keeps its place: `queued_at` is as it was."""
    row.state, row.lease, row.lease_expires_at = JobState.QUEUED, None, None
    row.written, row.percent = "", 0.0
    row.save()
    queued_again = [QueuedJob(JobId(row.id), JobKind.QUESTION)]
    return Outcome(row.id, _changed(row), queued=queued_again, ended=EndedJob(JobKind.QUESTION, ending, {}))


def _end(row: Any, state: JobState) -> None:
    row.state, row.lease, row.lease_expires_at = state, None, None
    row.percent = 100.0 if state is JobState.DONE else row.percent
    row.finished_at = now()
    row.written = ""
    if state is JobState.DONE:
        row.error = None
    row.save()


def _changed(row: Any) -> EventId:
    return events.append(EventKind.QUESTION, {"question": str(row.id)}, project=row.project_id)


def _update_held(job: JobId, lease: str, changes: dict[Any, Any]) -> None:
    held = Question.update(changes).where(
        Question.id == job, Question.state == JobState.RUNNING, Question.lease == lease
    )
    if not held.execute():
        raise JobSuperseded


def _expiry(lease_seconds: int) -> dt.datetime | Any:
    return SQL("clock_timestamp() + %s * interval '1 second'", (lease_seconds,))
