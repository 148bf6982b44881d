"""Plain text for people to read: title, summary and points, then who said what, in paragraphs.

But for what somebody without a name is called, no word of any language is added; a name stands on a line of its own, since
French and English disagree about the space before a colon.
"""

from collections.abc import Iterator

from app.core.formats.document import DocumentEnrichment, TranscriptDocument
from app.core.formats.lines import clock_time, one_line
from app.core.formats.paragraphs import Paragraph, paragraphs
from app.core.formats.presentation import Presentation, wording_of

MEDIA_TYPE = "text/plain"


def render(document: TranscriptDocument, shown: Presentation) -> str:
    """Return the text, a blank line between paragraphs, `[HH:MM:SS] Name` above each change of speaker.

    Where no speakers are shown there are no times either, unless they are asked for: then above each paragraph.
    """
    blocks = list(_enrichment_blocks(document.enrichment)) if document.enrichment else []
    if blocks:
        blocks.append("———")
    named = shown.speakers and bool(document.display_names())
    blocks.extend(
        _heading(each, shown, named=named) + each.text for each in paragraphs(document, wording_of(document, shown))
    )
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _enrichment_blocks(enrichment: DocumentEnrichment) -> Iterator[str]:
    yield from (one_line(text) for text in (enrichment.title, enrichment.summary) if text and one_line(text))
    if points := [one_line(point) for point in enrichment.points if one_line(point)]:
        yield "\n".join(f"• {point}" for point in points)


def _heading(paragraph: Paragraph, shown: Presentation, *, named: bool) -> str:
    time = f"[{clock_time(paragraph.start)}]"
    if not named:
        return f"{time}\n" if shown.timestamps else ""
    if not paragraph.new_speaker:
        return ""
    heading = paragraph.name if shown.timestamps is False else f"{time} {paragraph.name}".rstrip()
    return f"{heading}\n" if heading else ""
