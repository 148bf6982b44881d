"""What an enrichment is asked for with, and the answers of before: none is lost when it is made anew."""

from collections.abc import Sequence
from typing import Any

from peewee import fn

from app.core import provenance
from app.core.answers import shown_answers
from app.core.personal_data import PersonalKind
from app.core.text_version import text_version
from app.db.summaries import iso
from app.db.tables import Enrichment, EnrichmentVersion, now

OPTIONS = ("llm_model", "prompts", "tasks", "task_set", "answer_language", "translation_language")
"""Those of a transcription's options that an enrichment goes by."""


def wanted(row: Any) -> dict[str, Any]:
    """Return the options that the present enrichment of a transcription goes by: those of the last time it was asked for."""
    own = Enrichment.select(Enrichment.options).where(Enrichment.transcription == row).scalar()
    return _over(row, own)


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
    newest = _newest(row)
    if newest is not None:
        Enrichment.update(answers=newest.answers, model=newest.model, provenance=newest.provenance).where(
            Enrichment.transcription == row
        ).execute()


def answers_of(row: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Return the present answers by task, whether the segments' `texts` are others than they were made of, and the options.

    Of answers that an earlier release made it is not known which text that was.
    """
    present: Any = Enrichment.get_or_none(Enrichment.transcription == row)
    if present is None:
        return {"answers": {}, "outdated": False, "options": _over(row, None)}
    made_of = present.provenance.get("text_version")
    return {
        "answers": shown_answers(present.answers),
        "outdated": made_of is not None and made_of != text_version(texts),
        "options": _over(row, present.options),
    }


def personal_phrases(row: Any) -> list[tuple[str, PersonalKind]] | None:
    """Return the names and addresses that the language model found; None where it did not look at all of the text.

    They are those of the newest finished answers: what is shown while others are being made comes without its phrases.
    """
    newest = _newest(row)
    if newest is None or shown_answers(newest.answers).get("personal_data") is None:
        return None
    if "personal_data" in (newest.provenance.get("failures") or {}):
        return None  # of a part nothing usable came: names may stand there that nobody has seen
    phrases = newest.provenance.get("personal_phrases") or []
    return [(phrase["text"], PersonalKind(phrase["kind"])) for phrase in phrases]


def of_transcription(row: Any) -> list[dict[str, Any]]:
    """Return every finished version, the newest first."""
    return [
        {
            "number": version.number,
            # What an older release kept lacks the options that were added since.
            "options": {name: version.options.get(name) for name in OPTIONS},
            "model": version.model,
            "title": version.answers.get("title"),
            "summary": version.answers.get("summary"),
            "points": version.answers.get("points"),
            "answers": shown_answers(version.answers),
            "failures": version.provenance.get("failures") or {},
            **provenance.cost(version.provenance),
            **provenance.origin(version.provenance),
            "by": version.asked_by,
            "created_at": iso(version.created_at),
        }
        for version in _of(row).order_by(EnrichmentVersion.number.desc())
    ]


def _over(row: Any, own: dict[str, Any] | None) -> dict[str, Any]:
    """Return a transcription's options that an enrichment goes by, those of the enrichment itself over them."""
    return {name: row.options.get(name) for name in OPTIONS} | (own or {})


def _newest(row: Any) -> Any:
    return _of(row).order_by(EnrichmentVersion.number.desc()).first()


def _of(row: Any) -> Any:
    return EnrichmentVersion.select().where(EnrichmentVersion.transcription == row)
