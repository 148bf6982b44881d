"""What a search in the text finds."""

from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer, Seconds
from app.api.answers.transcriptions import TranscriptionSummary


class SnippetPiece(Answer):
    """A piece of text, and no HTML. Joined, the pieces are the text around what was found."""

    text: str
    hit: Annotated[bool, Field(description="Whether this is what was looked for.")]


class FoundSegment(Answer):
    position: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    speaker: Annotated[str | None, Field(description="A label, with people's corrections.")]
    speaker_number: Annotated[int | None, Field(description="What the speaker is called by where there is no name.")]
    speaker_name: str | None
    snippet: list[SnippetPiece]


class Finding(Answer):
    transcription: TranscriptionSummary
    score: Annotated[float, Field(description="The higher, the better.")]
    hits: Annotated[int, Field(ge=1, description="In how many segments it was found.")]
    segments: Annotated[list[FoundSegment], Field(description="The best five, in order of time.")]


class Findings(Answer):
    items: list[Finding]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` for the next page; `null`: no more.")]
    limited: Annotated[
        bool, Field(description="Whether only a part of all was ranked together; what is older comes on later pages.")
    ]
