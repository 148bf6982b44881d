"""What a transcript is to those who read it: the one value that every format is rendered from."""

import datetime as dt
from dataclasses import dataclass

from app.core.formats.lines import one_line
from app.core.formats.wording import Wording
from app.core.transcript import Segment, SpeakerTurn


@dataclass(frozen=True, slots=True)
class DocumentSpeaker:
    """A voice of the recording: its label (`SPEAKER_00`), and the name that people gave it, if any.

    `number` is what it is called by where there is no name (`app.core.speakers.numbered`); without one, the label is.
    """

    label: str
    name: str | None = None
    number: int | None = None

    @property
    def display_name(self) -> str:
        return (self.name or "").strip() or self.label

    def called(self, words: Wording) -> str:
        """Return what people read: the name on one line, else `Speaker 2` in their language."""
        unnamed = self.label if self.number is None else f"{words.speaker} {self.number}"
        return one_line(self.name or "").strip() or unnamed


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
    `turns` is the diarization, overlaps included; empty where it was not asked for, failed or is not kept. Of a part of a
    recording, `bounds` are where it begins and ends, and `first_position` is which of the recording's segments is its first.
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
    bounds: tuple[float, float] | None = None
    first_position: int = 0

    def display_names(self) -> dict[str, str]:
        """Return, for programs, the name for each label that the document uses; an unnamed voice shows its label."""
        return self._labels() | {speaker.label: speaker.display_name for speaker in self.speakers}

    def written_names(self) -> dict[str, str]:
        """Return the display names as they are written into tables: on one line, the label where nothing else is left."""
        return {label: one_line(name) or label for label, name in self.display_names().items()}

    def called(self, words: Wording) -> dict[str, str]:
        """Return what people read for each label that the document uses, in their words."""
        return self._labels() | {speaker.label: speaker.called(words) for speaker in self.speakers}

    def _labels(self) -> dict[str, str]:
        return {segment.speaker: segment.speaker for segment in self.segments if segment.speaker}
