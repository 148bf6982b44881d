"""What the fields of OpenAI's forms mean here: each has its effect, or is refused with the reason."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ConfigDict, TypeAdapter

from app.api.creation import Form, settled
from app.api.openai.models import real_name
from app.api.requests import validate
from app.core.errors import InvalidFields
from app.core.options import (
    MAX_HOTWORDS_CHARACTERS,
    MAX_INITIAL_PROMPT_CHARACTERS,
    ModelName,
    Task,
    TranscriptionOptions,
)
from app.settings import Settings

_LIST_MARK = "[]"
_STRATEGY = "chunking_strategy"


class ResponseFormat(StrEnum):
    """In which shape the text is answered."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"
    DIARIZED_JSON = "diarized_json"


STREAMED_FORMATS = frozenset({ResponseFormat.JSON, ResponseFormat.TEXT, ResponseFormat.DIARIZED_JSON})


class Granularity(StrEnum):
    """What has times of its own in `verbose_json`."""

    WORD = "word"
    SEGMENT = "segment"


class VoiceActivity(BaseModel):
    """`chunking_strategy` as an object. Its thresholds are those of OpenAI's detector, not of ours."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["server_vad"]


class TranslationForm(BaseModel):
    """The fields of `POST /v1/audio/translations`. `temperature` is checked and changes nothing."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName | None = None
    prompt: str | None = None
    response_format: ResponseFormat = ResponseFormat.JSON
    temperature: Annotated[float, Ge(0), Le(1)] = 0


class TranscriptionForm(TranslationForm):
    """The fields of `POST /v1/audio/transcriptions`."""

    language: str | None = None
    languages: Annotated[tuple[str, ...], MaxLen(1)] = ()
    keywords: tuple[str, ...] = ()
    stream: bool = False
    timestamp_granularities: tuple[Granularity, ...] = ()
    chunking_strategy: Literal["auto"] | VoiceActivity | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How the text of one request is to be answered, once it is there."""

    task: Task
    response_format: ResponseFormat
    stream: bool = False
    words: bool = False
    segments: bool = True


_UNANSWERABLE = {
    "include": "Probabilities of single tokens are not kept; verbose_json has avg_logprob for each segment.",
    "known_speaker_names": "Speakers are not recognised from samples sent along: enrol their voices in the project.",
    "known_speaker_references": "Speakers are not recognised from samples sent along: enrol their voices in the project.",
}
_LISTS = ("timestamp_granularities", "keywords", "languages", *_UNANSWERABLE)


class OpenAIFields:
    """Reads a form of OpenAI's. `project` is what the header `OpenAI-Project` names.

    `kept`: the transcription stays once its text is answered.
    """

    lists = frozenset(name + mark for name in _LISTS for mark in ("", _LIST_MARK))

    def __init__(self, task: Task, project: str | None, *, kept: bool) -> None:
        self._task = task
        self._project = project
        self.reusable = kept
        self._form: type[TranslationForm] = TranslationForm if task is Task.TRANSLATE else TranscriptionForm
        self.asked = Asked(task, ResponseFormat.JSON)
        """How to answer, once `wanted` accepted the whole form."""

    def wanted(self, form: Form, settings: Settings) -> tuple[TranscriptionOptions, bool]:
        read = self._read(form)
        _check_translation(read)
        self.asked = self._asked(read)
        keywords: tuple[str, ...] = ()
        language = None
        if isinstance(read, TranscriptionForm):
            _check_together(read)
            keywords, language = read.keywords, read.language or next(iter(read.languages), None)
        options = TranscriptionOptions(
            language=language,
            model=real_name(read.model, settings),
            diarization=read.response_format is ResponseFormat.DIARIZED_JSON,
            # The recognizer too heeds the end of a long one.
            initial_prompt=(read.prompt or "")[-MAX_INITIAL_PROMPT_CHARACTERS:] or None,
            hotwords=_hotwords(keywords),
            enrichment=False,
            task=self._task,
        )
        # Never one that is there: somebody else reads that, or it is to be deleted once its own request is answered.
        return settled(options, settings), False

    def project(self, form: Form) -> str | None:  # noqa: ARG002 - the reader of another form needs it
        return self._project

    def has_model(self, form: Form) -> bool:
        return "model" in form.values

    def _asked(self, read: TranslationForm) -> Asked:
        if not isinstance(read, TranscriptionForm):
            return Asked(self._task, read.response_format)
        granularities = read.timestamp_granularities or (Granularity.SEGMENT,)
        return Asked(
            self._task,
            read.response_format,
            stream=read.stream,
            words=Granularity.WORD in granularities,
            segments=Granularity.SEGMENT in granularities,
        )

    def _read(self, form: Form) -> TranslationForm:
        values: dict[str, Any] = {name: value for name, value in form.values.items() if value != ""}
        for name, items in form.lists.items():
            values.setdefault(name.removesuffix(_LIST_MARK), []).extend(items)
        if self._form is TranscriptionForm:
            _refuse_unanswerable(values)
            _gather_strategy(values)
        return validate(TypeAdapter(self._form), values)


def _refuse_unanswerable(values: dict[str, Any]) -> None:
    faults = [{"field": name, "message": why} for name, why in _UNANSWERABLE.items() if values.get(name)]
    if faults:
        raise InvalidFields(faults, remedy="Leave these fields out.")


def _gather_strategy(values: dict[str, Any]) -> None:
    """Make one value of `chunking_strategy[type]=…` and its like, and of an object that came as JSON."""
    parts = {name: values.pop(name) for name in list(values) if name.startswith(f"{_STRATEGY}[")}
    if parts:
        values[_STRATEGY] = {name.removeprefix(f"{_STRATEGY}[").removesuffix("]"): part for name, part in parts.items()}
    elif values.get(_STRATEGY, "").startswith("{"):
        try:
            values[_STRATEGY] = json.loads(values[_STRATEGY])
        except (ValueError, RecursionError) as error:
            raise InvalidFields([{"field": _STRATEGY, "message": "Not JSON."}]) from error


def _check_translation(read: TranslationForm) -> None:
    if not isinstance(read, TranscriptionForm) and read.response_format is ResponseFormat.DIARIZED_JSON:
        raise InvalidFields([{"field": "response_format", "message": "Translations are not told apart by speaker."}])


def _check_together(read: TranscriptionForm) -> None:
    if read.stream and read.response_format not in STREAMED_FORMATS:
        raise _together("stream", f"A stream has one of the formats {', '.join(sorted(STREAMED_FORMATS))}.")
    if read.timestamp_granularities and read.response_format is not ResponseFormat.VERBOSE_JSON:
        raise _together("timestamp_granularities", "Times come with the response_format verbose_json.")
    if read.language and read.languages:
        raise _together("languages", "Send either language or languages.")


def _together(field: str, message: str) -> InvalidFields:
    return InvalidFields([{"field": field, "message": message}])


def _hotwords(keywords: tuple[str, ...]) -> str | None:
    joined = ", ".join(keyword.strip() for keyword in keywords if keyword.strip())
    if len(joined) > MAX_HOTWORDS_CHARACTERS:
        message = f"Together longer than {MAX_HOTWORDS_CHARACTERS} characters."
        raise InvalidFields([{"field": "keywords", "message": message}])
    return joined or None
