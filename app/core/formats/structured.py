"""JSON: everything that the document holds, for programs."""

import json
from itertools import zip_longest
from typing import Any

from app.core.formats.document import DocumentEnrichment, TranscriptDocument
from app.core.formats.presentation import Presentation

MEDIA_TYPE = "application/json"


def render(document: TranscriptDocument, _shown: Presentation) -> str:
    """Return one JSON object. Times are seconds; `speaker` is a label, explained under `speakers`."""
    seconds = dict.fromkeys(document.display_names(), 0.0)
    for part in document.turns or document.segments:
        if part.speaker:
            seconds[part.speaker] = seconds.get(part.speaker, 0.0) + part.end - part.start
    names = document.display_names()
    content = {
        "name": document.name,
        "language": document.language,
        "duration_seconds": document.duration_seconds,
        "speakers": [
            {"label": label, "name": names.get(label, label), "seconds": round(spoken, 3)}
            for label, spoken in sorted(seconds.items())
        ],
        "enrichment": _enrichment(document.enrichment),
        "segments": [
            {"position": document.first_position + n, "machine_speaker": machine, **segment.to_dict()}
            for n, (segment, machine) in enumerate(zip_longest(document.segments, document.machine_speakers))
        ],
        "turns": [turn.to_dict() for turn in document.turns],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n"


def _enrichment(enrichment: DocumentEnrichment | None) -> dict[str, Any] | None:
    if enrichment is None:
        return None
    return {"title": enrichment.title, "summary": enrichment.summary, "points": list(enrichment.points)}
