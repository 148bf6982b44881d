"""What a client may ask of one transcription.

One definition serves everyone: HTTP validation and OpenAPI read the constraints off the annotations, the database
stores `to_dict()`, workers rebuild the value with `from_dict()`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, Self

from annotated_types import Ge, Le, MaxLen, MinLen

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

TASK_SET_NAME = r"[a-z0-9][a-z0-9_-]{0,39}"
TaskSetName = Annotated[str, MaxLen(40)]


class EnrichmentTask(StrEnum):
    """What the language model is asked for, one constrained answer each."""

    TITLE = "title"
    SUMMARY = "summary"
    POINTS = "points"
    DETAILED_SUMMARY = "detailed_summary"
    CHAPTERS = "chapters"
    ACTIONS = "actions"
    DECISIONS = "decisions"
    QUESTIONS = "questions"
    TOPICS = "topics"
    ENTITIES = "entities"
    SATISFACTION = "satisfaction"
    CORRECTED = "corrected"
    TRANSLATION = "translation"
    PERSONAL_DATA = "personal_data"


DEFAULT_TASKS = (EnrichmentTask.TITLE, EnrichmentTask.SUMMARY, EnrichmentTask.POINTS)
"""What is asked for where nobody says: each further task takes a model time."""


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
    the site's default. `prompts` replaces the instruction of an enrichment task by the client's own. `tasks` says what
    the language model is asked for, or `task_set` names a set of tasks; `answer_language` None: the recording's;
    `translation_language` is what the task `translation` translates into.

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
    tasks: Annotated[tuple[EnrichmentTask, ...], MinLen(1), MaxLen(len(EnrichmentTask))] | None = None
    task_set: TaskSetName | None = None
    answer_language: str | None = None
    translation_language: str | None = None

    def __post_init__(self) -> None:
        self._check_languages()
        if self.tasks is not None and self.task_set is not None:
            raise InvalidOptions(
                field="task_set",
                detail="tasks was sent together with task_set.",
                remedy="Name the tasks, or a set of them.",
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

    def _check_languages(self) -> None:
        for name in ("language", "answer_language", "translation_language"):
            code = getattr(self, name)
            if code is not None and code not in LANGUAGES:
                raise InvalidOptions(
                    field=name,
                    detail=f"The language {code!r} is not one that the speech models know.",
                    remedy="Send an ISO 639-1 code such as 'fr' or 'en', or leave the language out to have it detected.",
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
        values["tasks"] = None if self.tasks is None else [str(task) for task in self.tasks]
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
        if kept.get("tasks") is not None:
            kept["tasks"] = tuple(EnrichmentTask(task) for task in kept["tasks"])
        return cls(**kept)
