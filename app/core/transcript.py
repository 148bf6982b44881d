"""What was said, when, and by whom. All times are seconds from the start of the recording."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """Who spoke when: `turns` may overlap; in `exclusive_turns` one person at most speaks at any time.

    `embeddings` holds one vector a speaker, by label, of what their voice sounds like: biometric data, there only where
    the project asked for it, and in no `repr`. `embedding_model` names the diarization model that made them.
    """

    turns: tuple[SpeakerTurn, ...]
    exclusive_turns: tuple[SpeakerTurn, ...]
    embeddings: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False)
    embedding_model: str | None = None

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "turns": [turn.to_dict() for turn in self.turns],
            "exclusive_turns": [turn.to_dict() for turn in self.exclusive_turns],
        }
        if self.embeddings:
            values["embeddings"] = {label: list(vector) for label, vector in self.embeddings.items()}
            values["embedding_model"] = self.embedding_model
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            turns=tuple(SpeakerTurn.from_dict(turn) for turn in values["turns"]),
            exclusive_turns=tuple(SpeakerTurn.from_dict(turn) for turn in values["exclusive_turns"]),
            embeddings={
                str(label): tuple(float(number) for number in vector)
                for label, vector in (values.get("embeddings") or {}).items()
            },
            embedding_model=values.get("embedding_model"),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `start` < `end`."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start

    def to_list(self) -> list[float]:
        return [round(self.start, 3), round(self.end, 3)]

    @classmethod
    def from_list(cls, values: Sequence[float]) -> Self:
        start, end = values
        return cls(float(start), float(end))


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """One piece of a recording to decode alone: its bounds and the speech in it (absolute times).

    `speech` is None where voice activity detection was not asked for: all of the piece is decoded. `channel` is the one
    channel that is heard, counted from 0, where each party has a channel of its own; None: all channels mixed.
    """

    start: float
    end: float
    speech: tuple[Span, ...] | None
    channel: int | None = None

    def to_dict(self) -> dict[str, Any]:
        speech = None if self.speech is None else [span.to_list() for span in self.speech]
        return {"start": round(self.start, 3), "end": round(self.end, 3), "speech": speech, "channel": self.channel}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        speech = values.get("speech")
        return cls(
            start=float(values["start"]),
            end=float(values["end"]),
            speech=None if speech is None else tuple(Span.from_list(span) for span in speech),
            channel=None if values.get("channel") is None else int(values["channel"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What holds for a whole recording, found out from places spread over it before the work begins.

    `language` is None where nobody was heard there. `by_channel`: each party has a channel of its own. `memories`, from
    part to part others, is what listening goes on from behind the part, of each channel; none behind the last one.
    """

    language: str | None = None
    language_probability: float = 0.0
    by_channel: bool = False
    memories: tuple[bytes, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "language_probability": round(self.language_probability, 4),
            "by_channel": self.by_channel,
            "memories": [base64.b64encode(memory).decode() for memory in self.memories],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            language=values.get("language"),
            language_probability=float(values.get("language_probability", 0.0)),
            by_channel=bool(values.get("by_channel", False)),
            memories=tuple(base64.b64decode(memory, validate=True) for memory in values.get("memories", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """How the stretch of a recording from `start` to `end` is to be worked. A long recording is planned part by part.

    `end` lies where nobody speaks; the next part begins there. `last` says that the recording ends at `end`, which is
    then its measured length. `chunks` are to be written down, in order of time; `stretches`, without overlaps, are
    those in which voices are to be told apart (none where channels tell them apart: then `turns` says who spoke when).
    `duration` is the length of the whole recording as far as it is known: stated, or measured in the last part.
    Silence is in neither. `survey` is the same in all parts of a recording, but for its `memories`. `peaks` is how loud
    the part is, see `app.core.waveform`; a worker of an earlier release reports none.
    """

    start: float
    end: float
    last: bool
    chunks: tuple[ChunkPlan, ...] = ()
    stretches: tuple[Span, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    duration: float | None = None
    survey: Survey = Survey()
    peaks: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "last": self.last,
            "chunks": [chunk.to_dict() for chunk in self.chunks],
            "stretches": [stretch.to_list() for stretch in self.stretches],
            "turns": [turn.to_dict() for turn in self.turns],
            "duration": None if self.duration is None else round(self.duration, 3),
            "survey": self.survey.to_dict(),
            "peaks": base64.b64encode(self.peaks).decode(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            start=float(values["start"]),
            end=float(values["end"]),
            last=bool(values["last"]),
            chunks=tuple(ChunkPlan.from_dict(chunk) for chunk in values["chunks"]),
            stretches=tuple(Span.from_list(stretch) for stretch in values["stretches"]),
            turns=tuple(SpeakerTurn.from_dict(turn) for turn in values.get("turns", ())),
            duration=None if values.get("duration") is None else float(values["duration"]),
            survey=Survey.from_dict(values["survey"]),
            peaks=base64.b64decode(values.get("peaks", ""), validate=True),
        )


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the decoder wrote and nobody said: its times, its text, and the guard that took it out."""

    start: float
    end: float
    text: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"start": round(self.start, 3), "end": round(self.end, 3), "text": self.text, "reason": self.reason}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(float(values["start"]), float(values["end"]), str(values["text"]), str(values["reason"]))


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What was said in a chunk, in order, and what was taken out."""

    segments: tuple[Segment, ...]
    dropped: tuple[Dropped, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "segments": [segment.to_dict() for segment in self.segments],
            "dropped": [dropped.to_dict() for dropped in self.dropped],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            segments=tuple(Segment.from_dict(segment) for segment in values["segments"]),
            dropped=tuple(Dropped.from_dict(dropped) for dropped in values.get("dropped", ())),
        )
