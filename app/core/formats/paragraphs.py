"""A transcript as people read it: paragraphs, each of one speaker."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import one_line
from app.core.formats.wording import Wording
from app.core.languages import separator
from app.core.transcript import Segment

# A pause of this length, or this much text, begins a new paragraph of the same speaker at the next end of a segment.
PARAGRAPH_PAUSE_SECONDS = 2.0
PARAGRAPH_CHARACTERS = 900


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What one speaker says from `start` (seconds) on, on one line.

    `name` is who that is, empty where nobody can tell; `new_speaker`, whether somebody else spoke before, or nobody.
    """

    start: float
    name: str
    new_speaker: bool
    text: str


def paragraphs(document: TranscriptDocument, words: Wording) -> Iterator[Paragraph]:
    """Yield the paragraphs in order; a new one begins with every change of speaker, and at pauses."""
    names = document.called(words)
    between = separator(document.language)
    texts: list[str] = []
    first: Segment | None = None
    last: Segment | None = None
    new_speaker = True
    for segment in document.segments:
        text = one_line(segment.text)
        if not text:
            continue
        changed = last is None or segment.speaker != last.speaker
        if first is None:
            first = segment
        elif last is not None and (changed or _paragraph_ends(last, segment, sum(map(len, texts)))):
            yield Paragraph(first.start, names.get(first.speaker or "", ""), new_speaker, between.join(texts))
            first, texts, new_speaker = segment, [], changed
        texts.append(text)
        last = segment
    if first is not None:
        yield Paragraph(first.start, names.get(first.speaker or "", ""), new_speaker, between.join(texts))


def _paragraph_ends(before: Segment, after: Segment, characters: int) -> bool:
    long_enough = characters >= PARAGRAPH_CHARACTERS and before.text.rstrip().endswith((".", "?", "!", "…", "。"))
    return long_enough or after.start - before.end >= PARAGRAPH_PAUSE_SECONDS
