"""What was said, when, and by whom. All times are seconds from the start of the recording."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is written, leading space included, with its probability in [0, 1]."""

    start: float
    end: float
    text: str
    probability: float
    speaker: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "probability": round(self.probability, 4),
            "speaker": self.speaker,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            start=float(values["start"]),
            end=float(values["end"]),
            text=str(values["text"]),
            probability=float(values["probability"]),
            speaker=values.get("speaker"),
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one speaker (or of an unknown one) with its text, stripped.

    `words` is empty where word timestamps were not asked for. `average_log_probability`, `no_speech_probability` and
    `compression_ratio` are the decoder's own measures (Radford et al. 2022, section 4.5).
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    average_log_probability: float = 0.0
    no_speech_probability: float = 0.0
    compression_ratio: float = 0.0

    def shifted(self, seconds: float) -> Self:
        """Return the segment moved by `seconds`, words included."""
        words = tuple(replace(w, start=w.start + seconds, end=w.end + seconds) for w in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "speaker": self.speaker,
            "words": [word.to_dict() for word in self.words],
            "average_log_probability": round(self.average_log_probability, 4),
            "no_speech_probability": round(self.no_speech_probability, 4),
            "compression_ratio": round(self.compression_ratio, 4),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            start=float(values["start"]),
            end=float(values["end"]),
            text=str(values["text"]),
            words=tuple(Word.from_dict(word) for word in values.get("words", ())),
            speaker=values.get("speaker"),
            average_log_probability=float(values.get("average_log_probability", 0.0)),
            no_speech_probability=float(values.get("no_speech_probability", 0.0)),
            compression_ratio=float(values.get("compression_ratio", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One speaker's uninterrupted stretch, by the machine's label (`SPEAKER_00`, …)."""

    start: float
    end: float
    speaker: str

    def to_dict(self) -> dict[str, Any]:
        return {"start": round(self.start, 3), "end": round(self.end, 3), "speaker": self.speaker}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(start=float(values["start"]), end=float(values["end"]), speaker=str(values["speaker"]))


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who spoke when: `turns` may overlap; in `exclusive_turns` one person at most speaks at any time."""

    turns: tuple[SpeakerTurn, ...]
    exclusive_turns: tuple[SpeakerTurn, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "turns": [turn.to_dict() for turn in self.turns],
            "exclusive_turns": [turn.to_dict() for turn in self.exclusive_turns],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            turns=tuple(SpeakerTurn.from_dict(turn) for turn in values["turns"]),
            exclusive_turns=tuple(SpeakerTurn.from_dict(turn) for turn in values["exclusive_turns"]),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `start` < `end`."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """One piece of a recording to decode alone: its bounds and the speech in it (absolute times).

    `speech` is None where voice activity detection was not asked for: all of the piece is decoded.
    """

    start: float
    end: float
    speech: tuple[Span, ...] | None

    def to_dict(self) -> dict[str, Any]:
        speech = None if self.speech is None else [[round(s.start, 3), round(s.end, 3)] for s in self.speech]
        return {"start": round(self.start, 3), "end": round(self.end, 3), "speech": speech}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        speech = values.get("speech")
        spans = None if speech is None else tuple(Span(float(start), float(end)) for start, end in speech)
        return cls(start=float(values["start"]), end=float(values["end"]), speech=spans)


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """How a recording is to be worked: its measured length, its language, its chunks in order of time.

    A recording in which nobody speaks has no chunks, and no language unless one was asked for. `faint` says that there
    may be speech all the same, too faint to be written down: whoever tells speakers apart should have a look.
    """

    duration_seconds: float
    language: str | None
    language_probability: float
    chunks: tuple[ChunkPlan, ...]
    faint: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "duration_seconds": round(self.duration_seconds, 3),
            "language": self.language,
            "language_probability": round(self.language_probability, 4),
            "chunks": [chunk.to_dict() for chunk in self.chunks],
            "faint": self.faint,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            duration_seconds=float(values["duration_seconds"]),
            language=values["language"],
            language_probability=float(values["language_probability"]),
            chunks=tuple(ChunkPlan.from_dict(chunk) for chunk in values["chunks"]),
            faint=bool(values.get("faint", False)),
        )
