"""How a transcription is shown in lists and in events: everything but its text."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import SQL

from app.core import progress
from app.core.jobs import JobKind
from app.core.lifecycle import Work
from app.core.options import Channels
from app.db.tables import Enrichment, Job


def summarize(row: Any, work: Work) -> dict[str, Any]:
    """Return the JSON-ready summary of one transcription."""
    return summarize_all([(row, work)])[0]


def summarize_all(rows: Sequence[tuple[Any, Work]]) -> list[dict[str, Any]]:
    """Return the summaries of many transcriptions, in their order, with two queries for all of them."""
    ids = [row.id for row, _ in rows]
    enrichments = {found.transcription_id: found for found in _told_of_enrichments(ids)}
    failed = Job.select(Job.transcription, Job.error).where(
        Job.transcription.in_(ids), Job.kind.in_([JobKind.VOICES, JobKind.DIARIZATION]), Job.error.is_null(False)
    )
    diarization_errors = {job.transcription_id: job.error for job in failed}
    return [_summary(row, work, enrichments.get(row.id), diarization_errors.get(row.id)) for row, work in rows]


def _told_of_enrichments(ids: Sequence[Any]) -> Any:
    """Select what summaries tell of enrichments: a whole text that was translated would weigh down every list and event."""
    return Enrichment.select(
        Enrichment.transcription,
        Enrichment.model,
        Enrichment.error,
        SQL("answers - 'answers'").alias("texts"),
        SQL("coalesce(provenance -> 'failures', '{}')").alias("failures"),
    ).where(Enrichment.transcription.in_(ids))


def entity_tag(row: Any) -> str:
    """Return the tag of what people say about a transcription (name, labels), quotes included."""
    return f'"{row.revision}"'


def _summary(row: Any, work: Work, enrichment: Any, diarization_error: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "project_id": str(row.project_id),
        "name": row.name,
        "labels": row.labels,
        "etag": entity_tag(row),
        "state": str(work.state),
        "stage": progress.stage(work),
        "percent": round(progress.percent(work), 1),
        "language": row.language,
        "language_probability": row.language_probability,
        "duration_seconds": row.duration_seconds,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "media": row.media or None,
        "options": row.options,
        "error": row.error,
        "channels": _channels(row),
        "diarization": {"state": str(progress.diarization_state(work)), "error": diarization_error},
        "enrichment": _enrichment(enrichment, work),
        "audio_removed_at": iso(row.audio_removed_at),
        "legal_hold": row.legal_hold,
        "created_at": iso(row.created_at),
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
    }


def _channels(row: Any) -> str | None:
    """Say how the channels were heard, once that is decided."""
    if row.survey is None:
        return None
    return str(Channels.SEPARATE if row.survey["by_channel"] else Channels.MIXED)


def _enrichment(enrichment: Any, work: Work) -> dict[str, Any] | None:
    if not work.enrichment:
        return None
    answers = enrichment.texts if enrichment else {}
    return {
        "state": str(progress.enrichment_state(work)),
        "percent": round(progress.enrichment_percent(work), 1),
        "title": answers.get("title"),
        "summary": answers.get("summary"),
        "points": answers.get("points"),
        "model": enrichment.model if enrichment else None,
        "error": enrichment.error if enrichment else None,
        # Tasks that came to nothing while others succeeded, with the reason.
        "failures": enrichment.failures if enrichment else {},
    }


def iso(moment: dt.datetime | None) -> str | None:
    """Return a moment as RFC 3339 text in UTC, to the millisecond."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds") if moment else None
