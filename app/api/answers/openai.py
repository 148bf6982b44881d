"""What the OpenAI audio API answers, in its shapes."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.answers.base import Answer, Seconds
from app.core.options import Task


class OpenAIFault(Answer):
    message: Annotated[str, Field(description="What happened, and the way out.")]
    type: Annotated[str, Field(description="As OpenAI sorts errors, such as `invalid_request_error`.")]
    param: Annotated[str | None, Field(description="Which field of the request.")]
    code: Annotated[str, Field(description="Stable, for programs.")]


class OpenAIRefusal(Answer):
    """What went wrong, as OpenAI's clients read it."""

    error: OpenAIFault


class OpenAIModel(Answer):
    id: Annotated[str, Field(description="Send it as `model`.")]
    object: Literal["model"]
    created: Annotated[int, Field(description="When it was installed, in seconds since 1970.")]
    owned_by: str


class OpenAIModelList(Answer):
    object: Literal["list"]
    data: list[OpenAIModel]


class OpenAIUsage(Answer):
    type: Literal["duration"]
    seconds: Annotated[float, Field(ge=0, description="The length of the recording.")]


class OpenAIText(Answer):
    """`json`."""

    text: str
    usage: OpenAIUsage


class OpenAISegment(Answer):
    id: Annotated[int, Field(ge=0)]
    seek: int
    start: Seconds
    end: Seconds
    text: Annotated[str, Field(description="With the space before it.")]
    tokens: Annotated[list[int], Field(description="Always empty.")]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class OpenAIWord(Answer):
    word: str
    start: Seconds
    end: Seconds


class OpenAIVerboseText(Answer):
    """`verbose_json`; `segments` and `words` as `timestamp_granularities` asks for them."""

    task: Task
    duration: Seconds
    text: str
    language: Annotated[str, Field(description="The English name of the text's language, or `unknown`.")]
    segments: list[OpenAISegment] | None = None
    words: list[OpenAIWord] | None = None
    usage: OpenAIUsage


class OpenAISpokenSegment(Answer):
    type: Literal["transcript.text.segment"]
    id: str
    start: Seconds
    end: Seconds
    text: str
    speaker: Annotated[str, Field(description="A name where one is known, else `A`, `B`, …; `unknown`: nobody's.")]


class OpenAIDiarizedText(Answer):
    """`diarized_json`."""

    task: Task
    duration: Seconds
    text: str
    segments: list[OpenAISpokenSegment]
    usage: OpenAIUsage
