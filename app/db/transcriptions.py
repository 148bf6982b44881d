"""What clients do with transcriptions, one transaction a function."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from peewee import SQL, IntegrityError

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.enriching import ENRICHMENT_KINDS
from app.core.errors import Conflict, NotFound, VocalyxError
from app.core.identifiers import ProjectId, TranscriptionId
from app.core.jobs import JobState
from app.core.lifecycle import Work
from app.core.merge import channel_speaker
from app.core.options import TranscriptionOptions
from app.core.personal_data import PersonalKind
from app.core.states import READABLE_STATES, STOPPED_STATES, TranscriptionState
from app.core.transcript import Diarization
from app.core.transcript import Segment as DecodedSegment
from app.core.waveform import Waveform
from app.db import (
    audit,
    enrichment_parts,
    enrichment_versions,
    events,
    jobs,
    quotas,
    sent,
    speakers,
    transcripts,
    unheld,
    waveforms,
    wordings,
    work,
)
from app.db.events import EventKind
from app.db.summaries import summarize
from app.db.tables import Chunk, Download, Segment, Transcription, Upload, now
from app.db.work import Outcome, Step

_ONE_OF_A_KEY = "transcriptions_idempotency"


@dataclass(frozen=True, slots=True)
class NewTranscription:
    """An upload that is complete on the uploads volume. `audio_path` is relative to it.

    Where it is not `reusable`, no other request is ever answered with it. `request_id` goes into log lines about it.
    """

    id: TranscriptionId
    project: UUID
    created_by: UUID | None
    idempotency_key: str | None
    name: str
    audio_path: str
    sha256: str
    size_bytes: int
    media: Mapping[str, Any]
    options: TranscriptionOptions
    reusable: bool = True
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The file of a transcription. `audio_path` is relative to the uploads volume; `media`: see `MediaInfo`."""

    name: str
    audio_path: str
    sha256: str
    size_bytes: int
    media: Mapping[str, Any]


class IdempotencyKeyUsed(Conflict):
    code = "idempotency-key-used"
    title = "The idempotency key was used before"
    default_detail = "This idempotency key was used for another request."
    default_remedy = "Use a new key for a new recording or other options; the same request again needs no change."


class RecordingRemoved(VocalyxError):
    status = 410
    code = "recording-removed"
    title = "The recording has been removed"
    default_detail = "The recording was removed when its project had kept it for as long as it keeps recordings."
    default_remedy = "The transcript is still here; send the recording again where its sound is needed."


def create(new: NewTranscription) -> tuple[dict[str, Any], Outcome]:
    """Add a transcription and queue its plan. Raises as `row_of` does."""
    row = row_of(
        id=new.id,
        project=new.project,
        created_by=new.created_by,
        idempotency_key=new.idempotency_key,
        request_id=new.request_id,
        name=new.name,
        audio_path=new.audio_path,
        sha256=new.sha256,
        size_bytes=new.size_bytes,
        media=dict(new.media),
        options=new.options.to_dict(),
        reusable=new.reusable,
        language=new.options.language,
        duration_seconds=new.media.get("duration_seconds"),
    )
    audit.record(Action.TRANSCRIPTION_CREATED, new.id, project=new.project)
    return _shown_and_announced(work.advance(row, Work.submit))


def row_of(**values: Any) -> Any:
    """Return the row of a new transcription, whose sender may have been removed meanwhile.

    Raises `IdempotencyKeyUsed`, or `NotFound` where the project was deleted meanwhile.
    """
    try:
        return sent.insert(Transcription, **values)
    except IntegrityError as error:
        if sent.constraint_of(error) == _ONE_OF_A_KEY:
            raise IdempotencyKeyUsed from error
        raise


def of_idempotency_key(project: UUID, key: str) -> dict[str, Any] | None:
    """Return the transcription that an earlier request with this key made, if there was one."""
    row = (
        Transcription.without_turns()
        .where(Transcription.project == project, Transcription.idempotency_key == key)
        .first()
    )
    return shown(row, work.load(row)) if row else None


def of_content(project: UUID, sha256: str, options: TranscriptionOptions) -> dict[str, Any] | None:
    """Return the newest transcription of this content with these options that did not come to nothing, if there is one."""
    not_in_vain = Transcription.state.not_in([TranscriptionState.ERROR, TranscriptionState.CANCELLED])
    rows = of_same_content(project, sha256).where(not_in_vain)
    # Not compared as JSON: an option that a newer release added is not in older rows, and has its default there.
    row = next((row for row in rows if TranscriptionOptions.from_dict(row.options) == options), None)
    return shown(row, work.load(row)) if row else None


def of_same_content(project: UUID, sha256: str) -> Any:
    """Return the query for the transcriptions of this content that may answer for another one, the newest first."""
    return (
        Transcription.without_turns()
        .where(
            Transcription.project == project,
            Transcription.sha256 == sha256,
            Transcription.reusable,
            # Whoever sends a recording wants it to be here.
            Transcription.audio_removed_at.is_null(),
        )
        .order_by(Transcription.created_at.desc(), Transcription.id.desc())
    )


def read(principal: Principal, transcription: UUID) -> dict[str, Any]:
    """Return a transcription with its text, as far as there is one."""
    row = find(principal, transcription, Role.VIEWER)
    return shown(row, work.load(row))


def read_decoded(principal: Principal, transcription: UUID) -> list[DecodedSegment]:
    """Return what was decoded, in order of time, with the decoder's measures: before speakers and corrections."""
    row = find(principal, transcription, Role.VIEWER)
    found = [segment for segments in transcripts.decoded_by_channel(row).values() for segment in segments]
    return sorted(found, key=lambda segment: segment.start)


def read_diarization(principal: Principal, transcription: UUID) -> Diarization | None:
    """Return who spoke when, with people's corrections, where that was found out."""
    row = find(principal, transcription, Role.VIEWER)
    return speakers.resolved_diarization(row)


def read_personal_phrases(principal: Principal, transcription: UUID) -> list[tuple[str, PersonalKind]] | None:
    """Return the names and addresses to be taken out of a document; None where nobody looked for personal data."""
    return enrichment_versions.personal_phrases(find(principal, transcription, Role.VIEWER))


def read_jobs(principal: Principal, transcription: UUID) -> list[dict[str, Any]]:
    """Return the jobs that a transcription is made of, as they were begun."""
    return jobs.of_transcription(find(principal, transcription, Role.VIEWER))


def read_recording(principal: Principal, transcription: UUID, *, audited: bool = False) -> Recording:
    """Return where the recording lies and what it is.

    Raises `NotFound` where it has not come yet, `RecordingRemoved` where it is kept no more. With `audited` the audit
    log tells who has got it.
    """
    row = find(principal, transcription, Role.VIEWER)
    _require_recording(row)
    if row.audio_path is None:
        raise NotFound(
            "The recording is yet to be fetched, or could not be.",
            remedy="Read the transcription: its state and error say how far that is.",
        )
    if audited:
        audit.record(Action.TRANSCRIPTION_EXPORTED, row.id, project=row.project_id, format="audio")
    return Recording(row.name, row.audio_path, row.sha256, row.size_bytes, row.media)


def read_waveform(principal: Principal, transcription: UUID) -> tuple[Waveform, float | None]:
    """Return how loud the recording is, as far as it was listened to, and its length in seconds where that is known.

    Raises `Conflict` where nothing of it was listened to yet, `NotFound` where its waveform is not kept,
    `RecordingRemoved` where its recording is not, either.
    """
    row = find(principal, transcription, Role.VIEWER)
    _require_recording(row)
    waveform = waveforms.of_transcription(row)
    if waveform is not None:
        return waveform, row.duration_seconds
    if row.survey is None:
        raise Conflict(
            "Nothing of the recording has been listened to yet.",
            remedy="Ask again once the transcription is 'processing' and its first text is there.",
        )
    raise NotFound(
        "The waveform of this recording is not kept: it was worked on by an earlier release.",
        remedy="Draw the recording without it, or send it again.",
    )


def cancel(principal: Principal, transcription: UUID) -> tuple[dict[str, Any], Outcome]:
    """Stop what is not finished; what is finished is kept."""
    row = find(principal, transcription, Role.EDITOR)
    step = work.advance(work.lock(transcription), Work.cancel)
    if step.changed:
        audit.record(Action.TRANSCRIPTION_CANCELLED, transcription, project=row.project_id)
        enrichment_versions.fall_back(step.row)
    return _shown_and_announced(step)


def retry(principal: Principal, transcription: UUID) -> tuple[dict[str, Any], Outcome]:
    """Queue again what failed or was cancelled, with every option of the first try; what never came is fetched again.

    The text is put together anew where more than the enrichment is: `RecordingRemoved` where its sound is kept no more,
    `LegalHoldInForce` where the text must stay as it is. What failed is not counted: `QuotaExceeded` where others have used
    up the project's hours meanwhile.
    """
    row, refusal = unheld.lock_to_judge(find(principal, transcription, Role.EDITOR))
    if _retries_the_text(work.load(row)):
        if refusal is not None:
            raise refusal
        _require_recording(row)
    if row.state == TranscriptionState.ERROR and row.audio_path is not None:
        # Behind the lock of the row, as for what is fetched: all take the two in this order.
        quotas.check_hours_and_hold(row.project_id, row.id, row.duration_seconds)
    step = work.advance(row, lambda present: enrichment_parts.without_parts_of_another_text(row, present).retry())
    audit.record(Action.TRANSCRIPTION_RETRIED, transcription, project=row.project_id)
    step.row.retried_at = now()
    step.row.save(only=[Transcription.retried_at])
    if step.after.state is TranscriptionState.PENDING:
        again = {Download.attempt: 0, Download.due_at: now(), Download.lease: None, Download.lease_expires_at: None}
        Download.update(again).where(Download.transcription == transcription).execute()
    return _shown_and_announced(step)


def require_editor(principal: Principal, transcription: UUID) -> None:
    """Raise `NotFound` or `NotPermitted` unless the principal may change this transcription."""
    find(principal, transcription, Role.EDITOR)


def delete(principal: Principal, transcription: UUID) -> Outcome:
    """Remove a transcription and all that hangs on it, but for its file, which is the caller's to remove.

    Raises `LegalHoldInForce` where it has to stay.
    """
    row = unheld.lock(find(principal, transcription, Role.EDITOR))
    withdrawn = work.unfinished(work.load(row))
    forget(row)
    return replace(tell_deleted(row), withdrawn=withdrawn)


def forget(row: Any, **details: Any) -> None:
    """Remove the rows of a locked transcription, what the log of events says of it, and under which name it was sent.

    The audit log tells of it once, with these details.
    """
    Upload.delete().where(Upload.transcription == row).execute()
    row.delete_instance()
    audit.record(Action.TRANSCRIPTION_DELETED, row.id, project=row.project_id, **details)
    events.forget(row.id)


def tell_deleted(row: Any, **more: str) -> Outcome:
    """Tell the listeners that a transcription is gone; last in its transaction."""
    data = {"transcription_id": str(row.id), **more}
    return Outcome(row.id, events.append(EventKind.DELETED, data, project=row.project_id, transcription=row.id))


def known(transcriptions: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that have a row."""
    rows = Transcription.select(Transcription.id).where(Transcription.id.in_(list(transcriptions)))
    return {row.id for row in rows}


def with_recording(transcriptions: Collection[UUID]) -> set[UUID]:
    """Return those of the ids whose recording is to be on the uploads volume."""
    rows = Transcription.select(Transcription.id).where(
        Transcription.id.in_(list(transcriptions)), Transcription.audio_removed_at.is_null()
    )
    return {row.id for row in rows}


def shown(row: Any, present: Work) -> dict[str, Any]:
    """Return a transcription as clients see it, with its text."""
    # Once, or a text that is put together meanwhile would have segments that its cast does not know.
    stored = list(Segment.without_search().where(Segment.transcription == row).order_by(Segment.position))
    cast = speakers.cast_in(row, stored)
    merged = [wordings.shown(segment, cast) for segment in stored]
    finished = bool(merged) or present.state in STOPPED_STATES or present.state is TranscriptionState.TRANSCRIBED
    # While a failed part is tried again, the text that was finished before stays finished.
    segments = merged or ([] if present.state is TranscriptionState.DONE else _partial_segments(row))
    summary = summarize(row, present)
    if summary["enrichment"] is not None:
        summary["enrichment"] |= enrichment_versions.answers_of(row, [segment["text"] for segment in segments])
    return summary | {
        "partial": not finished,
        # Those of an unfinished text are not known yet, even where their voices are stored.
        "speakers": speakers.shown(row, cast) if merged or present.state in READABLE_STATES else [],
        "segments": segments,
        "dropped": _dropped(row),
    }


def find(principal: Principal, transcription: UUID, needed: Role) -> Any:
    """Return a transcription's row; `NotFound` or `NotPermitted` where this is not the principal's to do."""
    row = Transcription.without_turns().where(Transcription.id == transcription).first()
    if row is None:
        raise NotFound
    principal.require(ProjectId(row.project_id), needed)
    return row


def _require_recording(row: Any) -> None:
    if row.audio_removed_at is not None:
        raise RecordingRemoved


def _retries_the_text(present: Work) -> bool:
    """Tell whether a retry would listen to the recording again, and put the text together anew."""
    if present.state not in STOPPED_STATES:
        return False
    missing = [job.kind for job in present.jobs if job.state in (JobState.FAILED, JobState.CANCELLED)]
    return any(kind not in ENRICHMENT_KINDS for kind in missing)


def _shown_and_announced(step: Step) -> tuple[dict[str, Any], Outcome]:
    # In this order: all writers of events wait for one who has announced.
    body = shown(step.row, step.after)
    return body, work.announce(step)


def _dropped(row: Any) -> list[dict[str, Any]]:
    """What the decoder wrote and a guard took out, with the reason."""
    chunks = (
        Chunk.select(Chunk.dropped).where(Chunk.transcription == row, SQL("dropped <> '[]'")).order_by(Chunk.position)
    )
    return [dropped for chunk in chunks for dropped in chunk.dropped]


def _partial_segments(row: Any) -> list[dict[str, Any]]:
    """What has been decoded so far, in order of time, before words and speakers are merged."""
    found = [
        (segment.to_dict(), None if channel is None else channel_speaker(channel))
        for channel, segments in transcripts.decoded_by_channel(row).items()
        for segment in segments
    ]
    found.sort(key=lambda segment: segment[0]["start"])
    return [
        wordings.shown_segment(
            position,
            start=segment["start"],
            end=segment["end"],
            text=segment["text"],
            words=segment["words"],
            machine_text=segment["text"],
            speaker=speaker,
            machine_speaker=speaker,
            etag=None,
        )
        for position, (segment, speaker) in enumerate(found)
    ]
