"""llama.cpp in this process: GGUF models on the processor's cores.

Answers can be had again: how a prompt is read (`reading`), what is written side by side (`together`) and where its cells
lie follow from the requests alone, whatever was asked before.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.catalog.installed import find
from app.workers.enrichment.chat import ChatFrame
from app.workers.enrichment.engine import Listen, Prompt, Reply, Request, Sampling, Then, Tick
from app.workers.enrichment.errors import ContextTooSmall
from app.workers.enrichment.model_file import CONTEXT_LIMIT_TOKENS, ModelFile, checked
from app.workers.enrichment.native import NativeModel
from app.workers.enrichment.prefixes import KeptPrefixes, common_length
from app.workers.enrichment.reading import Tokens, Trunk
from app.workers.enrichment.together import ANSWERS_AT_ONCE, Asked, Together
from app.workers.memory import PROCESS_BYTES, MemoryLimit, memory_limit, usable_cores

KEPT_PREFIXES_BYTES = 256 * 1024**2
"""For what is kept of earlier prompts, where the limit leaves it: 11 000 tokens of a model of 135 million parameters."""

logger = logging.getLogger(__name__)


def open_installed(
    models_dir: Path,
    threads: int,
    name: str,
    *,
    context_limit: int = CONTEXT_LIMIT_TOKENS,
    limit: MemoryLimit | None = None,
) -> "LlamaModel":
    """Check the installed model `name` and load it. `limit` is what this process may use; None: what the system says.

    Raises `UnknownModel`, `ModelDamaged`, `ModelTooLarge`, `ModelUnsuitable`.
    """
    limit = limit or memory_limit()
    model = find(models_dir, "llm", name)
    file = checked(model, context_limit=context_limit, limit=limit, models_dir=models_dir)
    left = limit.bytes - PROCESS_BYTES - file.needed_bytes
    return LlamaModel(file, threads, kept_bytes=min(KEPT_PREFIXES_BYTES, max(0, left)))


class LlamaModel:
    """A loaded model with its key-value cache. One list of requests at a time; further callers wait."""

    def __init__(
        self,
        file: ModelFile,
        threads: int,
        *,
        kept_bytes: int = KEPT_PREFIXES_BYTES,
        at_once: int = ANSWERS_AT_ONCE,
    ) -> None:
        """`kept_bytes`: what earlier prompts may take in memory beside the cache; `at_once`: answers side by side."""
        self.name = file.name
        self.context_tokens = file.context_tokens
        self._lock = threading.Lock()
        began = time.monotonic()
        self._native = NativeModel(file, min(threads, usable_cores()), sequences=1 + at_once)
        self._frame = ChatFrame.of_model(file.name, file.header.chat_template, self._native)
        self._kept = KeptPrefixes(self._native.library, kept_bytes)
        self._trunk = Trunk(self._native, self._kept, file.slice_tokens)
        # Recurrent models keep one state, in which no beginning can be shared.
        most = 1 if self._native.forgets else at_once
        self._together = Together(self._native, self._trunk, most=most)
        logger.info(
            "Language model loaded.",
            extra={"fields": {"model": self.name, "seconds": f"{time.monotonic() - began:.1f}"}},
        )

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens."""
        return len(self._native.tokens_of(text))

    def count_prompt_tokens(self, prompt: Prompt) -> int:
        """Return the length of the whole prompt with the model's chat template around it."""
        return len(self._prompt_tokens(prompt.system, prompt.question))

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
        """Write an answer that follows the JSON schema; `tick` is called before each slice and each token."""
        replies: list[Reply] = []
        asked = self._asked(0, Request(prompt, schema, sampling, max_tokens), listen)
        with self._lock:
            self._together.answer([asked], lambda _, reply: replies.append(reply), tick)
        return replies[0]

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        """Write the answers side by side; `tick` is called before each slice and each step."""

        def next_asked(number: int, reply: Reply) -> Asked | None:
            again = then(number, reply)
            return None if again is None else self._asked(number, again)

        asked = [self._asked(number, request) for number, request in enumerate(requests)]
        with self._lock:
            self._together.answer(asked, next_asked, tick)

    def close(self) -> None:
        """Free the weights and the cache."""
        with self._lock:
            self._kept.forget()
            self._native.close()

    def forget(self) -> None:
        """Forget every prompt that was read: the next one is read from its first token on."""
        with self._lock:
            self._trunk.forget()

    @property
    def kept_bytes(self) -> int:
        """What is kept of earlier prompts takes so much memory."""
        return self._kept.bytes

    def _asked(self, number: int, request: Request, listen: Listen | None = None) -> Asked:
        asked = Asked(number, request, self._tokens(request.prompt), listen)
        if asked.most_tokens > self.context_tokens:
            raise ContextTooSmall(
                f"The prompt takes {asked.prompt_tokens} tokens and the answer up to {request.max_tokens}; {self.name} has"
                f" room for {self.context_tokens}."
            )
        return asked

    def _tokens(self, prompt: Prompt) -> Tokens:
        """Cut the prompt where the request begins: in front of a token that reaches over the end of the material."""
        tokens = self._prompt_tokens(prompt.system, prompt.question)
        material = self._prompt_tokens(prompt.system, prompt.material)
        return Tokens(tokens, common_length(tokens, material))

    def _prompt_tokens(self, system: str, question: str) -> list[int]:
        return [
            token
            for text, is_control in self._frame.around(system, question)
            for token in self._native.tokens_of(text, control=is_control)
        ]
