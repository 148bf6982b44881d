"""What may be shown of a model's reply, whatever it was asked, or why it may not.

A grammar makes a reply well formed, not sensible. What small models do instead is known: they run on until they are
cut off, say the same again, or repeat the instruction. What is whole and new is kept; where nothing is left, the reply
is invalid and the question is asked again with another seed.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.core.sentences import is_ended, sentences_of
from app.workers.enrichment.engine import Prompt, Reply

Shape = TypeVar("Shape", bound=BaseModel)
Item = TypeVar("Item")

# Radford et al. 2022, section 4.5, take text that zlib makes 2.4 times shorter for a loop. Short texts compress badly.
_LOOP_RATIO = 2.4
_LOOP_BYTES = 120

_SAME_WORDS = 0.8
"""Two sentences that share so much of their vocabulary (Jaccard index) say the same."""

_ECHO_WORDS = 3
"""Fewer words in a row may well be in the instruction by chance."""

_ALIKE = 0.7
_ARTICLES = frozenset({"the", "a", "le", "un"})

_ENDINGS = ('"}', '"]}', "]}", "}", '"}]}', "}]}", "}}")
_LINE_NUMBER = re.compile(r"\s*\[\d{1,4}\]:?")
_LIST_MARK = re.compile(r"^(?:[-•*–]|\d{1,2}[.)]|\[\d{1,4}\]:?)\s+")


class InvalidReply(Exception):
    """The reply cannot be shown; the message says why, for the log and the task's failure."""


class Told:
    """The words of the instruction, which an answer may not consist of."""

    def __init__(self, prompt: Prompt) -> None:
        self._parts = [_words(part) for part in (prompt.system, prompt.request)]

    def is_echoed_by(self, text: str) -> bool:
        """Tell whether the text is nothing but words of the instruction, in their order."""
        words = _words(text)
        count = len(words)
        return count >= _ECHO_WORDS and any(
            words == instruction[start : start + count]
            for instruction in self._parts
            for start in range(len(instruction) - count + 1)
        )


def parsed(reply: Reply, shape: type[Shape]) -> Shape:
    """Return the reply as the shape that was asked for. One that was cut off is closed first: what is whole in it counts.

    Raises `InvalidReply`.
    """
    for text in (reply.text,) if reply.complete else _closed(reply.text):
        try:
            return shape.model_validate(json.loads(text, strict=False))
        except (ValueError, RecursionError, ValidationError):
            continue
    raise InvalidReply("the answer is not of the shape that was asked for")


def checked(value: dict[str, object], shape: type[BaseModel]) -> None:
    """Raise `InvalidReply` where what is left of an answer is out of its bounds."""
    try:
        shape.model_validate(value)
    except ValidationError as error:
        raise InvalidReply(f"the answer is too short or too long ({error.errors()[0]['msg'].lower()})") from error


def title_of(raw: str, told: Told, *, cut: bool) -> str:
    """Return a title without its quotation marks and full stop. Raises `InvalidReply` for none."""
    title = _unnumbered(raw).strip("\"'“”«» ").removesuffix(".").strip()
    if cut:
        raise InvalidReply("the title was cut off")
    if _names_the_field(title) or told.is_echoed_by(title):
        raise InvalidReply("the title repeats the instruction")
    return title


def summary_of(raw: str, told: Told, *, cut: bool) -> str:
    """Return the whole and distinct sentences of a summary. Raises `InvalidReply` where none is left."""
    whole = sentences(_unnumbered(raw), cut=cut)
    if not whole:
        raise InvalidReply("the summary was cut off before its first sentence ended")
    kept = [sentence for sentence in distinct(whole) if not told.is_echoed_by(sentence)]
    if not kept:
        raise InvalidReply("the summary repeats the instruction")
    summary = " ".join(kept)
    if is_loop(summary):
        raise InvalidReply("the summary goes round in circles")
    return summary


def statement_of(raw: str, *, cut: bool) -> str:
    """Return one item of a list without its mark; of one that was cut off the whole sentences, "" for none."""
    text = _LIST_MARK.sub("", _unnumbered(raw))
    return " ".join(sentences(text, cut=cut)).rstrip(",;: ")


def is_worth_showing(text: str, told: Told, least_characters: int) -> bool:
    return len(text) >= least_characters and not is_loop(text) and not told.is_echoed_by(text)


def clean(text: str) -> str:
    """Return the text on one line, without what no database or page takes: control characters, halves of characters."""
    whole = text.encode("utf-8", errors="ignore").decode("utf-8")
    return " ".join("".join(character if character.isprintable() else " " for character in whole).split())


def _unnumbered(text: str) -> str:
    """Return the text, clean, without the numbers that lines are shown with."""
    return _LINE_NUMBER.sub("", clean(text)).strip()


def sentences(text: str, *, cut: bool) -> list[str]:
    """Return the sentences; of a text that was cut off only those that end."""
    found = sentences_of(text)
    if cut and found and not (is_ended(found[-1]) and len(found) > 1):
        found.pop()
    return found


def distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts in their order, without those that say again what an earlier one says."""
    return distinct_by(texts, lambda text: text)


def distinct_by(items: Iterable[Item], text_of: Callable[[Item], str]) -> list[Item]:
    """Return the items in their order, without those whose text says again what an earlier one's says."""
    kept: list[Item] = []
    seen: list[set[str]] = []
    for item in items:
        words = set(_words(text_of(item)))
        if words and not any(len(words & other) >= _SAME_WORDS * len(words | other) for other in seen):
            kept.append(item)
            seen.append(words)
    return kept


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts say the same in the same words, or nearly so."""
    words, others = set(_words(one)), set(_words(other))
    return bool(words) and len(words & others) >= _SAME_WORDS * len(words | others)


def is_loop(text: str) -> bool:
    """Tell whether a text says the same over and over."""
    content = text.encode()
    return len(content) >= _LOOP_BYTES and len(content) / len(zlib.compress(content)) > _LOOP_RATIO


def _closed(text: str) -> Iterable[str]:
    """Yield ways to close an answer that was cut off: as it is, then without its last item."""
    yield from (text + ending for ending in _ENDINGS)
    whole = text[: text.rfind("}") + 1]
    if whole:
        yield from (whole + ending for ending in ("]}", "}", ""))


def _names_the_field(title: str) -> bool:
    """Tell whether the title is the word "title", as small models fill the field called so: "The Titlle"."""
    words = [word for word in _words(title) if word not in _ARTICLES]
    return len(words) <= 1 and any(
        SequenceMatcher(None, word, name).ratio() >= _ALIKE for word in words for name in ("title", "titre")
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
