"""A model and a context of llama.cpp, through its C interface: tokens, and cells of keys and values that sequences share.

A cell belongs to one sequence or to several that begin alike, and what they share takes room once. The Python library's
own class knows one sequence only.
"""

import ctypes
import logging
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from app.catalog.errors import ModelDamaged
from app.workers.enrichment.model_file import ModelFile

_LOG_ERROR = 4
_LOG_CONTINUED = 5
"""ggml_log_level; the Python library's own table is shifted by one and would drop errors."""

_PIECE_BYTES = 512

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cell:
    """A token at its place in a sequence; `asked`: what comes after it is wanted."""

    token: int
    position: int
    sequence: int
    asked: bool = False


class NativeModel:
    """Weights with one context of `cells` cells, in up to `sequences` sequences. Not for several threads at once."""

    def __init__(self, file: ModelFile, threads: int, *, sequences: int) -> None:
        """Raises `ModelDamaged`, with llama.cpp's own words."""
        self.library = library()
        self.sequences = sequences
        self.cells = file.cells
        self._batch_tokens = max(file.slice_tokens, sequences)
        _native_errors.clear()
        weights = self.library.llama_model_default_params()
        weights.n_gpu_layers = 0
        self.model = self.library.llama_model_load_from_file(os.fsencode(file.path), weights)
        if not self.model:
            raise _damaged(file)
        self.context = self.library.llama_init_from_model(self.model, self._parameters(file, threads))
        if not self.context:
            self.library.llama_model_free(self.model)
            raise _damaged(file)
        self.vocabulary = self.library.llama_model_get_vocab(self.model)
        self.vocabulary_size = int(self.library.llama_vocab_n_tokens(self.vocabulary))
        self._memory = self.library.llama_get_memory(self.context)
        self._batch = self.library.llama_batch_init(self._batch_tokens, 0, 1)
        self._piece = ctypes.create_string_buffer(_PIECE_BYTES)

    @property
    def forgets(self) -> bool:
        """Whether it keeps one state and cannot go back to an earlier token of it, as recurrent models do."""
        return bool(self.library.llama_model_is_recurrent(self.model) or self.library.llama_model_is_hybrid(self.model))

    def tokens_of(self, text: str, *, control: bool = False) -> list[int]:
        """Return the text's tokens. Only where `control` is set may it hold control tokens: elsewhere they are letters."""
        content = text.encode()
        room = len(content) + 8
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = self.library.llama_tokenize(self.vocabulary, content, len(content), tokens, room, False, control)
            if count >= 0:
                return list(tokens[:count])
            room = -count

    def piece_of(self, token: int) -> bytes:
        """Return what a token stands for; nothing for a control token."""
        length = self.library.llama_token_to_piece(self.vocabulary, token, self._piece, _PIECE_BYTES, 0, False)
        return self._piece.raw[: max(length, 0)]

    def ends(self, token: int) -> bool:
        """Tell whether an answer ends with this token."""
        return bool(self.library.llama_vocab_is_eog(self.vocabulary, token))

    def token_eos(self) -> int:
        return int(self.library.llama_vocab_eos(self.vocabulary))

    def token_bos(self) -> int:
        return int(self.library.llama_vocab_bos(self.vocabulary))

    def evaluate(self, cells: Sequence[Cell]) -> None:
        """Compute so many cells at once, at most a slice of them."""
        batch = self._batch
        batch.n_tokens = len(cells)
        for index, cell in enumerate(cells):
            batch.token[index] = cell.token
            batch.pos[index] = cell.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = cell.sequence
            batch.logits[index] = cell.asked
        if (status := self.library.llama_decode(self.context, batch)) != 0:
            raise RuntimeError(f"llama.cpp could not compute {len(cells)} tokens ({status}): {said_by_native_code()}")

    def scores(self, index: int) -> npt.NDArray[np.float32]:
        """Return the score of every token to come after cell `index` of those evaluated last, until the next are."""
        pointer = self.library.llama_get_logits_ith(self.context, index)
        row = (ctypes.c_float * self.vocabulary_size).from_address(ctypes.addressof(pointer.contents))
        scores: npt.NDArray[np.float32] = np.ctypeslib.as_array(row)
        return scores

    def share(self, source: int, target: int, length: int) -> None:
        """Let `target`, an empty sequence, begin as `source` does, with the same cells."""
        self.library.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, sequence: int, length: int) -> None:
        """Leave the first `length` tokens of a sequence; cells that no other one has are free then."""
        self.library.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def clear(self) -> None:
        """Forget every sequence."""
        self.library.llama_memory_clear(self._memory, False)

    def close(self) -> None:
        """Free the weights and the cells."""
        if self.context:
            self.library.llama_batch_free(self._batch)
            self.library.llama_free(self.context)
            self.library.llama_model_free(self.model)
            self.context = self.model = None

    def _parameters(self, file: ModelFile, threads: int) -> Any:
        parameters = self.library.llama_context_default_params()
        parameters.n_ctx = file.cells
        parameters.n_batch = parameters.n_ubatch = self._batch_tokens
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.n_seq_max = self.sequences
        parameters.kv_unified = True
        # It passes over other sequences' cells, but where most are shared it takes up to twice as long (docs/decisions.md).
        parameters.flash_attn_type = self.library.LLAMA_FLASH_ATTN_TYPE_DISABLED
        return parameters


_native_errors: deque[str] = deque(maxlen=8)


def said_by_native_code() -> str:
    """Return the first error since the last load: the ones after it only say that something failed."""
    return _native_errors[0].removesuffix(".") if _native_errors else ""


def _damaged(file: ModelFile) -> ModelDamaged:
    return ModelDamaged(f"llama.cpp cannot load {file.path.name}: {said_by_native_code() or 'it does not say why'}.")


@cache
def library() -> Any:
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
    llama_cpp.llama_backend_init()
    return llama_cpp
