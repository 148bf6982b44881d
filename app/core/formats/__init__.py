"""The formats that a finished transcript can be had in, by the name that stands in its address and its file's ending."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from app.core.errors import NotFound
from app.core.formats import plain, rttm, structured, subrip, webvtt
from app.core.formats.document import DocumentEnrichment, DocumentSpeaker, TranscriptDocument

__all__ = ["FORMATS", "DocumentEnrichment", "DocumentSpeaker", "Rendering", "TranscriptDocument", "render_transcript"]


class TranscriptFormat(NamedTuple):
    """`media_type` has no charset: every format is UTF-8."""

    media_type: str
    render: Callable[[TranscriptDocument], str]


class Rendering(NamedTuple):
    """A rendered transcript: its `media_type` and its text, to be sent as UTF-8."""

    media_type: str
    text: str


FORMATS: Mapping[str, TranscriptFormat] = MappingProxyType(
    {
        "txt": TranscriptFormat(plain.MEDIA_TYPE, plain.render),
        "srt": TranscriptFormat(subrip.MEDIA_TYPE, subrip.render),
        "vtt": TranscriptFormat(webvtt.MEDIA_TYPE, webvtt.render),
        "json": TranscriptFormat(structured.MEDIA_TYPE, structured.render),
        "rttm": TranscriptFormat(rttm.MEDIA_TYPE, rttm.render),
    }
)


def render_transcript(document: TranscriptDocument, format_name: str) -> Rendering:
    """Render the document: seconds of CPU time for the subtitles of ten hours. Raises `NotFound` for another format."""
    chosen = FORMATS.get(format_name)
    if chosen is None:
        raise NotFound(
            f"There is no transcript format named {format_name!r}.", remedy=f"Ask for one of {', '.join(FORMATS)}."
        )
    return Rendering(chosen.media_type, chosen.render(document))
