"""How a reader wants a transcript shown: the options of the formats."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le

from app.core.formats.document import TranscriptDocument
from app.core.formats.wording import Wording, wording

LEAST_LINE_LENGTH, MOST_LINE_LENGTH = 16, 100
MOST_LINES = 4
LEAST_READING_SPEED, MOST_READING_SPEED = 5, 60

LineLength = Annotated[int, Ge(LEAST_LINE_LENGTH), Le(MOST_LINE_LENGTH)]
Lines = Annotated[int, Ge(1), Le(MOST_LINES)]
ReadingSpeed = Annotated[int, Ge(LEAST_READING_SPEED), Le(MOST_READING_SPEED)]


class WordingLanguage(StrEnum):
    """Which languages the fixed words of documents are in."""

    ENGLISH = "en"
    FRENCH = "fr"


class Redaction(StrEnum):
    """What is not to be in a document."""

    PERSONAL_DATA = "personal_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What is shown, and how subtitles are laid out. Each format says which of these mean something to it.

    `timestamps` None leaves it to the format. `line_length` counts columns, of which the wide characters of East Asian
    scripts take two; `lines` is of one cue; `reading_speed` is in columns a second, and a cue stays on the screen for
    as long as it takes to read at that speed, wherever the next one leaves the room. `language` is that of the
    words that were not said, as in "Speaker 1"; None: as the recording. What is to be redacted is so before
    any format is asked (`app.core.redaction`), and so is what stands outside `start_seconds` and `end_seconds` left out
    (`app.core.excerpt`).

    The defaults are those of the Netflix Timed Text Style Guide (general requirements: two lines of 42 characters;
    English template: 17 characters a second for adults); the BBC Subtitle Guidelines, 160 to 180 words a minute, come
    to about the same.
    """

    speakers: bool = True
    timestamps: bool | None = None
    line_length: LineLength = 42
    lines: Lines = 2
    reading_speed: ReadingSpeed = 17
    language: WordingLanguage | None = None
    redact: Redaction | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None

    @property
    def is_of_a_part(self) -> bool:
        return self.start_seconds > 0 or self.end_seconds is not None


AS_USUAL = Presentation()


def wording_of(document: TranscriptDocument, shown: Presentation) -> Wording:
    """Return the fixed words of this document, in the language that was asked for, else in the recording's."""
    return wording(shown.language or document.language)
