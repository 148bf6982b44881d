"""llama.cpp in this process: GGUF models on the processor's cores.

Answers can be had again: the prompt is evaluated in slices that begin at multiples of the slice length, and what is
known of an earlier prompt is only reused in whole slices. So every slice is computed in the same shape whatever came
before it, and floating-point sums come out the same to the last bit. (On two cores slices of 64 were no slower than
slices of 512.) A prompt's beginning that another one pushes out of the cache is kept aside, see `prefixes`.
"""

import ctypes
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from app.catalog.errors import ModelDamaged
from app.catalog.installed import find
from app.workers.enrichment.chat import ChatFrame
from app.workers.enrichment.engine import Listen, Prompt, Reply, Sampling, Tick
from app.workers.enrichment.errors import ContextTooSmall
from app.workers.enrichment.grammar import grammar
from app.workers.enrichment.model_file import CONTEXT_LIMIT_TOKENS, ModelFile, checked
from app.workers.enrichment.prefixes import KeptPrefixes, common_length
from app.workers.memory import PROCESS_BYTES, MemoryLimit, memory_limit, usable_cores

KEPT_PREFIXES_BYTES = 256 * 1024**2
"""For what is kept of earlier prompts, where the limit leaves it: 11 000 tokens of a model of 135 million parameters."""

_WORTH_KEEPING_TOKENS = 256
"""Less than this is read again as fast as it is worth: the last slices of a request, not material."""

# llama.cpp's DRY sampler makes a token that would continue a repetition less likely, by multiplier * base^(length -
# allowed length). The strengths are its authors' recommendation; names of up to four tokens may return freely. A penalty
# on single tokens, the older way, hits the quotation marks of the JSON and made small models write past their ends.
_DRY_MULTIPLIER = 0.8
_DRY_BASE = 1.75
_DRY_ALLOWED_TOKENS = 4
_DRY_LAST_TOKENS = 512
_DRY_BREAKERS = (b'"', b"\n")

_LEAST_PROBABILITY = 0.1
"""Above temperature 0, tokens less likely than this part of the likeliest one are never drawn (min-p)."""

_LOG_ERROR = 4
_LOG_CONTINUED = 5
"""ggml_log_level; the Python library's own table is shifted by one and would drop errors."""

_PIECE_BYTES = 512

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
    """A loaded model with its key-value cache. One answer at a time; further callers wait."""

    def __init__(self, file: ModelFile, threads: int, *, kept_bytes: int = KEPT_PREFIXES_BYTES) -> None:
        """`kept_bytes`: what earlier prompts may take in memory beside the cache."""
        self.name = file.name
        self.context_tokens = file.context_tokens
        self._slice = file.slice_tokens
        self._lock = threading.Lock()
        self._library = _library()
        began = time.monotonic()
        self._llama = _load(file, min(threads, usable_cores()))
        self._vocabulary = self._library.llama_model_get_vocab(self._llama.model)
        # Recurrent models keep one state and cannot go back to an earlier token of it.
        self._forgets = bool(
            self._library.llama_model_is_recurrent(self._llama.model)
            or self._library.llama_model_is_hybrid(self._llama.model)
        )
        self._frame = ChatFrame.of_model(file.name, file.header.chat_template, self._llama)
        self._settled_tokens = 0  # the beginning of the cache that was evaluated in whole slices
        self._kept = KeptPrefixes(self._library, kept_bytes)
        logger.info(
            "Language model loaded.",
            extra={"fields": {"model": self.name, "seconds": f"{time.monotonic() - began:.1f}"}},
        )

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens."""
        return len(self._tokens(text))

    def count_prompt_tokens(self, prompt: Prompt) -> int:
        """Return the length of the whole prompt with the model's chat template around it."""
        return len(self._prompt_tokens(prompt))

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
        tokens = self._prompt_tokens(prompt)
        if len(tokens) + max_tokens > self.context_tokens:
            raise ContextTooSmall(
                f"The prompt takes {len(tokens)} tokens and the answer up to {max_tokens}; {self.name} has room for"
                f" {self.context_tokens}."
            )
        work = len(tokens) + max_tokens
        with self._lock, self._sampler(grammar(schema), sampling) as sampler:
            reused = self._evaluate(tokens, lambda done: tick(done / work))
            written = bytearray()
            complete = False
            count = 0
            while count < max_tokens:
                tick((len(tokens) + count) / work)
                token = self._library.llama_sampler_sample(sampler, self._llama.ctx, -1)
                if self._library.llama_vocab_is_eog(self._vocabulary, token):
                    complete = True
                    break
                written += self._piece(token)
                count += 1
                if listen is not None:
                    listen(written.decode("utf-8", errors="ignore"))
                self._llama.eval([token])
        return Reply(
            text=written.decode("utf-8", errors="ignore"),
            complete=complete,
            evaluated_tokens=len(tokens) - reused,
            reused_tokens=reused,
            generated_tokens=count,
        )

    def close(self) -> None:
        """Free the weights and the cache."""
        with self._lock:
            self._kept.forget()
            self._llama.close()

    def forget(self) -> None:
        """Forget every prompt that was read: the next one is read from its first token on."""
        with self._lock:
            self._kept.forget()
            self._llama.reset()
            self._settled_tokens = 0

    @property
    def kept_bytes(self) -> int:
        """What is kept of earlier prompts takes so much memory."""
        return self._kept.bytes

    def _evaluate(self, tokens: Sequence[int], done: Tick) -> int:
        """Bring the cache to exactly `tokens`; return how many of them were known already."""
        reused = 0 if self._forgets else self._recalled(tokens)
        if reused == 0:
            self._llama.reset()
        self._llama.n_tokens = self._settled_tokens = reused
        for start in range(reused, len(tokens), self._slice):
            done(start)
            part = tokens[start : start + self._slice]
            self._llama.eval(part)
            if len(part) == self._slice:
                self._settled_tokens = start + self._slice
        return reused

    def _recalled(self, tokens: Sequence[int]) -> int:
        """Let the cache hold the longest known beginning of `tokens`; return its length.

        It is counted in whole slices and ends short of the last token, which has to be evaluated for the first draw. What
        the cache holds and would lose now is kept aside where it is worth it.
        """
        present: list[int] = self._llama.input_ids[: self._settled_tokens].tolist()
        wanted = tokens[:-1]
        common = common_length(present, wanted)
        returns = self._kept.covered(wanted) > common
        worth = len(present) - common >= _WORTH_KEEPING_TOKENS
        if worth and len(present) - self._kept.covered(present) >= _WORTH_KEEPING_TOKENS:
            # What was generated behind it is no part of it.
            self._llama.n_tokens = len(present)
            self._llama._ctx.kv_cache_seq_rm(-1, len(present), -1)  # noqa: SLF001 - the library's own way has no name
            self._kept.keep(self._llama.ctx, present, wanted if returns else ())
        if returns:
            held = self._kept.restore(self._llama.ctx, wanted)
            self._llama.input_ids[: len(held)] = held
            self._llama.n_tokens = self._settled_tokens = len(held)
            common = common_length(held, wanted)
        return common - common % self._slice

    def _prompt_tokens(self, prompt: Prompt) -> list[int]:
        return [
            token
            for text, is_control in self._frame.around(prompt.system, prompt.question)
            for token in self._tokens(text, control=is_control)
        ]

    def _tokens(self, text: str, *, control: bool = False) -> list[int]:
        """Return the text's tokens. Only the template's own text may hold control tokens: elsewhere they are letters."""
        tokens: list[int] = self._llama.tokenize(text.encode(), add_bos=False, special=control)
        return tokens

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        length = self._library.llama_token_to_piece(self._vocabulary, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[: max(length, 0)]

    @contextmanager
    def _sampler(self, rules: str, sampling: Sampling) -> Iterator[Any]:
        """Yield a chain: against repetition, within the grammar, then the likeliest token or a drawn one."""
        library = self._library
        breakers = (ctypes.c_char_p * len(_DRY_BREAKERS))(*_DRY_BREAKERS)
        constraint = library.llama_sampler_init_grammar(self._vocabulary, rules.encode(), b"root")
        if not constraint:
            raise ValueError(f"llama.cpp does not take the grammar: {_said_by_native_code()}")
        links = [constraint]
        if not sampling.may_repeat:
            links.insert(
                0,
                library.llama_sampler_init_dry(
                    self._vocabulary, _DRY_MULTIPLIER, _DRY_BASE, _DRY_ALLOWED_TOKENS, _DRY_LAST_TOKENS, breakers,
                    len(_DRY_BREAKERS),
                ),
            )  # fmt: skip
        if sampling.temperature > 0:
            links += [
                library.llama_sampler_init_min_p(_LEAST_PROBABILITY, 1),
                library.llama_sampler_init_temp(sampling.temperature),
                library.llama_sampler_init_dist(sampling.seed),
            ]
        else:
            links.append(library.llama_sampler_init_greedy())
        chain = library.llama_sampler_chain_init(library.llama_sampler_chain_default_params())
        for link in links:
            library.llama_sampler_chain_add(chain, link)
        try:
            yield chain
        finally:
            library.llama_sampler_free(chain)  # and its links with it


def _load(file: ModelFile, threads: int) -> Any:
    library = _library()
    _native_errors.clear()
    try:
        llama = library.Llama(
            str(file.path),
            n_ctx=file.context_tokens,
            n_batch=file.slice_tokens,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )
    except (ValueError, RuntimeError, AssertionError) as error:
        raise ModelDamaged(
            f"llama.cpp cannot load {file.path.name}: {_said_by_native_code() or type(error).__name__}."
        ) from error
    return llama


_native_errors: deque[str] = deque(maxlen=8)


def _said_by_native_code() -> str:
    """Return the first error since the last load: the ones after it only say that something failed."""
    return _native_errors[0].removesuffix(".") if _native_errors else ""


@cache
def _library() -> Any:
    """Import llama.cpp (a second, and threads of its own: never before a fork) and take its log over."""
    # Read when its threads' library loads. Threads that spin while they wait for each other burn the time slices that
    # the others need: on a busy machine two of them wrote 3 tokens a second instead of 25.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import llama_cpp

    level_before = 0

    @llama_cpp.llama_log_callback
    def on_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
        nonlocal level_before
        level_before = level_before if level == _LOG_CONTINUED else level
        if level_before == _LOG_ERROR and (said := text.decode("utf-8", errors="replace").strip()):
            _native_errors.append(said)
            logger.error("llama.cpp: %s", said)

    llama_cpp.llama_log_set(on_log, ctypes.c_void_p(0))
    llama_cpp.vocalyx_log_callback = on_log  # native code keeps the pointer only; a collected callback would crash it
    return llama_cpp
