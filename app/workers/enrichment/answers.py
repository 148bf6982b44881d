"""Reads a model's reply: what may be shown of it, or why it may not.

A grammar makes a reply well formed, not sensible. What small models do instead is known: they run on until they are
cut off, say the same again, or repeat the instruction. What is whole and new is kept; where nothing is left, the reply
is invalid and the question is asked again with another seed.
"""

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any, cast

from pydantic import ValidationError

from app.core.options import EnrichmentTask
from app.workers.enrichment.engine import Prompt, Reply
from app.workers.enrichment.schemas import (
    ANSWERS,
    POINT_CHARACTERS,
    POINT_LEAST_CHARACTERS,
    SUMMARY_CHARACTERS,
    TITLE_CHARACTERS,
)

Value = str | list[str]

# Radford et al. 2022, section 4.5, take text that zlib makes 2.4 times shorter for a loop. Short texts compress badly.
_LOOP_RATIO = 2.4
_LOOP_BYTES = 120

_SAME_WORDS = 0.8
"""Two sentences that share so much of their vocabulary (Jaccard index) say the same."""

_ECHO_WORDS = 3
"""Fewer words in a row may well be in the instruction by chance."""

_ALIKE = 0.7
_ARTICLES = frozenset({"the", "a", "le", "un"})

# A full stop ends a sentence before a space (3.5 and .org are none), in Chinese and Japanese also without one.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'»”)\]]*\s+|(?<=[。！？])")
_ENDED = re.compile(r"[.!?…。！？][\"'»”)\]]*$")
_ENDINGS = ('"}', '"]}', "]}", "}")
_LIST_MARK = re.compile(r"^(?:[-•*–]|\d{1,2}[.)])\s+")


class InvalidReply(Exception):
    """The reply cannot be shown; the message says why, for the log and the task's failure."""


def read_reply(task: EnrichmentTask, reply: Reply, prompt: Prompt) -> Value:
    """Return the answer in `reply` to `prompt`: text, or a list of texts. Raises `InvalidReply`."""
    raw = _parsed(task, reply)
    told = [_words(part) for part in (prompt.system, prompt.request)]
    match task:
        case EnrichmentTask.TITLE:
            value: Value = _title(str(raw), told, cut=not reply.complete)
        case EnrichmentTask.SUMMARY:
            value = _summary(str(raw), told, cut=not reply.complete)
        case EnrichmentTask.POINTS:
            value = _points(cast("list[str]", raw), told, cut=not reply.complete)
    try:
        ANSWERS[task].model_validate({str(task): value})
    except ValidationError as error:
        raise InvalidReply(f"the answer is too short or too long ({error.errors()[0]['msg'].lower()})") from error
    return value


def _parsed(task: EnrichmentTask, reply: Reply) -> Any:
    """Return the value of the answer's field. One that was cut off is closed first, so that its whole sentences count."""
    for ending in ("",) if reply.complete else _ENDINGS:
        try:
            value = json.loads(reply.text + ending, strict=False)[str(task)]
        except (ValueError, KeyError, TypeError):
            continue
        texts = value if isinstance(value, list) else [value]
        if isinstance(value, list) is (task is EnrichmentTask.POINTS) and all(isinstance(text, str) for text in texts):
            return value
    raise InvalidReply("the answer is not of the shape that was asked for")


def _title(raw: str, told: Sequence[Sequence[str]], *, cut: bool) -> str:
    title = _clean(raw).strip("\"'“”«» ").removesuffix(".").strip()
    if cut or len(raw) >= TITLE_CHARACTERS:
        raise InvalidReply("the title was cut off")
    if _names_the_field(title) or _is_echo(title, told):
        raise InvalidReply("the title repeats the instruction")
    return title


def _summary(raw: str, told: Sequence[Sequence[str]], *, cut: bool) -> str:
    sentences = _sentences(_clean(raw), cut=cut or len(raw) >= SUMMARY_CHARACTERS)
    if not sentences:
        raise InvalidReply("the summary was cut off before its first sentence ended")
    kept = [sentence for sentence in _distinct(sentences) if not _is_echo(sentence, told)]
    if not kept:
        raise InvalidReply("the summary repeats the instruction")
    summary = " ".join(kept)
    if _is_loop(summary):
        raise InvalidReply("the summary goes round in circles")
    return summary


def _points(raw: Sequence[str], told: Sequence[Sequence[str]], *, cut: bool) -> list[str]:
    points = []
    for index, item in enumerate(raw):
        text = _LIST_MARK.sub("", _clean(item))
        cut_here = len(item) >= POINT_CHARACTERS or (cut and index == len(raw) - 1)
        points.append(" ".join(_sentences(text, cut=cut_here)).rstrip(",;: "))
    kept = [
        point
        for point in _distinct(points)
        if len(point) >= POINT_LEAST_CHARACTERS and not _is_loop(point) and not _is_echo(point, told)
    ]
    if not kept:
        raise InvalidReply("no point says anything whole and new")
    return kept


def _clean(text: str) -> str:
    """Return the text on one line, without what no database or page takes: control characters, halves of characters."""
    whole = text.encode("utf-8", errors="ignore").decode("utf-8")
    return " ".join("".join(character if character.isprintable() else " " for character in whole).split())


def _sentences(text: str, *, cut: bool) -> list[str]:
    """Return the sentences; of a text that was cut off only those that end."""
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if cut and sentences and not (_ENDED.search(sentences[-1]) and len(sentences) > 1):
        sentences.pop()
    return sentences


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts in their order, without those that say again what an earlier one says."""
    kept: list[str] = []
    seen: list[set[str]] = []
    for text in texts:
        words = set(_words(text))
        if words and not any(len(words & other) >= _SAME_WORDS * len(words | other) for other in seen):
            kept.append(text)
            seen.append(words)
    return kept


def _is_echo(text: str, told: Sequence[Sequence[str]]) -> bool:
    """Tell whether the text is nothing but words of the instruction, in their order."""
    words = _words(text)
    count = len(words)
    return count >= _ECHO_WORDS and any(
        words == list(instruction[start : start + count])
        for instruction in told
        for start in range(len(instruction) - count + 1)
    )


def _names_the_field(title: str) -> bool:
    """Tell whether the title is the word "title", as small models fill the field called so: "The Titlle"."""
    words = [word for word in _words(title) if word not in _ARTICLES]
    return len(words) <= 1 and any(
        SequenceMatcher(None, word, name).ratio() >= _ALIKE for word in words for name in ("title", "titre")
    )


def _is_loop(text: str) -> bool:
    content = text.encode()
    return len(content) >= _LOOP_BYTES and len(content) / len(zlib.compress(content)) > _LOOP_RATIO


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
