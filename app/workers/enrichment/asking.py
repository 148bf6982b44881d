"""Asks questions until their answers can be used, each a bounded number of times."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.engine import LanguageModel, Prompt, Reply, Request, Sampling, Tick

TRIES = (Sampling(), *(Sampling(heat, seed=seed) for seed, heat in enumerate((0.5, 0.7, 0.9, 0.7, 0.9), start=1)))
"""The likeliest answer first, then ever more daring draws; seeds are fixed so that a job that runs twice says the same.

A further one costs its writing alone where the model runs in this process, and small models often go round in circles.
"""

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[Value]):
    """A question with the shape of its answer, and what reads it (`read` raises `InvalidReply` for one of no use)."""

    name: str
    prompt: Prompt
    schema: Mapping[str, Any]
    max_tokens: int
    read: Callable[[Reply], Value]
    tries: int = len(TRIES)


@dataclass(slots=True)
class Answered(Generic[Value]):
    """What came of an inquiry: a value and how it was drawn, or why there is none; and the tokens read and written."""

    value: Value | None = None
    sampling: Sampling | None = None
    fault: str = ""
    tokens: int = 0


class Asker:
    """A model that is asked questions, and the tokens that this took."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.tokens = {"evaluated": 0, "reused": 0, "generated": 0}

    def ask(
        self,
        inquiries: Sequence[Inquiry[Value]],
        tick: Tick,
        ended: Callable[[int, Answered[Value]], None] | None = None,
    ) -> list[Answered[Value]]:
        """Ask all of them together, one whose answer is of no use again as soon as that shows; return what came of each.

        `ended` is told the same of each as soon as it is there, with its place among the inquiries.
        """
        all_answered: list[Answered[Value]] = [Answered() for _ in inquiries]
        tried = [0] * len(inquiries)

        def request(number: int) -> Request:
            inquiry = inquiries[number]
            sampling = TRIES[tried[number]]
            tried[number] += 1
            return Request(inquiry.prompt, inquiry.schema, sampling, inquiry.max_tokens)

        def then(number: int, reply: Reply) -> Request | None:
            inquiry, answered = inquiries[number], all_answered[number]
            self._count(reply)
            answered.tokens += reply.evaluated_tokens + reply.generated_tokens
            try:
                answered.value, answered.sampling = inquiry.read(reply), TRIES[tried[number] - 1]
            except InvalidReply as error:
                if tried[number] < inquiry.tries:
                    logger.info("Asked again.", extra={"fields": {"task": inquiry.name, "reason": str(error)}})
                    return request(number)
                answered.fault = f"{error}, in the last of {inquiry.tries} tries"
            if ended is not None:
                ended(number, answered)
            return None

        self._model.answer_all([request(number) for number in range(len(inquiries))], then=then, tick=tick)
        return all_answered

    def _count(self, reply: Reply) -> None:
        self.tokens["evaluated"] += reply.evaluated_tokens
        self.tokens["reused"] += reply.reused_tokens
        self.tokens["generated"] += reply.generated_tokens
