"""Models that a server of the site runs (vLLM, Ollama, llama-server), asked through OpenAI's chat completions.

The schema goes along as `response_format`; a server that does not hold to it writes what is no answer, which whoever
asked finds out, as of any engine.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.catalog.served import SERVED
from app.core.errors import UnknownModel
from app.workers.enrichment.concurrency import answer_concurrently
from app.workers.enrichment.engine import Listen, Prompt, Reply, Request, Sampling, Then, Tick
from app.workers.enrichment.errors import AnswerTooSlow, ContextTooSmall, ModelServerDown, ModelServerRefused
from app.workers.enrichment.model_server import Exchange, ModelServer, Pulse

_BYTES_A_TOKEN = 2.5
"""Fewer than any language of ours has in the vocabularies of today's models (English 4, French 3.5): lengths are guessed
from above, as the protocol does not tell them beforehand."""
_FRAME_TOKENS = 64
"""For what the server's chat template puts around."""
_TOKENS_A_WORD_READ = 0.7
"""A word is one token or more. Where the server has read fewer than this a word, it has cut the prompt off."""
_EVENTS_A_TOKEN = 4
_EVENTS_BESIDE = 200
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 15.0
_LOOK_SECONDS = 0.2

logger = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=0)]


class _CachedTokens(BaseModel):
    cached_tokens: Count | None = None


class _Usage(BaseModel):
    """Some servers send `null` where others send nothing."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: Annotated[_CachedTokens, BeforeValidator(lambda value: value or {})] = _CachedTokens()


class _Delta(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Event(BaseModel):
    """What is read of a chunk of a chat completion; the rest is passed over."""

    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


class RemoteModel:
    """One model of the site's model server, by its name there with `remote/` before it."""

    def __init__(self, server: ModelServer, name: str) -> None:
        """Raises `UnknownModel` where the operator has not named it."""
        if name not in server.models:
            raise UnknownModel(
                f"The site's model server has no model {name[:100]!r}.",
                remedy=f"Use one of: {', '.join(server.models)}.",
                field="llm_model",
            )
        self.name = name
        self.context_tokens = server.context_tokens
        self._server = server
        self._pulse = Pulse()

    def count_tokens(self, text: str) -> int:
        """Return at least the length of `text` in tokens: it is guessed from above."""
        return int(len(text.encode()) / _BYTES_A_TOKEN) + 1

    def count_prompt_tokens(self, prompt: Prompt) -> int:
        """Return at least the length of the whole prompt."""
        return self.count_tokens(prompt.system) + self.count_tokens(prompt.question) + _FRAME_TOKENS

    def answer(
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        sampling: Sampling,
        *,
        max_tokens: int,
        tick: Tick,
        listen: Listen | None = None,
    ) -> Reply:
        """Have an answer written; `tick` is called with every event, and ten times a second where none comes.

        A server that is away is asked again for a while, which begins when it was last heard of. Raises `ModelServerDown`,
        `ModelServerRefused`, `ContextTooSmall`.
        """
        length = self.count_prompt_tokens(prompt)
        if length + max_tokens > self.context_tokens:
            raise ContextTooSmall(
                f"The prompt takes up to {length} tokens and the answer up to {max_tokens}; {self.name} has room for"
                f" {self.context_tokens}."
            )
        away_since: float | None = None
        pause = _FIRST_PAUSE_SECONDS
        while True:
            begun = time.monotonic()
            try:
                return self._once(prompt, schema, sampling, max_tokens, tick, listen)
            except AnswerTooSlow:
                raise
            except ModelServerDown as error:
                if away_since is None:
                    away_since = max(begun, self._pulse.at)
                left = away_since + self._server.patience_seconds - time.monotonic()
                if left <= pause:
                    raise
                logger.warning("%s It is asked again in %.0f s, for up to %.0f s more.", error.detail, pause, left)
                _wait(pause, tick)
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        """Have several answers written, as many at once as the operator says that the server does."""

        def answer(request: Request, told: Tick) -> Reply:
            return self.answer(
                request.prompt, request.schema, request.sampling, max_tokens=request.max_tokens, tick=told
            )

        answer_concurrently(answer, requests, at_once=self._server.answers_at_once, then=then, tick=tick)

    def close(self) -> None:
        """There is nothing to give back."""

    def _once(
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        sampling: Sampling,
        max_tokens: int,
        tick: Tick,
        listen: Listen | None,
    ) -> Reply:
        written = _Written(max_tokens)
        body = json.dumps(self._request(prompt, schema, sampling, max_tokens)).encode()
        tick(0.0)
        with Exchange(self._server, "/chat/completions", body, self._pulse) as exchange:
            for event in exchange.events():
                tick(min(1.0, written.pieces / max_tokens))
                if event == "[DONE]":
                    break
                if event is not None and written.take(event) and listen is not None:
                    listen(written.text)
        if written.finish is None:
            raise ModelServerDown("The model server closed the connection in the middle of an answer.")
        self._require_whole_reading(prompt, written)
        return written.reply(self.count_prompt_tokens(prompt))

    def _request(
        self, prompt: Prompt, schema: Mapping[str, Any], sampling: Sampling, max_tokens: int
    ) -> dict[str, Any]:
        return {
            "model": self.name.removeprefix(SERVED),
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.question},
            ],
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)},
            },
        }

    def _require_whole_reading(self, prompt: Prompt, written: "_Written") -> None:
        """Some servers cut what is too long for them and say nothing: nothing may be left out in silence."""
        words = len(f"{prompt.system} {prompt.question}".split())
        read = written.usage.prompt_tokens
        if read is not None and read < words * _TOKENS_A_WORD_READ:
            raise ContextTooSmall(
                f"The model server read {read} tokens of a prompt of {words} words: it cuts what is too long for it.",
                remedy="Ask the operator to set VOCALYX_LLM_SERVER_CONTEXT to what the server really reads, or to let it"
                " read more (num_ctx of Ollama, --ctx-size of llama-server, --max-model-len of vLLM).",
            )


@dataclass
class _Written:
    """What has come of an answer so far. `finish` is why the server ended it, None while it has not."""

    max_tokens: int
    text: str = ""
    pieces: int = 0
    events: int = 0
    finish: str | None = None
    usage: _Usage = field(default_factory=_Usage)

    def take(self, event: str) -> bool:
        """Read one event; tell whether there is more text now. Raises `ModelServerRefused`, `ModelServerDown`."""
        self.events += 1
        if self.events > self.max_tokens * _EVENTS_A_TOKEN + _EVENTS_BESIDE:
            raise ModelServerRefused(
                f"The model server writes more than the {self.max_tokens} tokens it was asked for."
            )
        try:
            came = _Event.model_validate_json(event)
        except ValidationError as error:
            raise ModelServerRefused("The model server sends events that are none of chat completions.") from error
        if came.error is not None:
            raise ModelServerDown("The model server gave up in the middle of an answer.")
        if came.usage is not None:
            self.usage = came.usage
        if not came.choices:
            return False
        piece = came.choices[0].delta.content or ""
        self.finish = came.choices[0].finish_reason or self.finish
        self.text += piece
        self.pieces += bool(piece)
        return bool(piece)

    def reply(self, guessed_prompt_tokens: int) -> Reply:
        read = guessed_prompt_tokens if self.usage.prompt_tokens is None else self.usage.prompt_tokens
        known = min(read, self.usage.prompt_tokens_details.cached_tokens or 0)
        generated = self.usage.completion_tokens
        return Reply(
            text=self.text,
            complete=self.finish != "length",
            evaluated_tokens=read - known,
            reused_tokens=known,
            generated_tokens=self.pieces if generated is None else generated,
        )


def _wait(seconds: float, tick: Tick) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        tick(0.0)
        time.sleep(min(_LOOK_SECONDS, left))
