"""Beginnings of prompts that a model has read, kept aside: to return to one costs a copy instead of the reading.

The tasks of a recording ask about the same material, and the model's cache holds what it read last. Where they
alternate between materials (a transcript and the notes on it, one window and the next), each change would throw the
other one away.
"""

import ctypes
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.workers.memory import available_bytes

TRUNK = 0
"""The sequence whose beginning others share."""

_RESERVE_BYTES = 256 * 1024**2
"""So much of the memory stays free whatever is kept: what is kept is a convenience, and computing is not."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """The keys and values of `tokens`, as llama.cpp writes a sequence's state out."""

    tokens: tuple[int, ...]
    state: ctypes.Array[ctypes.c_char]
    used_at: float


class KeptPrefixes:
    """What a context has read before, up to `limit_bytes` in all; the one that was needed longest ago goes first.

    `free_bytes` says how much memory there is at the moment.
    """

    def __init__(self, library: Any, limit_bytes: int, free_bytes: Callable[[], int] = available_bytes) -> None:
        self._library = library
        self._limit = limit_bytes
        self._free_bytes = free_bytes
        self._kept: list[_Kept] = []

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        return sum(len(kept.state) for kept in self._kept)

    def covered(self, tokens: Sequence[int]) -> int:
        """Return how many of the first `tokens` the best of them has."""
        return max((common_length(kept.tokens, tokens) for kept in self._kept), default=0)

    def length(self, tokens: Sequence[int]) -> int:
        """Return how many tokens the best of them holds, so many cells it takes to go back to it."""
        best = self._best(tokens)
        return 0 if best is None else len(best.tokens)

    def keep(self, context: Any, tokens: Sequence[int], wanted: Sequence[int]) -> bool:
        """Keep what the context holds, which must be exactly `tokens`; tell whether there was room for it.

        What has most of `wanted`, which is to be read next, does not go for it.
        """
        size = int(self._library.llama_state_seq_get_size(context, TRUNK))
        if not 0 < size <= self._limit:
            return False
        # One that this one goes on from has nothing that this one has not.
        self._kept = [kept for kept in self._kept if common_length(kept.tokens, tokens) < len(kept.tokens)]
        best = self._best(wanted)
        others = sorted((kept for kept in self._kept if kept is not best), key=lambda kept: kept.used_at)
        while others and self.bytes + size > self._limit:
            self._kept.remove(others.pop(0))
        if self.bytes + size > self._limit:
            return False
        if self._free_bytes() - size < _RESERVE_BYTES:
            return False
        state = ctypes.create_string_buffer(size)
        pointer = ctypes.cast(state, ctypes.POINTER(ctypes.c_uint8))
        if self._library.llama_state_seq_get_data(context, pointer, size, TRUNK) != size:
            return False
        self._kept.append(_Kept(tuple(tokens), state, time.monotonic()))
        logger.debug("A prompt's beginning is kept.", extra={"fields": {"tokens": len(tokens), "bytes": size}})
        return True

    def restore(self, context: Any, tokens: Sequence[int]) -> tuple[int, ...]:
        """Put the one that has most of `tokens` into the context, and return its tokens; () where none could be."""
        best = self._best(tokens)
        if best is None:
            return ()
        pointer = ctypes.cast(best.state, ctypes.POINTER(ctypes.c_uint8))
        if not self._library.llama_state_seq_set_data(context, pointer, len(best.state), TRUNK):
            self._kept.remove(best)
            return ()
        best.used_at = time.monotonic()
        return best.tokens

    def _best(self, tokens: Sequence[int]) -> _Kept | None:
        best = max(self._kept, key=lambda kept: common_length(kept.tokens, tokens), default=None)
        return best if best is not None and common_length(best.tokens, tokens) > 0 else None

    def forget(self) -> None:
        """Give the memory back."""
        self._kept.clear()


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with in common."""
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    return common
