"""Asks one question until the answer can be used, a bounded number of times."""

import logging

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import InvalidReply, Value, read_reply
from app.workers.enrichment.engine import LanguageModel, Prompt, Sampling, Tick
from app.workers.enrichment.schemas import json_schema

TRIES = (Sampling(), Sampling(0.5, seed=1), Sampling(0.7, seed=2), Sampling(0.9, seed=3))
"""The likeliest answer first, then ever more daring draws; seeds are fixed so that a job that runs twice says the same."""

logger = logging.getLogger(__name__)


class NoAnswer(Exception):
    """None of the tries gave an answer that can be used; the message is the last one's fault."""


class Asker:
    """A model that is asked questions, and the tokens that this took."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.tokens = {"evaluated": 0, "reused": 0, "generated": 0}

    def ask(self, task: EnrichmentTask, prompt: Prompt, max_tokens: int, tick: Tick) -> tuple[Value, int]:
        """Return the answer and the seed that gave it. Raises `NoAnswer`."""
        fault = ""
        for sampling in TRIES:
            reply = self._model.answer(prompt, json_schema(task), sampling, max_tokens=max_tokens, tick=tick)
            self.tokens["evaluated"] += reply.evaluated_tokens
            self.tokens["reused"] += reply.reused_tokens
            self.tokens["generated"] += reply.generated_tokens
            try:
                return read_reply(task, reply, prompt), sampling.seed
            except InvalidReply as error:
                fault = str(error)
                logger.info("Asked again.", extra={"fields": {"task": str(task), "reason": fault}})
        raise NoAnswer(f"{fault}, in the last of {len(TRIES)} tries")
