"""Reads prompts into a context, in slices that begin at multiples of the slice's length, and anew where the request begins.

What is known of an earlier prompt is reused in whole slices only, so every slice is computed in the same shape whatever
came before it, and floating-point sums come out the same to the last bit. (On two cores slices of 64 were no slower than
slices of 512.) The material that several requests are about ends with a slice of its own: none of it is read again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.workers.enrichment.native import Cell, NativeModel
from app.workers.enrichment.prefixes import TRUNK, KeptPrefixes, common_length

_WORTH_KEEPING_TOKENS = 256
"""Less than this is read again as fast as it is worth: the material of a few lines."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt in tokens. Those before `joint` are what other requests about the same material begin with, too."""

    all: Sequence[int]
    joint: int

    @property
    def shared(self) -> Sequence[int]:
        """The tokens before the joint; at least one is left, which is evaluated for the first draw."""
        return self.all[: min(self.joint, len(self.all) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The cells of one slice, up to the prompt's token `end`, which all sequences that begin with it share."""

    end: int
    cells: int


@dataclass(frozen=True, slots=True)
class Read:
    """A prompt that was read: its shared slices, how many of its tokens were known, and the last cell's index."""

    slices: tuple[Slice, ...]
    reused_tokens: int
    last: int


class Trunk:
    """The shared part of the prompt that was read last, in slices: those that begin like it branch off from it.

    What another prompt pushes out is kept aside where it is worth it, see `prefixes`.
    """

    def __init__(self, native: NativeModel, kept: KeptPrefixes, slice_tokens: int) -> None:
        self._native = native
        self._kept = kept
        self._slice_tokens = slice_tokens
        self._tokens: list[int] = []
        self._slices: list[Slice] = []
        self._straight = 0

    def wanted_cells(self, prompt: Tokens, held: Iterable[Slice]) -> int:
        """Return how many cells are taken once `prompt` is read, beside sequences that hold the slices `held`."""
        known = self._known(prompt.shared)
        common = known[-1].end if known else 0
        return sum(one.cells for one in {*held, *known}) + len(prompt.all) - common

    def read(self, prompt: Tokens, sequence: int, free_cells: int, tick: Callable[[int], None]) -> Read:
        """Bring an empty sequence to exactly `prompt`; `tick` is told how many tokens are known, before each slice.

        `free_cells` are those that no other sequence has or may still want.
        """
        if self._native.forgets:
            self._native.clear()
            return Read((), 0, self._evaluate(prompt.all, 0, sequence, tick))
        shared = prompt.shared
        alone = free_cells == self._native.cells
        reused = self._recalled(shared, free_cells)
        self._cut(reused)
        self._straight = min(self._straight, reused)
        for begin, end in pairwise([reused, *self._ends(reused, len(shared))]):
            self._evaluate(shared[:end], begin, TRUNK, tick)
            self._tokens += shared[begin:end]
            self._slices.append(Slice(end, end - begin))
        if alone and self._straight == reused:
            self._straight = len(shared)
        self._native.share(TRUNK, sequence, len(shared))
        last = self._evaluate(prompt.all, len(shared), sequence, tick)
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

    def _recalled(self, shared: Sequence[int], free_cells: int) -> int:
        """Let the trunk hold the longest known beginning of `shared`; return its length, which is one of whole slices.

        What the trunk holds and would lose now is kept aside where it is worth it.
        """
        common = common_length(self._tokens, shared)
        returns = self._kept.covered(shared) > common and self._kept.length(shared) <= free_cells
        worth = len(self._tokens) - common >= _WORTH_KEEPING_TOKENS
        if worth and len(self._tokens) - self._kept.covered(self._tokens) >= _WORTH_KEEPING_TOKENS:
            self._kept.keep(self._native.context, self._tokens, shared if returns else ())
        if returns:
            self._tokens = list(self._kept.restore(self._native.context, shared))
            self._slices = self._sliced(len(self._tokens))
            self._straight = len(self._tokens) if free_cells == self._native.cells else 0
        known = self._known(shared)
        return known[-1].end if known else 0

    def _known(self, shared: Sequence[int]) -> list[Slice]:
        """Return the slices of the trunk with which `shared`, cut into slices, begins."""
        common = common_length(self._tokens, shared)
        return [one for one in self._slices if one.end <= common and (one.end == len(shared) or self._is_whole(one))]

    def _is_whole(self, one: Slice) -> bool:
        return one.cells == self._slice_tokens

    def _sliced(self, length: int) -> list[Slice]:
        return [Slice(end, end - begin) for begin, end in pairwise([0, *self._ends(0, length)])]

    def _ends(self, begin: int, length: int) -> list[int]:
        """Return where the slices from `begin` on end of a shared part of so many tokens."""
        return [*range(begin + self._slice_tokens, length, self._slice_tokens), *([length] if length > begin else [])]

    def _cut(self, length: int) -> None:
        if length < len(self._tokens):
            self._native.cut(TRUNK, length)
            del self._tokens[length:]
            self._slices = [one for one in self._slices if one.end <= length]
