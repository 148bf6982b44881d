"""Reads prompts into a context, in slices that begin at multiples of the slice's length.

What is known of an earlier prompt is reused in whole slices only, so every slice is computed in the same shape whatever
came before it, and floating-point sums come out the same to the last bit. (On two cores slices of 64 were no slower than
slices of 512.)
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.workers.enrichment.native import Cell, NativeModel
from app.workers.enrichment.prefixes import TRUNK, KeptPrefixes, common_length

_WORTH_KEEPING_TOKENS = 256
"""Less than this is read again as fast as it is worth: the last slices of a request, not material."""


class Slice:
    """The cells of one slice, which all sequences that begin with it share."""


@dataclass(frozen=True, slots=True)
class Read:
    """A prompt that was read: its whole slices, how many of its tokens were known, and the last cell's index."""

    slices: tuple[Slice, ...]
    reused_tokens: int
    last: int


class Trunk:
    """The prompt that was read last, in whole slices: those that begin like it branch off from it.

    What another prompt pushes out is kept aside where it is worth it, see `prefixes`.
    """

    def __init__(self, native: NativeModel, kept: KeptPrefixes, slice_tokens: int) -> None:
        self._native = native
        self._kept = kept
        self._slice_tokens = slice_tokens
        self._tokens: list[int] = []
        self._slices: list[Slice] = []
        self._straight = 0

    def wanted_cells(self, tokens: Sequence[int], held: Iterable[Slice]) -> int:
        """Return how many cells are taken once `tokens` are read, beside sequences that hold the slices `held`."""
        common = self._whole(common_length(self._tokens, tokens[:-1]))
        shared = {*held, *self._slices[: common // self._slice_tokens]}
        return len(shared) * self._slice_tokens + len(tokens) - common

    def read(self, tokens: Sequence[int], sequence: int, free_cells: int, tick: Callable[[int], None]) -> Read:
        """Bring an empty sequence to exactly `tokens`; `tick` is told how many are known, before each slice.

        `free_cells` are those that no other sequence has or may still want.
        """
        if self._native.forgets:
            self._native.clear()
            return Read((), 0, self._evaluate(tokens, 0, sequence, tick))
        alone = free_cells == self._native.cells
        reused = self._recalled(tokens, free_cells)
        self._cut(reused)
        self._straight = min(self._straight, reused)
        whole = self._whole(len(tokens))
        last = -1
        for start in range(reused, whole, self._slice_tokens):
            part = tokens[start : start + self._slice_tokens]
            last = self._evaluate(tokens[: start + self._slice_tokens], start, TRUNK, tick)
            self._tokens += part
            self._slices.append(Slice())
        if alone and self._straight == reused:
            self._straight = whole
        self._native.share(TRUNK, sequence, whole)
        if whole < len(tokens):
            last = self._evaluate(tokens, whole, sequence, tick)
        return Read(tuple(self._slices), reused, last)

    def straighten(self) -> None:
        """Leave only what was read while there was nothing else: sums over cells that lie otherwise are rounded otherwise."""
        self._cut(self._straight)

    def forget(self) -> None:
        """Forget everything that was read."""
        self._kept.forget()
        self._native.clear()
        self._tokens, self._slices, self._straight = [], [], 0

    def _evaluate(self, tokens: Sequence[int], start: int, sequence: int, tick: Callable[[int], None]) -> int:
        """Compute the tokens from `start` on; return the index of the last one in its slice."""
        index = -1
        for first in range(start, len(tokens), self._slice_tokens):
            tick(first)
            part = tokens[first : first + self._slice_tokens]
            index = len(part) - 1
            self._native.evaluate(
                [Cell(token, first + place, sequence, asked=place == index) for place, token in enumerate(part)]
            )
        return index

    def _recalled(self, tokens: Sequence[int], free_cells: int) -> int:
        """Let the trunk hold the longest known beginning of `tokens`; return its length.

        It is counted in whole slices and ends short of the last token, which has to be evaluated for the first draw. What
        the trunk holds and would lose now is kept aside where it is worth it.
        """
        wanted = tokens[:-1]
        common = common_length(self._tokens, wanted)
        returns = self._kept.covered(wanted) > common and self._kept.length(wanted) <= free_cells
        worth = len(self._tokens) - common >= _WORTH_KEEPING_TOKENS
        if worth and len(self._tokens) - self._kept.covered(self._tokens) >= _WORTH_KEEPING_TOKENS:
            self._kept.keep(self._native.context, self._tokens, wanted if returns else ())
        if returns:
            held = self._kept.restore(self._native.context, wanted)
            self._tokens = list(held)
            self._slices = [Slice() for _ in range(len(held) // self._slice_tokens)]
            self._straight = len(held) if free_cells == self._native.cells else 0
            common = common_length(held, wanted)
        return self._whole(common)

    def _cut(self, length: int) -> None:
        if length < len(self._tokens):
            self._native.cut(TRUNK, length)
            del self._tokens[length:]
            del self._slices[length // self._slice_tokens :]

    def _whole(self, length: int) -> int:
        return length - length % self._slice_tokens
