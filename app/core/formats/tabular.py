"""Tab-separated values (IANA text/tab-separated-values): a line a segment, below a line that names the columns."""

from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import one_line
from app.core.formats.presentation import Presentation

MEDIA_TYPE = "text/tab-separated-values"


def render(document: TranscriptDocument, shown: Presentation) -> str:
    """Return the columns `start` and `end` (seconds), `speaker` (the name, or the label) and `text`.

    The type knows no quotes and no escapes: a value holds no tab and no line break, and every other character is itself.
    """
    names = document.written_names()
    timed = shown.timestamps is not False
    columns = (["start", "end"] if timed else []) + (["speaker"] if shown.speakers else []) + ["text"]
    lines = ["\t".join(columns)]
    for segment in document.segments:
        times = [f"{max(0.0, time):.3f}" for time in (segment.start, segment.end)] if timed else []
        who = [names.get(segment.speaker or "", "")] if shown.speakers else []
        lines.append("\t".join([*times, *who, one_line(segment.text)]))
    return "\n".join(lines) + "\n"
