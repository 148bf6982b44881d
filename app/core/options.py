"""What a client may ask of one transcription.

One definition serves everyone: HTTP validation and OpenAPI read the constraints off the annotations, the database
stores `to_dict()`, workers rebuild the value with `from_dict()`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, Self

from annotated_types import Ge, Le, MaxLen

from app.core.errors import InvalidOptions
from app.core.languages import LANGUAGES

MAX_SPEAKERS = 32
MAX_INITIAL_PROMPT_CHARACTERS = 2_000
MAX_HOTWORDS_CHARACTERS = 1_000
MAX_TASK_PROMPT_CHARACTERS = 4_000
MAX_MODEL_NAME_CHARACTERS = 100
MAX_SEPARATE_CHANNELS = 8
"""More than the tracks of any common recorder; each costs a decode."""

SpeakerCount = Annotated[int, Ge(1), Le(MAX_SPEAKERS)]
ModelName = Annotated[str, MaxLen(MAX_MODEL_NAME_CHARACTERS)]
TaskPrompt = Annotated[str, MaxLen(MAX_TASK_PROMPT_CHARACTERS)]


class EnrichmentTask(StrEnum):
    """What the language model is asked for, one constrained answer each."""

    TITLE = "title"
    SUMMARY = "summary"
    POINTS = "points"


class Priority(StrEnum):
    """Whose work is begun first: within a project always, between projects as far as their shares allow."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Channels(StrEnum):
    """How the channels of a recording are heard: each as one party, all mixed, or as their sound suggests."""

    AUTO = "auto"
    MIXED = "mixed"
    SEPARATE = "separate"


class Task(StrEnum):
    """What is written down: what was said, as it was said, or in English."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionOptions:
    """The options of one transcription; every one of them reaches an engine.

    `language` is an ISO 639-1 code, or None to detect it. `model` and `llm_model` name installed models, or None for
    the site's default. `prompts` replaces the instruction of an enrichment task by the client's own.

    Raises `InvalidOptions` where two options contradict each other.
    """

    language: str | None = None
    model: ModelName | None = None
    vad: bool = True
    diarization: bool = True
    num_speakers: SpeakerCount | None = None
    min_speakers: SpeakerCount | None = None
    max_speakers: SpeakerCount | None = None
    initial_prompt: Annotated[str, MaxLen(MAX_INITIAL_PROMPT_CHARACTERS)] | None = None
    hotwords: Annotated[str, MaxLen(MAX_HOTWORDS_CHARACTERS)] | None = None
    word_timestamps: bool = True
    enrichment: bool = True
    llm_model: ModelName | None = None
    prompts: Mapping[EnrichmentTask, TaskPrompt] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL
    channels: Channels = Channels.AUTO
    task: Task = Task.TRANSCRIBE

    def __post_init__(self) -> None:
        if self.language is not None and self.language not in LANGUAGES:
            raise InvalidOptions(
                field="language",
                detail=f"The language {self.language!r} is not one that the speech models know.",
                remedy="Send an ISO 639-1 code such as 'fr' or 'en', or leave the language out to have it detected.",
            )
        if self.channels is Channels.SEPARATE and not self.diarization:
            raise InvalidOptions(
                field="channels",
                detail="Channels are to be separate, which tells speakers apart, and diarization is switched off.",
                remedy="Leave diarization on, or send channels=mixed.",
            )
        bounds = (self.min_speakers, self.max_speakers)
        if self.num_speakers is not None and bounds != (None, None):
            raise InvalidOptions(
                field="num_speakers",
                detail="num_speakers was sent together with min_speakers or max_speakers.",
                remedy="Send num_speakers where the number is known, or the bounds where it is not.",
            )
        if self.min_speakers is not None and self.max_speakers is not None and self.min_speakers > self.max_speakers:
            raise InvalidOptions(
                field="min_speakers",
                detail=f"min_speakers ({self.min_speakers}) is larger than max_speakers ({self.max_speakers}).",
                remedy="Send min_speakers at or below max_speakers.",
            )

    def require_channels(self, channels: int) -> None:
        """Raise `InvalidOptions` where a recording of so many channels cannot be heard as wished."""
        if self.channels is Channels.SEPARATE and channels > MAX_SEPARATE_CHANNELS:
            raise InvalidOptions(
                field="channels",
                detail=f"The recording has {channels} channels; up to {MAX_SEPARATE_CHANNELS} can be heard separately.",
                remedy="Send channels=mixed, or a recording with fewer channels.",
            )

    def text_language(self, spoken: str | None) -> str | None:
        """Return the language of the text, where this one is spoken; None: unknown."""
        return "en" if self.task is Task.TRANSLATE else spoken

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, every option present."""
        values = asdict(self)
        values |= {"priority": str(self.priority), "channels": str(self.channels), "task": str(self.task)}
        values["prompts"] = {str(task): prompt for task, prompt in self.prompts.items()}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` gave. Options that a newer release added take their defaults; unknown ones are dropped."""
        known = {f.name for f in fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        kept["prompts"] = {EnrichmentTask(task): prompt for task, prompt in kept.get("prompts", {}).items()}
        kept["priority"] = Priority(kept.get("priority", Priority.NORMAL))
        kept["channels"] = Channels(kept.get("channels", Channels.AUTO))
        kept["task"] = Task(kept.get("task", Task.TRANSCRIBE))
        return cls(**kept)
