"""Times for words that a person wrote: those of the machine's words that they stand for.

Both texts are taken as sequences of units, words or, in scripts that write none apart, characters. They are aligned as
by the edit distance of Wagner and Fischer (1974) over what a unit sounds like: case, accents and punctuation do not
count. A unit that is the same keeps its time; what was changed shares out the time of what it replaces.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.core.languages import UNSPACED_CHARACTER
from app.core.transcript import Word

# No-break spaces stay inside: French typography puts them before ? ! : ; and inside « ».
_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")

# A unit that was put between two that stay takes so much time of the one before where there is no pause to stand in.
_SHORTEST_SECONDS = 0.05

# Beyond this the table would take seconds: the time is shared out over the whole text instead.
_LARGEST_TABLE = 1_000_000

_CORRECT = 1.0
"""The probability of a word that a person wrote."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of text with the space before it, if any."""

    text: str
    start: float = 0.0
    end: float = 0.0
    probability: float = _CORRECT

    @property
    def key(self) -> str:
        """What the unit sounds like, as far as spelling tells; its own text where it is punctuation alone."""
        apart = unicodedata.normalize("NFKD", self.text.casefold())
        return "".join(character for character in apart if character.isalnum()) or self.text.strip()

    @property
    def weight(self) -> int:
        return max(1, sum(character.isalnum() for character in self.text))


@dataclass(frozen=True, slots=True)
class _Block:
    """Units of the machine's that other units, of a person's, stand for. `at` is the index behind the old ones."""

    old: Sequence[_Unit]
    new: Sequence[_Unit]
    at: int


def tidy(text: str) -> str:
    """Return the text composed, on one line, with single spaces and none at its ends."""
    return " ".join(piece for piece in _SPACE.split(unicodedata.normalize("NFC", text)) if piece.strip()).strip()


def align_words(text: str, machine: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Return the words of a corrected text with times between `start` and `end`, in order and none before another.

    Joined they are the text (see `tidy`), each with its leading space. `machine` are the words of the segment as they
    were recognised; without any there is no time to give, and no word is returned. O(words of both, multiplied).
    """
    if not machine:
        return ()
    heard = [piece for word in _in_order(machine, start, end) for piece in _pieces(word)]
    written = list(_units(tidy(text)))
    if not written:
        return ()
    timed: list[_Unit] = []
    for block in _blocks(heard, written):
        if block.old:
            timed.extend(_replaced(block) if block.new else ())
        else:
            following = heard[block.at].start if block.at < len(heard) else end
            _insert(timed, block.new, start, following)
    return tuple(Word(unit.start, unit.end, unit.text, unit.probability) for unit in timed)


def _units(text: str) -> Iterator[_Unit]:
    """Yield the units of a tidy text; joined they are the text with one space before it."""
    for piece in text.split(" ") if text else ():
        lead = " "
        for part in _parts(piece):
            yield _Unit(lead + part)
            lead = ""


def _parts(piece: str) -> Iterator[str]:
    """Yield a piece without spaces as it is, or where it is written without any between words, each character."""
    held = ""
    for character in piece:
        if UNSPACED_CHARACTER.match(character) and not unicodedata.combining(character):
            if held:
                yield held
            held = character
        elif held and UNSPACED_CHARACTER.match(held) and character.isalnum():
            yield held
            held = character
        else:
            held += character
    if held:
        yield held


def _pieces(word: Word) -> Iterator[_Unit]:
    """Yield the units that a machine's word is made of, its time shared out."""
    units = list(_units(tidy(word.text)))
    yield from (replace(unit, probability=word.probability) for unit in _shared(units, word.start, word.end))


def _in_order(words: Sequence[Word], start: float, end: float) -> Iterator[Word]:
    """Yield the words with times that do not run backwards nor leave the segment: those of a decoder may a little."""
    latest = start
    for word in words:
        first = min(max(latest, word.start), end)
        latest = min(max(first, word.end), end)
        yield replace(word, start=first, end=latest)


def _shared(units: Sequence[_Unit], start: float, end: float) -> list[_Unit]:
    """Return the units with the time from `start` to `end` shared out over their letters."""
    whole = sum(unit.weight for unit in units)
    result: list[_Unit] = []
    done, at = 0, start
    for unit in units:
        done += unit.weight
        until = end if done == whole else max(at, min(end, start + (end - start) * done / whole))
        result.append(replace(unit, start=at, end=until))
        at = until
    return result


def _replaced(block: _Block) -> list[_Unit]:
    """Return the new units of a block with the time of the old ones, one for one where there are as many."""
    if len(block.old) == len(block.new):
        return [
            replace(new, start=old.start, end=old.end, probability=old.probability if old.key == new.key else _CORRECT)
            for old, new in zip(block.old, block.new, strict=True)
        ]
    return _shared(block.new, block.old[0].start, block.old[-1].end)


def _insert(timed: list[_Unit], new: Sequence[_Unit], start: float, following: float) -> None:
    """Put units behind those that are timed, into the pause before `following`."""
    first = timed[-1].end if timed else start
    if timed and following - first < _SHORTEST_SECONDS * len(new):
        # There is hardly a pause: the unit before makes room, with half of its time at most.
        last = timed[-1]
        first = max((last.start + last.end) / 2, min(first, following - _SHORTEST_SECONDS * len(new)))
        timed[-1] = replace(last, end=first)
    timed.extend(_shared(new, first, max(first, following)))


def _blocks(heard: Sequence[_Unit], written: Sequence[_Unit]) -> Iterator[_Block]:
    """Yield the runs that stand for one another, in order; of each run one side may be empty."""
    if (len(heard) + 1) * (len(written) + 1) > _LARGEST_TABLE:
        yield _Block(heard, written, len(heard))
        return
    old_from = new_from = 0
    for old, new in [*_same(heard, written), (len(heard), len(written))]:
        if old > old_from or new > new_from:
            yield _Block(heard[old_from:old], written[new_from:new], old)
        if old < len(heard) and new < len(written):
            yield _Block(heard[old : old + 1], written[new : new + 1], old + 1)
        old_from, new_from = old + 1, new + 1


def _same(heard: Sequence[_Unit], written: Sequence[_Unit]) -> list[tuple[int, int]]:
    """Return the index pairs of units that are the same in the cheapest way from one text to the other, in order."""
    old, new = [unit.key for unit in heard], [unit.key for unit in written]
    costs = [list(range(len(new) + 1))]
    for row, key in enumerate(old, start=1):
        above, costs_here = costs[-1], [row]
        for column, other in enumerate(new, start=1):
            changed = above[column - 1] + (key != other)
            costs_here.append(min(changed, above[column] + 1, costs_here[-1] + 1))
        costs.append(costs_here)
    pairs: list[tuple[int, int]] = []
    row, column = len(old), len(new)
    while row and column:
        here = costs[row][column]
        if here == costs[row - 1][column - 1] + (old[row - 1] != new[column - 1]):
            row, column = row - 1, column - 1
            if old[row] == new[column]:
                pairs.append((row, column))
        elif here == costs[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
