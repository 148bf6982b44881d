"""What an enrichment is asked for with, and the answers of before: none is lost when it is made anew."""

from typing import Any

from peewee import fn

from app.db.keeping_models import EnrichmentVersion
from app.db.models import Enrichment, now
from app.db.summaries import iso

OPTIONS = ("llm_model", "prompts")
"""Those of a transcription's options that an enrichment goes by."""


def wanted(row: Any) -> dict[str, Any]:
    """Return the options that the present enrichment of a transcription goes by: those of the last time it was asked for."""
    own = Enrichment.select(Enrichment.options).where(Enrichment.transcription == row).scalar()
    return {name: row.options.get(name) for name in OPTIONS} | (own or {})


def keep(row: Any) -> None:
    """Keep the answers of the present enrichment, which has just been finished, as the newest version."""
    present: Any = Enrichment.get(Enrichment.transcription == row)
    newest = EnrichmentVersion.select(fn.MAX(EnrichmentVersion.number)).where(EnrichmentVersion.transcription == row)
    EnrichmentVersion.create(
        transcription=row,
        number=(newest.scalar() or 0) + 1,
        options=wanted(row),
        model=present.model,
        answers=present.answers,
        provenance=present.provenance,
        asked_by=present.asked_by,
        created_at=now(),
    )


def fall_back(row: Any) -> None:
    """Show the newest finished answers again, where a later enrichment came to nothing."""
    newest: Any = _of(row).order_by(EnrichmentVersion.number.desc()).first()
    if newest is not None:
        Enrichment.update(answers=newest.answers, model=newest.model, provenance=newest.provenance).where(
            Enrichment.transcription == row
        ).execute()


def of_transcription(row: Any) -> list[dict[str, Any]]:
    """Return every finished version, the newest first."""
    return [
        {
            "number": version.number,
            "options": version.options,
            "model": version.model,
            "title": version.answers.get("title"),
            "summary": version.answers.get("summary"),
            "points": version.answers.get("points"),
            "failures": version.provenance.get("failures") or {},
            "by": version.asked_by,
            "created_at": iso(version.created_at),
        }
        for version in _of(row).order_by(EnrichmentVersion.number.desc())
    ]


def _of(row: Any) -> Any:
    return EnrichmentVersion.select().where(EnrichmentVersion.transcription == row)
