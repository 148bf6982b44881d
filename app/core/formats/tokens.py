"""A segment's text as the pieces that a subtitle line may be broken between, each with its time."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.core.formats.lines import one_line
from app.core.transcript import Segment

# French sets these off with a space, on which no line may break: "Pourquoi ?", "« Oui »", "20 %".
_CLINGS_TO_PREVIOUS = frozenset("?!:;»%€…")
_CLINGS_TO_NEXT = frozenset("«")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text, `start` to `end` in seconds.

    `spaced`: a space stands between it and the piece before. `announces`: it is not said, it names who says what follows.
    """

    text: str
    start: float
    end: float
    spaced: bool = True
    announces: bool = False


def columns(text: str) -> int:
    """Return the width on screen: one column a character, two for the wide ones of East Asian scripts (UAX 11)."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def timed_tokens(segment: Segment, line_columns: int) -> list[Token]:
    """Return the segment's text as tokens no wider than a line.

    Times come from the words where they spell the text; where they are missing, or somebody edited the text, time is
    shared out over the characters.
    """
    text = one_line(segment.text)
    times, boundaries = _character_times(segment, "".join(text.split()))
    tokens: list[Token] = []
    position = 0
    for piece in _unbreakable_pieces(text, line_columns):
        for number, part in enumerate(_parts_within_a_line(piece, boundaries, position, line_columns)):
            length = len("".join(part.split()))
            tokens.append(
                Token(part, times[position][0], times[position + length - 1][1], spaced=number == 0 and bool(tokens))
            )
            position += length
    return tokens


def has_word_times(segment: Segment) -> bool:
    """Tell whether the segment's words spell its text, so that its tokens have the times of words."""
    return "".join(_spelled(segment)) == "".join(one_line(segment.text).split())


def _spelled(segment: Segment) -> list[str]:
    return ["".join(one_line(word.text).split()) for word in segment.words]


def _character_times(segment: Segment, characters: str) -> tuple[list[tuple[float, float]], frozenset[int]]:
    """Return start and end of each character (spaces do not count), and the positions at which a word begins."""
    spelled = _spelled(segment)
    spans = [(word.start, word.end, len(text)) for word, text in zip(segment.words, spelled, strict=True) if text]
    if "".join(spelled) != characters:
        spans = [(segment.start, segment.end, len(characters))]
    times: list[tuple[float, float]] = []
    boundaries = set()
    latest = 0.0
    for word_start, word_end, length in spans:
        boundaries.add(len(times))
        start = max(latest, word_start)
        latest = end = max(start, word_end)
        step = (end - start) / length if length else 0.0
        times.extend((start + step * n, end if n == length - 1 else start + step * (n + 1)) for n in range(length))
    return times, frozenset(boundaries)


def _unbreakable_pieces(text: str, line_columns: int) -> Iterator[str]:
    """Split at spaces, but not at those that French punctuation is set off with."""
    held = ""
    for piece in text.split(" ") if text else ():
        clings = _CLINGS_TO_PREVIOUS.issuperset(piece) or held in _CLINGS_TO_NEXT
        together = f"{held} {piece}"
        if held and clings and columns(together) <= line_columns:
            held = together
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def _parts_within_a_line(piece: str, boundaries: frozenset[int], position: int, line_columns: int) -> Iterator[str]:
    """Cut what is wider than a line: between words in scripts that write none apart, and else wherever it must be.

    `position` counts the characters before the piece, `boundaries` those at which words begin; neither counts spaces.
    """
    if columns(piece) <= line_columns:
        yield piece
        return
    cuts = [0]
    for at, character in enumerate(piece):
        if at and position in boundaries and not character.isspace():
            cuts.append(at)
        position += not character.isspace()
    for start, end in pairwise([*cuts, len(piece)]):
        yield from (part.strip() for part in _cut_anywhere(piece[start:end], line_columns) if part.strip())


def _cut_anywhere(text: str, line_columns: int) -> Iterator[str]:
    start = 0
    for at in range(len(text)):
        if columns(text[start : at + 1]) > line_columns:
            cut = at
            while cut > start + 1 and unicodedata.combining(text[cut]):
                cut -= 1  # an accent stays with its letter
            yield text[start:cut]
            start = cut
    yield text[start:]


def joined(tokens: Sequence[Token]) -> str:
    """Return the tokens as one line of text."""
    return "".join(f" {token.text}" if token.spaced and n else token.text for n, token in enumerate(tokens))
