"""What a worker is told with a job: its work order, in the words of `app.workers.orders`. Inside other units."""

from typing import Any

from app.core.enriching import PART_KINDS, parts_of
from app.core.identifiers import JobId
from app.core.jobs import JobKind
from app.core.lifecycle import Work
from app.core.options import TranscriptionOptions
from app.db import enrichment_parts, enrichment_versions, partial_text, speakers, task_sets, voiceprints
from app.db.tables import Chunk, Voices


def order(row: Any, present: Work, job: JobId, lease: str, lease_seconds: int) -> dict[str, Any]:
    """Return the order for a job that has just been claimed under this lease."""
    claimed = next(known for known in present.jobs if known.id == job)
    told = {
        "job_id": str(job),
        "kind": str(claimed.kind),
        "lease": lease,
        "lease_seconds": lease_seconds,
        "attempt": claimed.attempt,
        "transcription_id": str(row.id),
        "audio": row.audio_path,
        "request_id": row.request_id,
        "options": row.options,
        "language": row.language,
        "duration_seconds": row.duration_seconds,
    }
    if claimed.kind is JobKind.PLAN:
        return told | {
            "part": claimed.position,
            "start": claimed.start,
            "survey": row.survey if claimed.position else None,
        }
    if claimed.kind is JobKind.CHUNK:
        return told | {"chunk": _chunk_order(row, claimed.position)}
    if claimed.kind is JobKind.VOICES:
        stretch = Voices.get(Voices.transcription == row, Voices.position == claimed.position)
        return told | {"stretch": [stretch.start_seconds, stretch.end_seconds]}
    if claimed.kind is JobKind.DIARIZATION:
        found = Voices.select(Voices.start_seconds, Voices.end_seconds).where(Voices.transcription == row)
        stretches = [[stretch.start_seconds, stretch.end_seconds] for stretch in found.order_by(Voices.position)]
        return told | {"stretches": stretches, "voiceprints": voiceprints.wanted(row)}
    if claimed.kind in PART_KINDS or parts_of(present.jobs):
        return told | enrichment_parts.order(row, claimed)
    language = TranscriptionOptions.from_dict(row.options).text_language(row.language)
    options = row.options | enrichment_versions.wanted(row)
    return told | {
        "options": options,
        "task_set": task_sets.definition(row.project_id, options.get("task_set")),
        "language": language,
        "segments": speakers.told(row),
        # It may be too long for one job: then a plan is taken in place of answers.
        "spreads": True,
    }


def _chunk_order(row: Any, position: int) -> dict[str, Any]:
    chunk = Chunk.get(Chunk.transcription == row, Chunk.position == position)
    partial_text.begin_again(row, position)
    return {"start": chunk.start_seconds, "end": chunk.end_seconds, "speech": chunk.speech, "channel": chunk.channel}
