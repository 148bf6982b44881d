"""Recognising speakers over the recordings of one project: biometric data, only where an owner switched it on.

Vectors leave by no function here but into the database, and stand in no message and no log line.

Locks are taken in one order, or two transactions could wait for each other: the recording, the project, its speakers,
its voiceprints. Whoever writes a vector holds the project's row, so that none is written while recognition is being
switched off.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, InvalidFields, NotFound
from app.core.identifiers import ProjectId
from app.core.recognition import KnownVoice, recognise, unit
from app.core.transcript import Diarization
from app.db import audit, speakers
from app.db.summaries import iso
from app.db.tables import Project, Speaker, Transcription, Voiceprint

_DECIMALS = 7


def wanted(row: Any) -> bool:
    """Tell whether the voices of this recording are to be kept and compared."""
    return bool(Project.select(Project.recognise_speakers).where(Project.id == row.project_id).scalar())


def store(row: Any, diarization: Diarization) -> Diarization:
    """Keep what the speakers of the locked row sound like, name those who are recognised; return the rest.

    Nothing is kept where recognition is off. A name that a person gave is never changed.
    """
    voices = {label: vector for label, given in diarization.embeddings.items() if (vector := unit(given)) is not None}
    rest = replace(diarization, embeddings={}, embedding_model=None)
    if not voices or not _project(row.project_id, "FOR SHARE").recognise_speakers:
        return rest
    known = {
        speaker.label: speaker
        for speaker in Speaker.select(Speaker.label, Speaker.name, Speaker.recognised_as).where(
            Speaker.transcription == row
        )
    }
    by_person = {
        label: speaker.name for label, speaker in known.items() if speaker.name and not speaker.recognised_as_id
    }
    unnamed = {label: vector for label, vector in voices.items() if label not in by_person}
    voiceprints = [voice for voice in _known_voices(row) if voice.name not in by_person.values()]
    found = recognise(unnamed, voiceprints, model=diarization.embedding_model)
    for label, vector in voices.items():
        values: dict[str, Any] = {
            "embedding": [round(number, _DECIMALS) for number in vector],
            "embedding_model": diarization.embedding_model,
        }
        if label in unnamed:
            recognised = found.get(label)
            values |= {
                "name": recognised and recognised.name,
                "recognised_as": recognised and recognised.voiceprint,
                "similarity": recognised and round(recognised.similarity, 4),
            }
        Speaker.insert(transcription=row, label=label, **values).on_conflict(
            conflict_target=[Speaker.transcription, Speaker.label], update=values
        ).execute()
    return rest


def enrol(
    principal: Principal,
    project: UUID,
    *,
    transcription: UUID,
    name: str,
    speaker: str | None = None,
    segment: int | None = None,
) -> dict[str, Any]:
    """Keep a speaker's voice under a name, to recognise it in later recordings.

    The speaker is given by label, or by a segment of theirs. Raises `Conflict` where recognition is off, or this
    recording's voices are not known.
    """
    principal.require(ProjectId(project), Role.EDITOR)
    if not _project(project, "FOR NO KEY UPDATE").recognise_speakers:
        raise Conflict(
            "Speakers are not recognised in this project.",
            remedy='An owner can switch that on: PATCH /api/projects/{id} with {"recognise_speakers": true}.',
        )
    row = (
        Transcription.without_turns().where(Transcription.id == transcription, Transcription.project == project).first()
    )
    if row is None:
        raise NotFound("There is no such recording in this project.", field="transcription_id")
    label = _speaker(row, speaker, segment)
    columns = (Speaker.embedding, Speaker.embedding_model)
    found = Speaker.select(*columns).where(Speaker.transcription == row, Speaker.label == label).first()
    if found is None or found.embedding is None:
        raise Conflict(
            f"It is not known what {label!r} sounds like: voices are kept of recordings whose speakers were told apart"
            " by their voices while recognition was on, and of no speaker that people made.",
            remedy="Send the recording again, now that recognition is on, and enrol the speaker from that.",
        )
    enrolled = Voiceprint.create(
        project=project,
        name=name,
        embedding=found.embedding,
        embedding_model=found.embedding_model,
        enrolled_from=row,
        enrolled_speaker=label,
        created_by=principal.user,
    )
    audit.record(Action.VOICEPRINT_ENROLLED, enrolled.id, project=project, transcription=str(transcription))
    return _shown(enrolled)


def list_voiceprints(principal: Principal, project: UUID) -> list[dict[str, Any]]:
    """Return the voiceprints of a project, oldest first, without what they sound like."""
    principal.require(ProjectId(project), Role.VIEWER)
    _project(project)
    query: Any = Voiceprint.without_vector().where(Voiceprint.project == project)
    return [_shown(found) for found in query.order_by(Voiceprint.created_at, Voiceprint.id)]


def delete(principal: Principal, project: UUID, voiceprint: UUID) -> None:
    """Forget a voice. The names that it proposed stay, as if people had given them."""
    principal.require(ProjectId(project), Role.EDITOR)
    _project(project, "FOR NO KEY UPDATE")
    Speaker.update(recognised_as=None, similarity=None).where(Speaker.recognised_as == voiceprint).execute()
    if not Voiceprint.delete().where(Voiceprint.id == voiceprint, Voiceprint.project == project).execute():
        raise NotFound("There is no such voiceprint in this project.")
    audit.record(Action.VOICEPRINT_DELETED, voiceprint, project=project)


def switch(project: Any, *, on: bool) -> None:
    """Begin or end recognising speakers. The end deletes every voice of the project, in the same transaction."""
    _project(project.id, "FOR NO KEY UPDATE")
    project.recognise_speakers = on
    project.save(only=[Project.recognise_speakers])
    if on:
        return
    recordings = Transcription.select(Transcription.id).where(Transcription.project == project)
    Speaker.update(embedding=None, embedding_model=None, recognised_as=None, similarity=None).where(
        Speaker.transcription.in_(recordings), Speaker.embedding.is_null(False) | Speaker.recognised_as.is_null(False)
    ).execute()
    Voiceprint.delete().where(Voiceprint.project == project).execute()


def _project(project: UUID, lock: str | None = None) -> Any:
    query: Any = Project.select().where(Project.id == project)
    found = (query.for_update(lock) if lock else query).first()
    if found is None:
        raise NotFound
    return found


def _known_voices(row: Any) -> list[KnownVoice]:
    columns = (Voiceprint.id, Voiceprint.name, Voiceprint.embedding, Voiceprint.embedding_model)
    query: Any = Voiceprint.select(*columns).where(Voiceprint.project == row.project_id)
    return [KnownVoice(*values) for values in query.tuples()]


def _speaker(row: Any, label: str | None, segment: int | None) -> str:
    """Return who is meant, with every correction; `InvalidFields` where there is nobody."""
    cast = speakers.cast_of(row)
    if segment is not None:
        found = cast.speaker_of(segment) if segment in cast.machine else None
        if found is None:
            message = "There is no such segment, or nobody could be told to speak it."
            raise InvalidFields([{"field": "segment", "message": message}])
        return found
    if label is None or label not in cast.voices:
        raise InvalidFields([{"field": "speaker", "message": f"There is no speaker {label!r} in this recording."}])
    return cast.resolve(label)


def _shown(voiceprint: Any) -> dict[str, Any]:
    recording = voiceprint.enrolled_from_id
    return {
        "id": str(voiceprint.id),
        "name": voiceprint.name,
        "model": voiceprint.embedding_model,
        "enrolled_from": {
            "transcription_id": str(recording) if recording else None,
            "speaker": voiceprint.enrolled_speaker,
        },
        "created_by": voiceprint.created_by and voiceprint.created_by.username,
        "created_at": iso(voiceprint.created_at),
    }
