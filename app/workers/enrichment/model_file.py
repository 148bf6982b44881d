"""A language model's file, looked at before native code meets it: whole, and not too large for this worker."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.catalog.errors import ModelDamaged
from app.catalog.gguf import GgufHeader, read_header
from app.catalog.installed import InstalledModel, file_sha256, installed
from app.workers import memory
from app.workers.enrichment.errors import ModelTooLarge
from app.workers.memory import PROCESS_BYTES, MemoryLimit, available_bytes

CONTEXT_LIMIT_TOKENS = 4096
"""Small models lose the thread in more, and the cache of a 7-billion-parameter model takes half a gigabyte here."""

LEAST_CONTEXT_TOKENS = 2048
"""Where memory is short the context is shortened down to this, and transcripts are read in more windows."""

SLICE_TOKENS = 64
LARGE_MODEL_SLICE_TOKENS = 32
"""Between slices a job can be cancelled: a 7-billion-parameter model reads about 10 tokens a second on 4 cores."""

_CONTEXT_STEP_TOKENS = 256
_LARGE_MODEL_BYTES = 2 * 1024**3
_WORKING_BYTES = 256 * 1024**2
_GIGABYTE = 1e9
_MEBIBYTE = 1024**2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that has been looked at, and how it is to be loaded. `slice_tokens` of a prompt are read at a time.

    Beside one prompt of `context_tokens` with its answer there is room for `beside_tokens` of others written meanwhile.
    """

    name: str
    path: Path
    size_bytes: int
    header: GgufHeader
    context_tokens: int
    slice_tokens: int
    beside_tokens: int = 0

    @property
    def cells(self) -> int:
        """The keys and values of so many tokens are kept."""
        return self.context_tokens + self.beside_tokens

    @property
    def cache_bytes(self) -> int:
        """What these keys and values take."""
        return self.header.cache_bytes_per_token * self.cells

    @property
    def needed_bytes(self) -> int:
        """What it takes in memory: weights, key-value cache, and room to compute."""
        return self.size_bytes + self.cache_bytes + _WORKING_BYTES

    @property
    def parts(self) -> str:
        """What the memory goes to, in words."""
        return (
            f"its file {_gigabytes(self.size_bytes)}, {self.cells} tokens of context"
            f" {_gigabytes(self.cache_bytes)}, computing and the process {_gigabytes(_WORKING_BYTES + PROCESS_BYTES)}"
        )


def checked(
    model: InstalledModel,
    *,
    context_limit: int = CONTEXT_LIMIT_TOKENS,
    limit: MemoryLimit | None = None,
    models_dir: Path | None = None,
    free_bytes: Callable[[], int] = available_bytes,
) -> ModelFile:
    """Look at an installed model's file: is it whole, and is there room for it.

    `limit` is what this process may use (`memory_limit()` where it is None); where the model will never fit, those of
    `models_dir` that would are named. Raises `ModelDamaged` and `ModelTooLarge`.
    """
    file = fitted(model, limit or memory.memory_limit(), context_limit=context_limit, models_dir=models_dir)
    free = free_bytes()
    if file.needed_bytes > free and file.beside_tokens:
        # Answers are written in more turns then, which is better than not at all.
        without = replace(file, beside_tokens=0)
        file = replace(file, beside_tokens=_beside(file, free - without.needed_bytes))
    if file.needed_bytes > free:
        raise ModelTooLarge(
            f"{model.name} needs {file.needed_bytes // _MEBIBYTE} MiB ({file.parts}); this worker can use"
            f" {free // _MEBIBYTE} MiB at the moment."
        )
    # Weights with flipped bits load without complaint and answer nonsense. Reading them here also warms the page cache.
    recorded = model.files.get(file.path.name)
    if recorded is not None and file_sha256(file.path) != recorded:
        raise ModelDamaged(f"The model file {file.path.name} is not the one that was installed: its SHA-256 differs.")
    return file


def fitted(
    model: InstalledModel,
    limit: MemoryLimit,
    *,
    context_limit: int = CONTEXT_LIMIT_TOKENS,
    models_dir: Path | None = None,
) -> ModelFile:
    """Return the model's file with as long a context as the limit leaves room for, and with room beside it.

    Reads the file's header only.

    Raises `ModelDamaged`, and `app.workers.memory.ModelTooLarge` where it will never fit, with the numbers.
    """
    whole = _described(model, context_limit)
    longest = whole.context_tokens
    for context_tokens in _contexts(longest):
        file = replace(whole, context_tokens=context_tokens)
        if _total(file, model) <= limit.bytes:
            if context_tokens < longest:
                logger.warning(
                    "%s reads %d tokens at a time: %d would need %s, and the limit is %s (%s).",
                    *(model.name, context_tokens, longest, _gigabytes(_total(whole, model))),
                    *(_gigabytes(limit.bytes), limit.source),
                )
            return replace(file, beside_tokens=_beside(file, limit.bytes - _total(file, model)))
    raise _too_large(model, file, limit, models_dir, context_limit)


def _described(model: InstalledModel, context_limit: int) -> ModelFile:
    files = sorted(model.folder.glob("*.gguf"))
    if len(files) != 1:
        raise ModelDamaged(f"The folder of {model.name} holds {len(files)} .gguf files; one is needed.")
    header = read_header(files[0])
    size = files[0].stat().st_size
    return ModelFile(
        name=model.name,
        path=files[0],
        size_bytes=size,
        header=header,
        context_tokens=min(header.context_tokens, context_limit),
        slice_tokens=LARGE_MODEL_SLICE_TOKENS if size > _LARGE_MODEL_BYTES else SLICE_TOKENS,
    )


def _contexts(longest: int) -> Iterator[int]:
    """Yield the lengths of context that are tried, the longest first."""
    yield longest
    first = (longest - 1) // _CONTEXT_STEP_TOKENS * _CONTEXT_STEP_TOKENS
    yield from range(first, LEAST_CONTEXT_TOKENS - 1, -_CONTEXT_STEP_TOKENS)


def _beside(file: ModelFile, left_bytes: int) -> int:
    """Return for how many tokens beside the context there is room: for as many again, at most."""
    tokens = max(0, left_bytes) // max(1, file.header.cache_bytes_per_token)
    return min(tokens - tokens % _CONTEXT_STEP_TOKENS, file.context_tokens)


def _total(file: ModelFile, model: InstalledModel) -> int:
    """Return what a worker with this model needs: by the operator's own figure where `model.json` has one."""
    return PROCESS_BYTES + (file.needed_bytes if model.memory_bytes is None else model.memory_bytes)


def _too_large(
    model: InstalledModel, file: ModelFile, limit: MemoryLimit, models_dir: Path | None, context_limit: int
) -> memory.ModelTooLarge:
    needed = _gigabytes(_total(file, model))
    others = [other for other in (installed(models_dir, "llm") if models_dir else ()) if other.name != model.name]
    fitting = [other.name for other in others if other.is_whole() and _fits(other, limit, context_limit)]
    instead = f"Choose a smaller model ({', '.join(fitting)})" if fitting else "Install and choose a smaller model"
    parts = file.parts if model.memory_bytes is None else "memory_bytes in its model.json"
    return memory.ModelTooLarge(
        f"llm/{model.name} needs at least {needed} ({parts}); this worker's limit is {_gigabytes(limit.bytes)}"
        f" ({limit.source}).",
        remedy=f"{instead}, or give the enrichment workers more memory: MemoryMax= and MemoryHigh= of their unit above"
        f" {needed}, on hosts that have it.",
    )


def _fits(model: InstalledModel, limit: MemoryLimit, context_limit: int) -> bool:
    try:
        file = _described(model, context_limit)
    except ModelDamaged:
        return False
    shortest = replace(file, context_tokens=min(file.context_tokens, LEAST_CONTEXT_TOKENS))
    return _total(shortest, model) <= limit.bytes


def _gigabytes(count: int) -> str:
    return f"{count / _GIGABYTE:.2f} GB"
