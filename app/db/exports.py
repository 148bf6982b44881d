"""What an export of a project holds, read piece by piece: each transcription in a transaction of its own."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from peewee import Tuple

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.transcript import Diarization
from app.db import (
    audit,
    enrichment_versions,
    legal_holds,
    notes,
    projects,
    questions,
    quotas,
    retention,
    speakers,
    task_sets,
    transcriptions,
    voiceprints,
)
from app.db.summaries import iso
from app.db.tables import Segment, SegmentVersion, Transcription
from app.db.transcriptions import Recording

PAGE = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of an export a transcription stands."""

    created_at: dt.datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Contents:
    """All that is kept of one transcription. `recording` is None where it never came, or is kept no more."""

    body: dict[str, Any]
    diarization: Diarization | None
    machine: list[dict[str, Any]]
    history: list[dict[str, Any]]
    enrichments: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    recording: Recording | None
    created_at: dt.datetime


def open_project(principal: Principal, project: UUID) -> dict[str, Any]:
    """Note that all of a project is taken away, and return what is kept of it beside its transcriptions.

    What voices sound like is not among it.
    """
    row: Any = projects.get_project(principal, project, Role.OWNER)
    audit.record(Action.PROJECT_EXPORTED, row.id, project=row.id)
    return {
        "id": str(row.id),
        "name": row.name,
        "created_at": iso(row.created_at),
        "recognise_speakers": row.recognise_speakers,
        "vocabulary": {"hotwords": row.hotwords, "initial_prompt": row.initial_prompt},
        "retention": retention.of_project(row).to_dict(),
        "quota": quotas.read(row.id).to_dict(),
        "task_sets": [shown for shown in task_sets.read_all(principal, row.id) if not shown["built_in"]],
        "legal_hold": legal_holds.read_of_project(principal, row.id).shown,
        "members": [{"username": member.user.username, "role": member.role} for member in projects.list_members(row)],
        "voiceprints": voiceprints.list_voiceprints(principal, row.id),
    }


def page(principal: Principal, project: UUID, until: dt.datetime, behind: Place | None) -> list[Place]:
    """Return the next places of a project's transcriptions, oldest first, up to those of the moment `until`."""
    projects.get_project(principal, project, Role.OWNER)
    query: Any = Transcription.select(Transcription.created_at, Transcription.id).where(
        Transcription.project == project, Transcription.created_at <= until
    )
    if behind is not None:
        query = query.where(Tuple(Transcription.created_at, Transcription.id) > Tuple(behind.created_at, behind.id))
    return [Place(*found) for found in query.order_by(Transcription.created_at, Transcription.id).limit(PAGE).tuples()]


def read_transcription(principal: Principal, transcription: UUID) -> Contents:
    """Return all that is kept of a transcription; `NotFound` where it is gone."""
    row = transcriptions.find(principal, transcription, Role.OWNER)
    body = transcriptions.read(principal, transcription)
    hold = legal_holds.read_of_transcription(principal, transcription).shown
    here = row.audio_path is not None and row.audio_removed_at is None
    return Contents(
        body=body | {"legal_holds": hold["holds"]},
        diarization=speakers.resolved_diarization(row),
        machine=_machine(row),
        history=_history(row),
        enrichments=enrichment_versions.of_transcription(row),
        notes=notes.read(principal, transcription),
        questions=questions.all_of_transcription(transcription),
        recording=Recording(row.name, row.audio_path, row.sha256, row.size_bytes, row.media) if here else None,
        created_at=row.created_at,
    )


def page_of_questions(
    principal: Principal, project: UUID, behind: Place | None
) -> tuple[list[dict[str, Any]], Place | None]:
    """Return the next questions that were asked over a project, oldest first, and where they end; None: there are no more."""
    projects.get_project(principal, project, Role.OWNER)
    found = questions.page_to_export(project, None if behind is None else (behind.created_at, behind.id), PAGE)
    return [questions.shown(row) for row in found], Place(found[-1].created_at, found[-1].id) if found else None


def _machine(row: Any) -> list[dict[str, Any]]:
    """Return the text as the machine made it, without people's corrections."""
    query: Any = Segment.without_search().where(Segment.transcription == row).order_by(Segment.position)
    return [
        {
            "position": segment.position,
            "start": segment.start_seconds,
            "end": segment.end_seconds,
            "speaker": segment.speaker,
            "text": segment.text,
            "words": segment.words,
        }
        for segment in query
    ]


def _history(row: Any) -> list[dict[str, Any]]:
    """Return every change that people made to the text, oldest first."""
    query = SegmentVersion.select().where(SegmentVersion.transcription == row).order_by(SegmentVersion.id)
    return [
        {
            "position": version.position,
            "kind": version.kind,
            "by": version.author_name,
            "at": iso(version.created_at),
            "before": version.before,
            "after": version.after,
        }
        for version in query
    ]
