"""Where personal data stands in texts: what has a form is found by it, names and addresses by their words."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from app.core.personal_data import PersonalKind, Span
from app.core.personal_numbers import numbers_in

# Bounded everywhere, as the patterns of numbers are.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
# File names have underscores between words. An accent may be a character of its own.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_BORDER = "\n"


class KnownPhrases:
    """Texts to be found as whole words, whatever their case, accents and ligatures, and whatever stands between the words."""

    def __init__(self, phrases: Iterable[tuple[str, PersonalKind]] = ()) -> None:
        self._kinds: dict[tuple[str, ...], PersonalKind] = {}
        self._lengths: dict[str, set[int]] = {}
        for phrase, kind in phrases:
            words = tuple(_folded(match[0]) for match in _WORD.finditer(phrase))
            if words:
                self._kinds.setdefault(words, kind)
                self._lengths.setdefault(words[0], set()).add(len(words))

    def places(self, text: str) -> Iterator[Span]:
        """Yield where they stand; places may overlap. The time it takes is that of the text, however many they are."""
        matches = list(_WORD.finditer(text)) if self._kinds else []
        words = [_folded(match[0]) for match in matches]
        for index, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                end = min(index + length, len(words))
                kind = self._kinds.get(tuple(words[index:end]))
                if kind is not None:
                    yield Span(matches[index].start(), matches[end - 1].end(), kind)


NO_PHRASES = KnownPhrases()


def found(text: str, phrases: KnownPhrases = NO_PHRASES) -> list[Span]:
    """Return where personal data stands, in order and without overlaps."""
    emails = (Span(*match.span(), PersonalKind.EMAIL) for match in _EMAIL.finditer(text))
    spans = [*emails, *numbers_in(text), *phrases.places(text)]
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = Span(kept[-1].start, span.end, kept[-1].kind)
    return kept


def found_in_each(texts: Sequence[str], phrases: KnownPhrases = NO_PHRASES) -> list[list[Span]]:
    """Return where personal data stands in each of the texts that follow one another.

    Of what begins in one and ends in another each has its part.
    """
    each: list[list[Span]] = [[] for _ in texts]
    starts = list(accumulate((len(text) + len(_BORDER) for text in texts), initial=0))
    for span in found(_BORDER.join(texts), phrases):
        position = bisect_right(starts, span.start) - 1
        while position < len(texts) and starts[position] < span.end:
            start = max(span.start - starts[position], 0)
            end = min(span.end - starts[position], len(texts[position]))
            if start < end:
                each[position].append(Span(start, end, span.kind))
            position += 1
    return each


def _folded(word: str) -> str:
    """Return the word in small letters without accents and ligatures."""
    apart = unicodedata.normalize("NFKD", word.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(character for character in apart if not unicodedata.combining(character))
