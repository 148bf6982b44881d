"""What a key is shown of recordings that may change them and not read them: nothing of what was said."""

from typing import Any

from app.api.answers.transcriptions import EnrichmentOutcome, TranscriptionSummary
from app.core.access import Principal, Scope

_WRITTEN_OF_THE_TEXT = ("title", "summary", "points")


def may_read(principal: Principal) -> bool:
    """Tell whether this is no key that was narrowed to other things than reading."""
    return principal.scopes is None or Scope.TRANSCRIPTIONS_READ in principal.scopes


def seen(principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
    """Return a transcription as it is shown to whoever changed it: whole, or a `TranscriptionSummary` without its texts."""
    if may_read(principal):
        return body
    summary = {name: body[name] for name in TranscriptionSummary.model_fields}
    enrichment = summary["enrichment"]
    if enrichment is not None:
        of_it = {name: enrichment[name] for name in EnrichmentOutcome.model_fields}
        summary["enrichment"] = of_it | dict.fromkeys(_WRITTEN_OF_THE_TEXT)
    return summary
