"""llama.cpp in this process: GGUF models on the processor's cores.

Answers can be had again: the prompt is evaluated in slices that begin at multiples of the slice length, and what is
known of an earlier prompt is only reused in whole slices. So every slice is computed in the same shape whatever came
before it, and floating-point sums come out the same to the last bit. (On two cores slices of 64 were no slower than
slices of 512.)
"""

import ctypes
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.catalog.errors import ModelDamaged
from app.catalog.gguf import GgufHeader, read_header
from app.catalog.installed import InstalledModel, file_sha256, find
from app.workers.enrichment.chat import ChatFrame
from app.workers.enrichment.engine import Prompt, Reply, Sampling, Tick
from app.workers.enrichment.errors import ContextTooSmall, ModelTooLarge
from app.workers.enrichment.grammar import grammar
from app.workers.memory import available_bytes, usable_cores

CONTEXT_LIMIT_TOKENS = 4096
"""Small models lose the thread in more, and the cache of a 7-billion-parameter model takes half a gigabyte here."""

SLICE_TOKENS = 64
LARGE_MODEL_SLICE_TOKENS = 32
"""Between slices a job can be cancelled: a 7-billion-parameter model reads about 10 tokens a second on 4 cores."""

_LARGE_MODEL_BYTES = 2 * 1024**3
_WORKING_BYTES = 256 * 1024**2
_MEBIBYTE = 1024**2

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


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that has been looked at, and how it is to be loaded."""

    name: str
    path: Path
    header: GgufHeader
    context_tokens: int

    @property
    def needed_bytes(self) -> int:
        """What it takes in memory: weights, key-value cache, and room to compute."""
        return self.path.stat().st_size + self.header.cache_bytes_per_token * self.context_tokens + _WORKING_BYTES

    @property
    def slice_tokens(self) -> int:
        """How many tokens of a prompt are evaluated at a time."""
        return LARGE_MODEL_SLICE_TOKENS if self.path.stat().st_size > _LARGE_MODEL_BYTES else SLICE_TOKENS


def open_installed(
    models_dir: Path, threads: int, name: str, *, context_limit: int = CONTEXT_LIMIT_TOKENS
) -> "LlamaModel":
    """Check the installed model `name` and load it.

    Raises `UnknownModel`, `ModelDamaged`, `ModelTooLarge`, `ModelUnsuitable`.
    """
    return LlamaModel(checked(find(models_dir, "llm", name), context_limit=context_limit), threads)


def checked(model: InstalledModel, *, context_limit: int = CONTEXT_LIMIT_TOKENS) -> ModelFile:
    """Look at an installed model's file before native code does. Raises `ModelDamaged` and `ModelTooLarge`."""
    files = sorted(model.folder.glob("*.gguf"))
    if len(files) != 1:
        raise ModelDamaged(f"The folder of {model.name} holds {len(files)} .gguf files; one is needed.")
    path = files[0]
    header = read_header(path)
    file = ModelFile(model.name, path, header, min(header.context_tokens, context_limit))
    available = available_bytes()
    if file.needed_bytes > available:
        raise ModelTooLarge(
            f"{model.name} needs {file.needed_bytes // _MEBIBYTE} MiB (its file, {file.context_tokens} tokens of"
            f" context, room to compute); this worker can use {available // _MEBIBYTE} MiB."
        )
    # Weights with flipped bits load without complaint and answer nonsense. Reading them here also warms the page cache.
    recorded = model.files.get(path.name)
    if recorded is not None and file_sha256(path) != recorded:
        raise ModelDamaged(f"The model file {path.name} is not the one that was installed: its SHA-256 differs.")
    return file


class LlamaModel:
    """A loaded model with its key-value cache. One answer at a time; further callers wait."""

    def __init__(self, file: ModelFile, threads: int) -> None:
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
        self, prompt: Prompt, schema: Mapping[str, Any], sampling: Sampling, *, max_tokens: int, tick: Tick
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
            self._llama.close()

    def _evaluate(self, tokens: Sequence[int], done: Tick) -> int:
        """Bring the cache to exactly `tokens`; return how many of them it knew already."""
        reused = self._known(tokens)
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

    def _known(self, tokens: Sequence[int]) -> int:
        """Return the length of the common beginning of cache and `tokens`, in whole slices and short of the last token."""
        if self._forgets:
            return 0
        common = 0
        for known, token in zip(self._llama.input_ids[: self._settled_tokens], tokens[:-1], strict=False):
            if known != token:
                break
            common += 1
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
        links = [
            library.llama_sampler_init_dry(
                self._vocabulary, _DRY_MULTIPLIER, _DRY_BASE, _DRY_ALLOWED_TOKENS, _DRY_LAST_TOKENS, breakers,
                len(_DRY_BREAKERS),
            ),
            constraint,
        ]  # fmt: skip
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
