"""What a formatted document holds, before it takes the form of Markdown or of Word."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import clock_time, one_line
from app.core.formats.paragraphs import paragraphs
from app.core.formats.presentation import Presentation, wording_of
from app.core.formats.wording import Wording


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph of the transcript, and what stands above it: a name, a time (`HH:MM:SS`), both or, empty, neither."""

    name: str
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of the document in their order; what is empty is left out. Every text is on one line.

    `facts` are labels with their values. `title`, `summary` and `points` are the language model's.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    title: str
    summary: str
    points: tuple[str, ...]
    passages: tuple[Passage, ...]
    words: Wording


def outline(document: TranscriptDocument, shown: Presentation) -> Outline:
    """Return what the document holds. Names and times stand above each turn; without names, times above each paragraph."""
    words = wording_of(document, shown)
    enrichment = document.enrichment
    return Outline(
        name=one_line(document.name),
        facts=tuple(_facts(document, shown, words)),
        title=one_line((enrichment and enrichment.title) or ""),
        summary=one_line((enrichment and enrichment.summary) or ""),
        points=tuple(one_line(point) for point in enrichment.points if one_line(point)) if enrichment else (),
        passages=tuple(_passages(document, shown, words)),
        words=words,
    )


def _facts(document: TranscriptDocument, shown: Presentation, words: Wording) -> Iterator[tuple[str, str]]:
    if document.created_at is not None:
        yield words.date, words.written_date(document.created_at)
    if document.duration_seconds is not None:
        yield words.length, clock_time(document.duration_seconds)
    if document.bounds is not None:
        yield words.part, " – ".join(map(clock_time, document.bounds))
    names = dict.fromkeys(name for _, name in sorted(document.called(words).items()))
    if shown.speakers and names:
        yield words.speakers, ", ".join(names)


def _passages(document: TranscriptDocument, shown: Presentation, words: Wording) -> Iterator[Passage]:
    named = shown.speakers and bool(document.display_names())
    for paragraph in paragraphs(document, words):
        headed = paragraph.new_speaker or not named
        time = clock_time(paragraph.start) if headed and shown.timestamps is not False else ""
        yield Passage(paragraph.name.strip() if headed and named else "", time, paragraph.text)
