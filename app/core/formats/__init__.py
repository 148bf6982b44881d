"""The formats that a finished transcript can be had in, by the name that stands in its address and its file's ending."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from app.core.errors import NotFound
from app.core.formats import markdown, plain, rttm, structured, subrip, tabular, webvtt, word
from app.core.formats.document import DocumentEnrichment, DocumentSpeaker, TranscriptDocument
from app.core.formats.presentation import AS_USUAL, Presentation

__all__ = [
    "FORMATS",
    "DocumentEnrichment",
    "DocumentSpeaker",
    "Presentation",
    "Rendering",
    "TranscriptDocument",
    "TranscriptFormat",
    "format_named",
    "render_transcript",
]

_READ = frozenset({"speakers", "timestamps", "language", "redact"})
_TABLE = _READ - {"language"}
_SUBTITLES = frozenset({"speakers", "language", "line_length", "lines", "reading_speed", "redact"})
_REDACTED = frozenset({"redact"})
_NONE = frozenset[str]()


class TranscriptFormat(NamedTuple):
    """`options` are the fields of `Presentation` that mean something to it. `text`: it is read as UTF-8."""

    media_type: str
    render: Callable[[TranscriptDocument, Presentation], str | bytes]
    options: frozenset[str]
    text: bool = True

    @property
    def content_type(self) -> str:
        """The media type as an answer's header has it."""
        return f"{self.media_type}; charset=utf-8" if self.text else self.media_type


class Rendering(NamedTuple):
    """A rendered transcript. `charset` is None where the content is not text."""

    media_type: str
    charset: str | None
    content: bytes


FORMATS: Mapping[str, TranscriptFormat] = MappingProxyType(
    {
        "txt": TranscriptFormat(plain.MEDIA_TYPE, plain.render, _READ),
        "srt": TranscriptFormat(subrip.MEDIA_TYPE, subrip.render, _SUBTITLES),
        "vtt": TranscriptFormat(webvtt.MEDIA_TYPE, webvtt.render, _SUBTITLES),
        "json": TranscriptFormat(structured.MEDIA_TYPE, structured.render, _REDACTED),
        "rttm": TranscriptFormat(rttm.MEDIA_TYPE, rttm.render, _NONE),
        "md": TranscriptFormat(markdown.MEDIA_TYPE, markdown.render, _READ),
        "tsv": TranscriptFormat(tabular.MEDIA_TYPE, tabular.render, _TABLE),
        "docx": TranscriptFormat(word.MEDIA_TYPE, word.render, _READ, text=False),
    }
)


def format_named(name: str) -> TranscriptFormat:
    """Return the format of this name. Raises `NotFound` where there is none."""
    chosen = FORMATS.get(name)
    if chosen is None:
        raise NotFound(f"There is no transcript format named {name!r}.", remedy=f"Ask for one of {', '.join(FORMATS)}.")
    return chosen


def render_transcript(document: TranscriptDocument, format_name: str, shown: Presentation = AS_USUAL) -> Rendering:
    """Render the document: seconds of CPU time for the subtitles of ten hours. Raises `NotFound` for another format."""
    chosen = format_named(format_name)
    made = chosen.render(document, shown)
    if isinstance(made, str):
        return Rendering(chosen.media_type, "utf-8", made.encode())
    return Rendering(chosen.media_type, None, made)
