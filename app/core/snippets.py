"""The part of a text in which something was found, in pieces: what was looked for, and what stands around it."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

SNIPPET_CHARACTERS = 240

_WORD = re.compile(r"[^\W_]+")
_CHUNK = re.compile(r"\S+")
_EDGES = ".,;:!?…()[]{}«»“”\"'’‘"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text as it stands there, whatever it holds; `hit`: it is what was looked for."""

    text: str
    hit: bool

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "hit": self.hit}


def words_to_ask_about(texts: Iterable[str], lexemes: Collection[str]) -> set[str]:
    """Return the words of the texts that may stand for one of the lexemes: a stem begins as its word does."""
    initials = {_initial(lexeme) for lexeme in lexemes}
    words = {word for text in texts for chunk in _CHUNK.findall(text) for word in _words(chunk)}
    return {word for word in words if _initial(word) in initials}


def snippet(text: str, is_hit: Callable[[str], bool], *, characters: int = SNIPPET_CHARACTERS) -> list[Piece]:
    """Return about so many characters of the text around the first hit. `is_hit` is asked of each word alone.

    Joined, the pieces are a stretch of the text, with "…" where it was cut.
    """
    hits = [
        (chunk.start() + start, chunk.start() + end)
        for chunk in _CHUNK.finditer(text)
        for start, end in _hits(chunk.group(), is_hit)
    ]
    start, end = _window(text, hits[0][0] if hits else 0, characters)
    pieces = [Piece("…", hit=False)] if start else []
    at = start
    for first, last in hits:
        if first >= at and last <= end:
            pieces += [Piece(text[at:first], hit=False), Piece(text[first:last], hit=True)]
            at = last
    pieces.append(Piece(text[at:end] + ("…" if end < len(text) else ""), hit=False))
    return [piece for piece in pieces if piece.text]


def _words(chunk: str) -> list[str]:
    """Return the words in a piece without spaces, and the piece itself: an address or a number is found as a whole."""
    return [*_WORD.findall(chunk), chunk.strip(_EDGES)]


def _hits(chunk: str, is_hit: Callable[[str], bool]) -> list[tuple[int, int]]:
    inside = [match.span() for match in _WORD.finditer(chunk) if is_hit(match.group())]
    whole = chunk.strip(_EDGES)
    if inside or not whole or not is_hit(whole):
        return inside
    start = chunk.index(whole)
    return [(start, start + len(whole))]


def _window(text: str, first: int, characters: int) -> tuple[int, int]:
    """Return the bounds of a stretch around the first hit, at spaces where there are some near."""
    if len(text) <= characters:
        return 0, len(text)
    start = max(0, min(first - characters // 3, len(text) - characters))
    end = min(len(text), start + characters)
    if start and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", max(first, start), end)) > first:
        end = space
    return start, end


def _initial(word: str) -> str:
    """Return the first letter, small and without its accent; ligatures begin as they are typed."""
    first = unicodedata.normalize("NFD", word[:1].casefold())[:1]
    return {"œ": "o", "æ": "a", "ø": "o", "ð": "d", "đ": "d", "ł": "l"}.get(first, first)
