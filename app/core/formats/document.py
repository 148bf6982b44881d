"""What a transcript is to those who read it: the one value that every format is rendered from."""

import datetime as dt
from dataclasses import dataclass

from app.core.formats.lines import one_line
from app.core.transcript import Segment, SpeakerTurn


@dataclass(frozen=True, slots=True)
class DocumentSpeaker:
    """A voice of the recording: its label (`SPEAKER_00`), and the name that people gave it, if any."""

    label: str
    name: str | None = None

    @property
    def display_name(self) -> str:
        return (self.name or "").strip() or self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEnrichment:
    """What the language model said of the text; a task that was not done is None or empty."""

    title: str | None = None
    summary: str | None = None
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptDocument:
    """One finished transcript. Times are seconds from the start of the recording.

    `name` is the file name that the client gave, `created_at` when it was sent. `segments` are in order of time, and
    their `speaker` is a label, with people's corrections; `machine_speakers`, one a segment, is what the machine said.
    `turns` is the diarization, overlaps included; empty where it was not asked for, failed or is not kept.
    """

    name: str
    segments: tuple[Segment, ...]
    machine_speakers: tuple[str | None, ...] = ()
    language: str | None = None
    duration_seconds: float | None = None
    created_at: dt.datetime | None = None
    speakers: tuple[DocumentSpeaker, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    enrichment: DocumentEnrichment | None = None

    def display_names(self) -> dict[str, str]:
        """Return the name to show for each label that the document uses; an unnamed voice shows its label."""
        names = {segment.speaker: segment.speaker for segment in self.segments if segment.speaker}
        return names | {speaker.label: speaker.display_name for speaker in self.speakers}

    def written_names(self) -> dict[str, str]:
        """Return the display names as they are written into text: on one line, the label where nothing else is left."""
        return {label: one_line(name) or label for label, name in self.display_names().items()}
