"""A project's own task: its prompt, and the answer in the shape of its schema. It carries no references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.core.answer_schema import faults, longest_answer
from app.core.task_sets import CustomTask
from app.workers.enrichment.answers import InvalidReply, clean, parsed
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
    tries: int = 4
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


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    return value
