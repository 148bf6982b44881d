"""A Word document (Office Open XML, ECMA-376), written with python-docx."""

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

from app.core.formats.document import TranscriptDocument
from app.core.formats.outline import Outline, outline
from app.core.formats.presentation import Presentation

if TYPE_CHECKING:
    from docx.document import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# The two characters of its first plane that XML cannot hold and that are no control characters.
_NOT_IN_XML = re.compile("[\ufffe\uffff]")
# What Word calls the languages that it has several of; for others it understands the bare code.
_REGIONS = {"fr": "fr-FR", "en": "en-GB"}
_GREY = "666666"
_TITLE_CHARACTERS = 255  # of a core property: ECMA-376 part 2 bounds them so for no reader to fail


def render(document: TranscriptDocument, shown: Presentation) -> bytes:
    """Return the file: the recording's name, date, length and speakers, what the model made of it, and every turn.

    Takes about a second of CPU time and 30 MB for ten hours of talk.
    """
    # Here, not above: lxml costs whoever only asks what formats there are a tenth of a second.
    import docx

    content = outline(document, shown)
    made = docx.Document()
    _describe(made, document, content)
    _speak(made, document.language)
    speaker, time = _styles(made)
    _begin(made, content)
    for passage in content.passages:
        if passage.name or passage.time:
            heading = made.add_paragraph()
            _apply(heading.paragraph_format, speaker)
            if passage.name:
                heading.add_run(_text(passage.name))
            if passage.time:
                _apply(heading.add_run(f"  {passage.time}" if passage.name else passage.time).font, time)
        made.add_paragraph(_text(passage.text))
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _begin(made: "Document", content: Outline) -> None:
    """Write all that stands above the transcript, and its heading."""
    words = content.words
    made.add_heading(_text(content.name), level=0)
    for label, value in content.facts:
        fact = made.add_paragraph()
        fact.add_run(f"{label}{words.colon} ").bold = True
        fact.add_run(_text(value))
    if content.title or content.summary or content.points:
        made.add_heading(_text(content.title) or words.summary, level=1)
    if content.summary:
        made.add_paragraph(_text(content.summary))
    if content.points:
        made.add_heading(words.points, level=2)
    for point in content.points:
        made.add_paragraph(_text(point), style="List Bullet")
    if content.passages:
        made.add_heading(words.transcript, level=1)


def _describe(made: "Document", document: TranscriptDocument, content: Outline) -> None:
    """Fill in the file's own properties, in place of those of the template."""
    properties = made.core_properties
    properties.title = _text(content.title or content.name)[:_TITLE_CHARACTERS]
    properties.author = "Vocalyx"
    properties.comments = ""
    properties.language = document.language or ""
    moment = document.created_at or dt.datetime.now(dt.UTC)
    properties.created = properties.modified = moment.astimezone(dt.UTC).replace(tzinfo=None)


def _speak(made: "Document", language: str | None) -> None:
    """Say in which language the text is, for it not to be underlined as misspelled."""
    from docx.oxml.ns import qn

    for tag in made.styles.element.iter(qn("w:lang")):
        if language is not None:
            tag.set(qn("w:val"), _REGIONS.get(language, language))


def _styles(made: "Document") -> tuple[str, str]:
    """Add the styles of a speaker and of a time, for whoever edits the file to change all at once; return their ids."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    speaker: Any = made.styles.add_style("Speaker", WD_STYLE_TYPE.PARAGRAPH)
    speaker.base_style = speaker.next_paragraph_style = made.styles["Normal"]
    speaker.font.bold = True
    speaker.paragraph_format.space_before = Pt(10)
    speaker.paragraph_format.space_after = Pt(2)
    speaker.paragraph_format.keep_with_next = True
    time: Any = made.styles.add_style("Time", WD_STYLE_TYPE.CHARACTER)
    time.font.bold = False
    time.font.size = Pt(9)
    time.font.color.rgb = RGBColor.from_string(_GREY)
    return speaker.style_id, time.style_id


def _apply(formatted: Any, style_id: str) -> None:
    # By its id: the library would look every style of the template through, twice a paragraph, four fifths of its time.
    formatted.element.style = style_id


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
