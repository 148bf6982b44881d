"""A transcript without personal data: each place of it says what stood there instead."""

from collections.abc import Sequence
from dataclasses import replace

from app.core.formats.document import DocumentEnrichment, DocumentSpeaker, TranscriptDocument
from app.core.personal_data import PersonalKind, Span, hidden, placeholder
from app.core.personal_search import KnownPhrases, found, found_in_each
from app.core.transcript import Segment, Word

Phrases = Sequence[tuple[str, PersonalKind]]


def redacted(document: TranscriptDocument, phrases: Phrases) -> TranscriptDocument:
    """Return the document with its personal data replaced by their kinds, in the document's language.

    Patterns are looked for in the text as it stands now, corrections included; `phrases` are the names and addresses that
    the language model found. Names that people gave to the speakers are taken out.
    """
    language = document.language
    given = [(speaker.name or "").strip() for speaker in document.speakers]
    names = [(name, PersonalKind.NAME) for name in given if name]
    every = KnownPhrases([*phrases, *names])

    def text(original: str) -> str:
        return hidden(original, found(original, every), language)

    enrichment = document.enrichment
    spans = found_in_each([segment.text for segment in document.segments], every)
    return replace(
        document,
        name=text(document.name),
        segments=tuple(
            _segment(segment, places, language) for segment, places in zip(document.segments, spans, strict=True)
        ),
        speakers=tuple(DocumentSpeaker(speaker.label, number=speaker.number) for speaker in document.speakers),
        enrichment=enrichment
        and DocumentEnrichment(
            title=enrichment.title and text(enrichment.title),
            summary=enrichment.summary and text(enrichment.summary),
            points=tuple(text(point) for point in enrichment.points),
        ),
    )


def _segment(segment: Segment, spans: Sequence[Span], language: str | None) -> Segment:
    if not spans:
        return segment
    words = _words(segment, spans, language)
    return replace(segment, text=hidden(segment.text, spans, language), words=words)


def _words(segment: Segment, spans: Sequence[Span], language: str | None) -> tuple[Word, ...]:
    """Return the words with those of each span made one, which says its kind; none where words and text differ."""
    kept: list[Word] = []
    at = 0
    hidden_last: Span | None = None
    for word in segment.words:
        written = word.text.strip()
        start = segment.text.find(written, at)
        if start < 0:
            return ()
        at = start + len(written)
        span = next((span for span in spans if start < span.end and span.start < at), None)
        if span is None:
            kept.append(word)
        elif span is hidden_last:
            kept[-1] = replace(kept[-1], end=word.end)
        else:
            kept.append(replace(word, text=f" {_around(written, start, span, language)}", probability=1.0))
        hidden_last = span
    return tuple(kept)


def _around(written: str, start: int, span: Span, language: str | None) -> str:
    """Return the placeholder with what stands before the span in its first word: a bracket, or an article."""
    return written[: max(0, span.start - start)] + placeholder(span.kind, language)
