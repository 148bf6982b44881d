"""RTTM, "Rich Transcription Time Marked" (NIST, RT-09 evaluation plan, appendix A): who spoke when, one turn a line."""

import re
from pathlib import PurePosixPath

from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import one_line
from app.core.formats.presentation import Presentation
from app.core.transcript import SpeakerTurn

MEDIA_TYPE = "text/plain"

_EXTENSION = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{2,5}$")


def render(document: TranscriptDocument, _shown: Presentation) -> str:
    """Return one `SPEAKER` line a turn, by labels, not names: they have no spaces, and renaming does not move them.

    Without a diarization of its own, the document's segments are the turns. Where nobody is told apart there are none.
    """
    file_id = _field(_EXTENSION.sub("", PurePosixPath(document.name.replace("\\", "/")).name)) or "recording"
    turns = document.turns or [
        SpeakerTurn(segment.start, segment.end, segment.speaker) for segment in document.segments if segment.speaker
    ]
    lines = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        start_ms, end_ms = round(max(0.0, turn.start) * 1000), round(turn.end * 1000)
        if end_ms > start_ms:
            times = f"{start_ms / 1000:.3f} {(end_ms - start_ms) / 1000:.3f}"
            lines.append(f"SPEAKER {file_id} 1 {times} <NA> <NA> {_field(turn.speaker) or '<NA>'} <NA> <NA>\n")
    return "".join(lines)


def _field(text: str) -> str:
    """Return the text as one column: columns are told apart by white space."""
    return "_".join(one_line(text).split())
