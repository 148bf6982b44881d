"""What a statement rests on: the segments of the transcript in which it can be found, or none.

A model's own references are a proposal. Code decides: a statement is kept where the words that say something in it stand
in those segments, or in others that are found by them; each of its numbers and names must stand there. So a small model
gives less, not lies. What is checked are words, not sense.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from app.core.sentences import ABBREVIATED_TITLES, clauses_of, is_abbreviation
from app.core.speakers import number_of
from app.workers.enrichment.numerals import folded, telling
from app.workers.enrichment.speaker_names import without_speakers

_CITED_SHARE = 0.34
"""Of a statement's weight in words, this much must stand in the segments that the model itself names."""
_FOUND_SHARE = 0.55
"""Where the model names none or wrong ones, more is asked of those that are found by the words."""
_MOST_SEGMENTS = 4
_LEAST_GAIN = 0.12
"""A further segment is taken in where it adds this much of the statement's weight."""
_STEM = 5
_QUOTE_WORDS = 3

_WORD = re.compile(r"\w+")
_SENTENCE_START = re.compile(r"(?:^|[.!?…:;•\n]\s*|[\"“«(]\s*)$")
_CAPITALISED = re.compile(r"\b[^\W\d_][\w'’-]*")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_COMMON = _listed(
    """
    a about after all also an and any are as at be because been before being but by can could did do does doing during each
    for from further get had has have having he her here him his how i if in into is it its just may me might more most must
    my no nor not of off on once only or other our out over own said says say same she should so some such than that the
    their them then there these they this those through to too under until up us very was we were what when where which
    while who whom why will with would you your im ive dont doesnt isnt its lets
    speaker speakers recording transcript discussed mentioned talked discusses mentions talks
    ai alors au aucun aussi autre autres aux avant avec avoir bien c ca car ce ceci cela celle ces cet cette chez ci comme
    comment d dans de depuis des deux donc dont du elle elles en encore entre es est et etaient etait ete etre eu eux fait
    faire faut font il ils j je l la le les leur leurs lui m ma mais me meme mes moi mon n ne ni nos notre nous on ont ou par
    parce pas peu peut plus pour pourquoi qu quand que quel quelle quelles quels qui s sa sans se sera serait ses si soit
    son sont sous sur t ta te tes toi ton tous tout toute toutes tres tu un une va vers voici voila vont vos votre vous y
    intervenant intervenants enregistrement transcription discute mentionne parle
    """
)
"""Words that any recording has, folded; in English and French, others count by how rare they are in this one."""

_TITLES = ABBREVIATED_TITLES | _listed(
    """
    mister miss sir madam doctor professor
    monsieur messieurs madame mesdames mademoiselle mesdemoiselles docteur docteure professeur professeure maitre
    """
)
"""Folded: people are called by another one in the text than in a statement, and are the same people."""

_NEGATIONS = _listed(
    """
    not never nothing nobody none cannot dont doesnt didnt isnt arent wasnt werent wont cant couldnt shouldnt wouldnt
    pas jamais rien aucun aucune personne
    """
)
_CONTRACTED = re.compile(r"\w+n['’]t\b")


def negations(text: str) -> int:
    """Return how often a text says no, in English or French: "ne" alone comes and goes in speech."""
    whole = text.casefold()
    return sum(word in _NEGATIONS for word in words_of(whole)) + len(_CONTRACTED.findall(whole))


def stem(word: str) -> str:
    """Return what inflected forms of a folded word have in common, roughly: its first letters, no plural's s at the end."""
    return (word.removesuffix("s") if len(word) > _STEM - 2 else word)[:_STEM]


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, in their order."""
    return _WORD.findall(folded(text))


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that say something; numbers are told apart elsewhere."""
    return [stem(word) for word in words_of(text) if word not in _COMMON and len(word) > 1 and not word[0].isdigit()]


def names_in(text: str) -> set[str]:
    """Return the folded words that are written as names: as those of `titles_and_names_in`, but for the titles."""
    return titles_and_names_in(text) - _TITLES


def titles_and_names_in(text: str) -> set[str]:
    """Return the folded words that are written with a capital letter, but not at the start of a sentence."""
    found = set()
    for match in _CAPITALISED.finditer(text):
        word = match[0]
        if word[0].isupper() and not _begins_sentence(text[: match.start()], word):
            found |= {part for part in words_of(word) if part not in _COMMON and len(part) > 1}
    return found


def _begins_sentence(before: str, word: str) -> bool:
    return _SENTENCE_START.search(before) is not None and not is_abbreviation(before, word)


class Source:
    """The words of a transcript by segment: `texts` and `speakers` in their order, the positions counted from 0.

    `same_language` False: statements about it are in another language, and only numbers can be compared.
    """

    def __init__(
        self,
        texts: Sequence[str],
        speakers: Sequence[str | None] = (),
        starts: Sequence[float] = (),
        ends: Sequence[float] = (),
        *,
        same_language: bool = True,
    ) -> None:
        self.texts = tuple(texts)
        self.starts = tuple(starts) or tuple(float(index) for index in range(len(texts)))
        self.ends = tuple(ends) or self.starts
        self.same_language = same_language
        self._speakers = tuple(speakers) or (None,) * len(texts)
        self._stems = [
            set(content_stems(f"{text} {who or ''}")) for text, who in zip(texts, self._speakers, strict=True)
        ]
        self._speaker_numbers = {number for who in self._speakers if (number := number_of(who)) is not None}
        self._numbers = [telling(text) for text in texts]
        self._frequency = Counter(known for stems in self._stems for known in stems)

    def __len__(self) -> int:
        return len(self.texts)

    def start_of(self, segments: Sequence[int]) -> float | None:
        """Return when the first of these segments begins, in seconds."""
        return round(self.starts[min(segments)], 3) if segments else None

    def end_of(self, segments: Sequence[int]) -> float | None:
        """Return when the last of these segments ends, in seconds."""
        return round(self.ends[max(segments)], 3) if segments else None

    def has_words(self, text: str) -> bool:
        """Tell whether any word of the text that says something stands in the transcript."""
        return any(known in self._frequency for known in content_stems(text)) or bool(
            self._told(text) & self.all_numbers
        )

    @cached_property
    def all_numbers(self) -> set[str]:
        return set().union(*self._numbers) if self._numbers else set()

    @cached_property
    def speaker_words(self) -> set[str]:
        return {word for speaker in self._speakers if speaker for word in words_of(speaker)}

    def locate(
        self, statement: str, cited: Iterable[int] = (), among: Collection[int] | None = None
    ) -> tuple[int, ...]:
        """Return the segments that a statement rests on, in order: () where it cannot be found.

        `cited` are those that the model names, `among` those that it was shown (None: all).
        """
        shown = range(len(self)) if among is None else sorted(among)
        proposed = [position for position in dict.fromkeys(cited) if position in set(shown)]
        if not self.same_language:
            return tuple(sorted(proposed)) if self._told(statement) <= self._numbers_of(shown) else ()
        wanted = self._weights(statement)
        if not wanted:
            return ()
        return self._covering(wanted, proposed, _CITED_SHARE) or self._covering(wanted, shown, _FOUND_SHARE)

    def agrees(self, statement: str, segments: Iterable[int]) -> bool:
        """Tell whether a statement says no where the clause that it is nearest to does, and only there."""
        wanted = set(content_stems(statement))
        clauses = [clause for position in segments for clause in clauses_of(self.texts[position])]
        nearest = max(clauses, key=lambda clause: len(wanted & set(content_stems(clause))), default="")
        return not self.same_language or bool(negations(statement)) is bool(negations(nearest))

    def is_supported(self, statement: str) -> bool:
        """Tell whether it may be shown without references: every number and every name in it stands in the transcript."""
        if not self._told(statement) <= self.all_numbers:
            return False
        return not self.same_language or all(stem(name) in self._frequency for name in names_in(statement))

    def has_numbers_of(self, statement: str) -> bool:
        return self._told(statement) <= self.all_numbers

    def quoted(self, quote: str, among: Collection[int] | None = None) -> tuple[int, ...]:
        """Return the segments in which the quote stands word for word, case, accents and punctuation aside; else ()."""
        words = words_of(quote)
        if len(words) < _QUOTE_WORDS:
            return ()
        return next((found for found in self.occurrences(words) if among is None or found[0] in among), ())

    def occurrences(self, words: Sequence[str]) -> Iterable[tuple[int, ...]]:
        """Yield the segments of each place where these folded words stand one after the other."""
        stream, at = self._stream
        count = len(words)
        if not count:
            return
        for index in self._places.get(words[0], ()):
            if stream[index : index + count] == list(words):
                yield tuple(dict.fromkeys(at[index : index + count]))

    @cached_property
    def _stream(self) -> tuple[list[str], list[int]]:
        words, at = [], []
        for position, text in enumerate(self.texts):
            said = words_of(text)
            words += said
            at += [position] * len(said)
        return words, at

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for index, word in enumerate(self._stream[0]):
            places.setdefault(word, []).append(index)
        return places

    def _told(self, statement: str) -> set[str]:
        """Return the numbers that a statement says something by: those of the speakers stand in no text."""
        return telling(without_speakers(statement, self._speaker_numbers))

    def _numbers_of(self, positions: Iterable[int]) -> set[str]:
        return set().union(*(self._numbers[position] for position in positions))

    def _weights(self, statement: str) -> "_Wanted":
        """Return what is to be found: each stem with its weight, the rarer in the transcript the heavier."""
        total = len(self) + 1
        weights = {
            known: math.log(1 + total / (1 + self._frequency[known]))
            for known in dict.fromkeys(content_stems(statement))
        }
        return _Wanted(weights, {stem(name) for name in names_in(statement)}, self._told(statement))

    def _covering(self, wanted: "_Wanted", candidates: Sequence[int], share: float) -> tuple[int, ...]:
        """Return the fewest of the candidates that hold enough of what is wanted, and all that must be there."""
        chosen: list[int] = []
        left = set(wanted.weights)
        numbers, names = set(wanted.numbers), set(wanted.names)
        found = 0.0
        while len(chosen) < _MOST_SEGMENTS:
            gains = {
                position: wanted.gain(left & self._stems[position], numbers & self._numbers[position])
                for position in candidates
                if position not in chosen
            }
            best = max(gains, key=lambda position: (gains[position], -position), default=None)
            if best is None or gains[best] <= (_LEAST_GAIN * wanted.total if chosen else 0):
                break
            chosen.append(best)
            left -= self._stems[best]
            numbers -= self._numbers[best]
            names -= self._stems[best]
            found = wanted.total - wanted.gain(left, numbers)
        if numbers or names or found < share * wanted.total:
            return ()
        return tuple(sorted(chosen))


class _Wanted:
    """What a statement says: weighted stems, and the numbers and names that must be there."""

    def __init__(self, weights: dict[str, float], names: set[str], numbers: set[str]) -> None:
        self.weights, self.names, self.numbers = weights, names, numbers
        self._number_weight = max(weights.values(), default=1.0)
        self.total = self.gain(weights, numbers)

    def __bool__(self) -> bool:
        return bool(self.weights or self.numbers)

    def gain(self, stems: Iterable[str], numbers: Collection[str]) -> float:
        # A name counts double: it decides on the place.
        return sum(
            self.weights[known] * (2 if known in self.names else 1) for known in stems
        ) + self._number_weight * len(numbers)
