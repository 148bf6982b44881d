"""Questions to recordings: what of them is shown to a model, and whether what it quotes stands there.

A quote is looked for word by word in what was shown. What is kept of it is the longest run of words that really stands
in one segment, as it is written there; a model's own words never become a quote.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import Any, Self

LONGEST_QUESTION = 1000
LONGEST_ANSWER = 2000
LONGEST_QUOTE = 1000
MAX_SOURCES = 8
UNFINISHED_LIMIT = 3
"""So many questions somebody may have waiting at a time: each holds up all other work of the language model."""
KEYS_UNFINISHED_LIMIT = 6
"""So many all keys of a project may have together: a project makes as many keys as it likes."""

_LEAST_WORDS = 3
"""Fewer stand in any recording by chance."""
_LEAST_PART = 0.6
"""Of a quote's words so many must stand in the segment, one after the other."""
_WORD = re.compile(r"\w+")


class QuestionState(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment that a model may be shown. `weight`: how well it fits the question, 0 where it does not.

    `transcription` is an id, `recording` the name that people gave it, `speaker` a name or the machine's label.
    """

    transcription: str
    recording: str
    segment: int
    start: float
    text: str
    speaker: str | None = None
    weight: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "transcription": self.transcription,
            "recording": self.recording,
            "segment": self.segment,
            "start": self.start,
            "text": self.text,
            "speaker": self.speaker,
            "weight": round(self.weight, 6),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild one. Raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            transcription=str(values["transcription"]),
            recording=str(values["recording"]),
            segment=int(values["segment"]),
            start=float(values["start"]),
            text=str(values["text"]),
            speaker=None if values.get("speaker") is None else str(values["speaker"]),
            weight=float(values.get("weight", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was said: `quote` stands in the segment as it is written here. `start` in seconds."""

    transcription: str
    segment: int
    start: float
    quote: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "transcription": self.transcription,
            "segment": self.segment,
            "start": self.start,
            "quote": self.quote,
        }


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    passage: int
    start: int
    end: int


def anchored(quote: str, passages: Sequence[Passage]) -> Source | None:
    """Return where the quote stands, or most of it in a row; None where it does not.

    A quote that goes over the end of a segment is found in the segment that has most of it.
    """
    wanted = [word.group().casefold() for word in _WORD.finditer(quote)]
    least = max(_LEAST_WORDS, math.ceil(_LEAST_PART * len(wanted)))
    best: list[_Word] = []
    for _, group in groupby(range(len(passages)), key=lambda index: passages[index].transcription):
        words = [word for index in group for word in _words(passages[index].text, index)]
        match = SequenceMatcher(None, wanted, [word.folded for word in words], autojunk=False).find_longest_match()
        if match.size > len(best):
            best = words[match.b : match.b + match.size]
    if len(best) < least:
        return None
    index, run = max(
        ((passage, list(part)) for passage, part in groupby(best, key=lambda word: word.passage)),
        key=lambda each: len(each[1]),
    )
    if len(run) < _LEAST_WORDS:
        return None
    found = passages[index]
    return Source(found.transcription, found.segment, found.start, found.text[run[0].start : run[-1].end])


def sources_of(quotes: Sequence[str], passages: Sequence[Passage]) -> list[Source]:
    """Return where the quotes stand, in order, each place once; those that stand nowhere are left out."""
    found: dict[tuple[str, int], Source] = {}
    for quote in quotes:
        source = anchored(quote, passages)
        if source is not None:
            found.setdefault((source.transcription, source.segment), source)
    return list(found.values())[:MAX_SOURCES]


def _words(text: str, passage: int) -> list[_Word]:
    return [_Word(word.group().casefold(), passage, word.start(), word.end()) for word in _WORD.finditer(text)]
