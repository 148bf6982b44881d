"""Asks one question until the answer can be used, a bounded number of times."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.engine import LanguageModel, Prompt, Reply, Sampling, Tick

TRIES = (Sampling(), Sampling(0.5, seed=1), Sampling(0.7, seed=2), Sampling(0.9, seed=3))
"""The likeliest answer first, then ever more daring draws; seeds are fixed so that a job that runs twice says the same."""

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


class NoAnswer(Exception):
    """None of the tries gave an answer that can be used; the message is the last one's fault."""


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[Value]):
    """A question with the shape of its answer, and what reads it (`read` raises `InvalidReply` for one of no use)."""

    name: str
    prompt: Prompt
    schema: Mapping[str, Any]
    max_tokens: int
    read: Callable[[Reply], Value]
    tries: int = len(TRIES)


class Asker:
    """A model that is asked questions, and the tokens that this took."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.tokens = {"evaluated": 0, "reused": 0, "generated": 0}

    def ask(self, inquiry: Inquiry[Value], tick: Tick) -> tuple[Value, Sampling]:
        """Return the answer and how it was drawn. Raises `NoAnswer`."""
        fault = ""
        for sampling in TRIES[: inquiry.tries]:
            reply = self._model.answer(
                inquiry.prompt, inquiry.schema, sampling, max_tokens=inquiry.max_tokens, tick=tick
            )
            self.tokens["evaluated"] += reply.evaluated_tokens
            self.tokens["reused"] += reply.reused_tokens
            self.tokens["generated"] += reply.generated_tokens
            try:
                return inquiry.read(reply), sampling
            except InvalidReply as error:
                fault = str(error)
                logger.info("Asked again.", extra={"fields": {"task": inquiry.name, "reason": fault}})
        raise NoAnswer(f"{fault}, in the last of {inquiry.tries} tries")
