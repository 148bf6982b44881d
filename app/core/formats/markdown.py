"""Markdown (CommonMark 0.31): a document to read, to put into a wiki, or to convert."""

import re
from collections.abc import Iterator

from app.core.formats.document import TranscriptDocument
from app.core.formats.outline import Outline, outline
from app.core.formats.presentation import Presentation

MEDIA_TYPE = "text/markdown"

# What would be markup wherever it stands. An underscore inside a word, as in SPEAKER_00, is none.
_MARKUP = re.compile(r"[\\`*\[\]<>#~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
# What would begin a list, or a rule, at the start of a line.
_BEGINNING = re.compile(r"^(\d{1,9})([.)])(?=\s|$)|^([-+=])")


def render(document: TranscriptDocument, shown: Presentation) -> str:
    """Return the document, a blank line between its blocks. What was said is text: none of it can become markup."""
    return "\n\n".join(_blocks(outline(document, shown))) + "\n"


def _blocks(content: Outline) -> Iterator[str]:
    words = content.words
    yield f"# {_text(content.name)}".rstrip()
    if content.facts:
        yield _list(f"**{label}{words.colon}** {_text(value)}" for label, value in content.facts)
    if content.title or content.summary or content.points:
        yield f"## {_text(content.title) or words.summary}"
    if content.summary:
        yield _text(content.summary)
    if content.points:
        yield f"### {words.points}"
        yield _list(_text(point) for point in content.points)
    if content.passages:
        yield f"## {words.transcript}"
    for passage in content.passages:
        if passage.name or passage.time:
            yield f"**{_text(passage.name)}** {passage.time}".rstrip() if passage.name else passage.time
        yield _text(passage.text)


def _list(items: Iterator[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _text(text: str) -> str:
    """Return the text so that a reader of Markdown shows it as it is."""
    escaped = _MARKUP.sub(r"\\\g<0>", text)
    return _BEGINNING.sub(lambda found: rf"{found[1]}\{found[2]}" if found[1] else rf"\{found[3]}", escaped)
