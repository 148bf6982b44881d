"""The transcript as a JSON file, with all that the formats can show."""

from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer, Seconds
from app.api.answers.transcriptions import Word


class FileSpeaker(Answer):
    label: str
    name: Annotated[str, Field(description="The label, where nobody gave a name.")]
    seconds: Annotated[float, Field(ge=0)]


class FileEnrichment(Answer):
    title: str | None
    summary: str | None
    points: list[str]


class FileSegment(Answer):
    position: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    speaker: str | None
    machine_speaker: str | None
    text: str
    words: list[Word]
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float


class Turn(Answer):
    start: Seconds
    end: Seconds
    speaker: str


class TranscriptFile(Answer):
    name: str
    language: str | None
    duration_seconds: float | None
    speakers: list[FileSpeaker]
    enrichment: FileEnrichment | None
    segments: list[FileSegment]
    turns: Annotated[list[Turn], Field(description="Who spoke when, overlaps included.")]
