"""WebVTT (W3C, https://www.w3.org/TR/webvtt1/): subtitles for the web, each cue in its speaker's voice span."""

from html import escape

from app.core.formats.cues import subtitle_cues
from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import timecode
from app.core.formats.presentation import Presentation

MEDIA_TYPE = "text/vtt"


def render(document: TranscriptDocument, shown: Presentation) -> str:
    """Return the subtitles. `&`, `<` and `>` are escaped in words and names, so that neither can be taken for syntax."""
    blocks = ["WEBVTT\n"]
    for cue in subtitle_cues(document, shown, announce_speakers=False):
        times = " --> ".join(timecode(time, decimal_mark=".") for time in (cue.start_ms, cue.end_ms))
        text = escape("\n".join(cue.lines), quote=False)
        voiced = f"<v {escape(cue.speaker, quote=False)}>{text}</v>" if cue.speaker and shown.speakers else text
        blocks.append(f"{times}\n{voiced}\n")
    return "\n".join(blocks)
