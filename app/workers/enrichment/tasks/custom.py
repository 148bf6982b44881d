"""A project's own task: its prompt, and the answer in the shape of its schema.

The shape has no room for references. Those of its texts are looked for by their words, and stand beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.core.answer_schema import faults, longest_answer
from app.core.task_sets import CustomTask
from app.workers.enrichment.answers import InvalidReply, clean, parsed
from app.workers.enrichment.asking import TRIES
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks.task import Kept, Languages, Scope, Shape, Shown

MOST_TOKENS = 1200
_CHARACTERS_A_TOKEN = 2.5
_SPARE_TOKENS = 40
_CONTEXT_SHARE = 3


class _Answer(Shape):
    custom: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Custom:
    """`name` is the project's; the answer's one property is called `custom`, whatever the name."""

    name: str
    task: CustomTask
    scope: Scope = Scope.WHOLE
    numbered: bool = False
    tries: int = len(TRIES)
    stands_alone: bool = False
    keeps: ClassVar[Any] = dict[str, Any]

    def instruction(self, languages: Languages) -> str:
        del languages
        return self.task.prompt

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return {"type": "object", "properties": {"custom": self.task.schema}, "required": ["custom"]}

    def answer_tokens(self, context_tokens: int) -> int:
        wanted = int(longest_answer(self.task.schema) / _CHARACTERS_A_TOKEN) + _SPARE_TOKENS
        return min(wanted, MOST_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        del shown
        if not reply.complete:
            raise InvalidReply("the answer was cut off: lower maxLength and maxItems in its schema")
        value = _cleaned(parsed(reply, _Answer).custom)
        wrong = next(faults(value, self.task.schema), None)
        if wrong is not None:
            raise InvalidReply(wrong)
        return Kept(value)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        del source
        return parts[0].value


def sources(answer: Mapping[str, Any], schema: Mapping[str, Any], source: Source) -> list[dict[str, Any]]:
    """Return what each text of an answer rests on, by its `place` in it (`rooms[0].what`); no segments: it was not found.

    Words are compared, so nothing can be told of texts in another language, nor of those that the schema chose from.
    """
    if not source.same_language:
        return []
    found = [(place, source.locate(text)) for place, text in _texts(answer, schema, "")]
    return [
        {"place": place, "segments": list(segments), "start": source.start_of(segments)} for place, segments in found
    ]


def _texts(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    if "enum" in schema:
        return
    if isinstance(value, str) and value:
        yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, schema["items"], f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, schema["properties"][name], f"{place}.{name}" if place else name)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    return value
