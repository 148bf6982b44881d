"""Plain text for people to read: title, summary and points, then who said what, in paragraphs.

No word of any language is added, so that a French transcript reads as French; a name stands on a line of its own, since
French and English disagree about the space before a colon.
"""

from collections.abc import Iterator

from app.core.formats.document import DocumentEnrichment, TranscriptDocument
from app.core.formats.lines import clock_time, one_line
from app.core.transcript import Segment

MEDIA_TYPE = "text/plain"

# A pause of this length, or this much text, begins a new paragraph of the same speaker at the next end of a segment.
PARAGRAPH_PAUSE_SECONDS = 2.0
PARAGRAPH_CHARACTERS = 900

# Written without spaces between words: segments are joined as they are.
_UNSPACED_LANGUAGES = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})


def render(document: TranscriptDocument) -> str:
    """Return the text, a blank line between paragraphs, `[HH:MM:SS] Name` above each change of speaker."""
    blocks = list(_enrichment_blocks(document.enrichment)) if document.enrichment else []
    if blocks:
        blocks.append("———")
    blocks.extend(_paragraphs(document))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _enrichment_blocks(enrichment: DocumentEnrichment) -> Iterator[str]:
    yield from (one_line(text) for text in (enrichment.title, enrichment.summary) if text and one_line(text))
    if points := [one_line(point) for point in enrichment.points if one_line(point)]:
        yield "\n".join(f"• {point}" for point in points)


def _paragraphs(document: TranscriptDocument) -> Iterator[str]:
    names = document.display_names()
    separator = "" if document.language in _UNSPACED_LANGUAGES else " "
    heading, texts, last = "", list[str](), None
    for segment in document.segments:
        text = one_line(segment.text)
        if not text:
            continue
        changed = last is None or segment.speaker != last.speaker
        if last is not None and (changed or _paragraph_ends(last, segment, sum(map(len, texts)))):
            yield heading + separator.join(texts)
            heading, texts = "", []
        if changed and names:
            heading = f"[{clock_time(segment.start)}] {one_line(names.get(segment.speaker or '', ''))}".rstrip() + "\n"
        texts.append(text)
        last = segment
    if texts:
        yield heading + separator.join(texts)


def _paragraph_ends(before: Segment, after: Segment, characters: int) -> bool:
    long_enough = characters >= PARAGRAPH_CHARACTERS and before.text.rstrip().endswith((".", "?", "!", "…", "。"))
    return long_enough or after.start - before.end >= PARAGRAPH_PAUSE_SECONDS
