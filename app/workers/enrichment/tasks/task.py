"""What a task is: a question in French and in English, the shape of its answer, and how the answer is read and joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from app.workers.enrichment.answers import Told
from app.workers.enrichment.asking import TRIES
from app.workers.enrichment.engine import Prompt, Reply
from app.workers.enrichment.folding import Passage, segments_of
from app.workers.enrichment.grounding import Source


class Scope(Enum):
    """What a task reads at a time."""

    WHOLE = "whole"
    """The whole transcript or, where it is too long, notes on its windows."""
    WINDOWS = "windows"
    """Each window of the transcript once; what is found in them is joined."""
    LINES = "lines"
    """A few lines at a time, which the answer writes anew."""


@dataclass(frozen=True, slots=True)
class Languages:
    """ISO 639-1 codes or None, unknown: what was spoken, what answers are written in, and what is translated into."""

    spoken: str | None
    answers: str | None
    translation: str | None = None

    @property
    def instructions(self) -> str:
        """The language of the instructions: French, or English for all others."""
        return "fr" if self.answers == "fr" else "en"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model was shown with a question. Line n is `passages[n - 1]`; `notes`: they are notes, not the transcript."""

    prompt: Prompt
    passages: Sequence[Passage]
    source: Source
    languages: Languages
    notes: bool = False

    @property
    def told(self) -> Told:
        return Told(self.prompt)

    @property
    def segments(self) -> Sequence[int]:
        """The positions of the segments that were shown, in order."""
        return segments_of(self.passages)

    def cited(self, line: int | None) -> tuple[int, ...]:
        """Return the segments of a line that the model names; () for one that there is not."""
        return self.passages[line - 1].segments if line and 0 < line <= len(self.passages) else ()

    def locate(self, statement: str, line: int | None = None) -> tuple[int, ...]:
        """Return the segments that a statement rests on, of those that were shown; () where it cannot be found."""
        return self.source.locate(statement, self.cited(line), self.segments)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an answer, `dropped` of its items could not be found in the transcript.

    `rejected` counts segments that were not taken as they were rewritten. `cut`: the answer had no room for more, so that
    what is not in it may stand in the transcript all the same.
    """

    value: Any
    dropped: int = 0
    rejected: int = 0
    cut: bool = False


class Task(Protocol):
    """One thing that a model is asked. It keeps no state; one instance serves every recording."""

    @property
    def name(self) -> str:
        """Its name in options, answers and failures; the one property of its answer, too."""

    @property
    def scope(self) -> Scope:
        """What it reads at a time."""

    @property
    def numbered(self) -> bool:
        """Whether its answer names lines: they are shown with numbers then."""

    @property
    def tries(self) -> int:
        """How often a model is asked at most."""

    @property
    def keeps(self) -> Any:
        """The type of what is kept of an answer (`Kept.value`), for it to be carried from one worker to another."""

    @property
    def stands_alone(self) -> bool:
        """Whether something is found even where the model gave nothing that can be used."""

    def instruction(self, languages: Languages) -> str:
        """Return the question in the language of the instructions."""

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        """Return the JSON schema of the answer to these passages."""

    def answer_tokens(self, context_tokens: int) -> int:
        """Return the room that an answer is given. Of the scope `LINES`: for each hundred tokens that are read."""

    def read(self, reply: Reply, shown: Shown) -> Kept:
        """Return what is kept of the reply. Raises `InvalidReply` where nothing can be used of it."""

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        """Return the answer, as the API gives it, of the parts, one a window in their order."""


class Shape(BaseModel):
    """What a model writes: the one field that the task is called by, and nothing else."""

    model_config = ConfigDict(extra="forbid")


def json_schema(shape: type[BaseModel], *, lines: int | None = None) -> dict[str, Any]:
    """Return a shape's JSON schema without references and words for people; `lines` bounds the numbers of lines."""
    schema = shape.model_json_schema()
    return _plain(schema, schema.get("$defs", {}), lines)


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any], lines: int | None) -> dict[str, Any]:
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions, lines)
    # Not the properties called so: those are a level further down.
    kept = {key: value for key, value in schema.items() if key not in {"title", "description", "$defs", "default"}}
    if "properties" in kept:
        kept["properties"] = {
            name: _plain(value, definitions, lines)
            if name != "line" or lines is None
            else {"type": "integer", "minimum": 1, "maximum": max(lines, 1)}
            for name, value in kept["properties"].items()
        }
    if "items" in kept:
        kept["items"] = _plain(kept["items"], definitions, lines)
    if "anyOf" in kept:
        kept["anyOf"] = [_plain(choice, definitions, lines) for choice in kept["anyOf"]]
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What most tasks have in common: a name and an instruction in both languages."""

    name: str
    scope: Scope
    numbered: bool
    instructions: Mapping[str, str] = field(repr=False)
    tries: int = len(TRIES)
    stands_alone: bool = False

    def instruction(self, languages: Languages) -> str:
        return self.instructions[languages.instructions]
