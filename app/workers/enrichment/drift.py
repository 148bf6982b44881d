"""How far a rewritten segment is from what was said: corrections may mend it, not change it."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from app.core.languages import UNSPACED_CHARACTER
from app.workers.enrichment.grounding import negations, titles_and_names_in, words_of
from app.workers.enrichment.numerals import numbers

MOST_CHANGED_WORDS = 0.3
"""Of the words, at most this share may be put in, taken out or replaced (Levenshtein's distance over words)."""
LEAST_ALIKE_CHARACTERS = 0.75
"""The letters of both, read as one row each, must match so far (Ratcliff and Obershelp's measure)."""

_SHORTEST_WORDS = 2
_SHORT_WORDS = 4
_APOSTROPHES = re.compile(r"['’]")
_NAME_ALIKE = 0.6
# Chinese and Japanese count in ten thousands: 15万 is 150,000.
_MYRIADS = re.compile(r"\d\s*[万萬億亿]")


def drifts(original: str, corrected: str) -> str | None:
    """Say why the corrected text is not taken for a correction of the original; None where it is one."""
    before, after = (words_of(_APOSTROPHES.sub("", text)) for text in (original, corrected))
    # In a short segment one mended word is a third of it: there the letters decide.
    most = max(MOST_CHANGED_WORDS * len(before), 2 if len(before) > _SHORTEST_WORDS else 1)
    alike = SequenceMatcher(None, "".join(before), "".join(after), autojunk=False)
    faults = {
        "nothing is left": not after,
        "a number is another one": numbers(original) != numbers(corrected),
        "a negation has come or gone": negations(original) != negations(corrected),
        "a name is missing, or a new one has come in": not _keeps_names(original, corrected),
        "too many words are others": edit_distance(before, after) > most,
        "it is spelled too differently": alike.ratio() < LEAST_ALIKE_CHARACTERS,
    }
    return next((fault for fault, is_so in faults.items() if is_so), None)


def translation_fault(original: str, translated: str) -> str | None:
    """Say why a text cannot be the translation of the original; None where nothing speaks against it."""
    if not words_of(translated):
        return "nothing is left"
    if not _length(original) / 3 - 3 <= _length(translated) <= _length(original) * 3 + 6:
        return "its length is not that of the original"
    said, written = _signs_apart(original), _signs_apart(translated)
    if len(said) > _SHORT_WORDS and edit_distance(said, written) <= 0.2 * len(said):
        return "it is not translated"
    if _figures(translated) > 1 / 2 >= _figures(original):
        return "it is figures, and no words"
    digits = {number for number in numbers(original) if len(number) > 1}
    counts_alike = not (_MYRIADS.search(original) or _MYRIADS.search(translated))
    if counts_alike and not digits <= numbers(translated) and any(character.isdigit() for character in original):
        return "a number is missing"
    return None


def _length(text: str) -> float:
    """Return how many words a text has: of a script that writes no spaces between them, two letters count for one."""
    # Letters: the vowels and tones of Burmese, Tibetan and Khmer are signs of their own, two or three to a letter.
    letters = sum(unicodedata.category(character) == "Lo" for character in UNSPACED_CHARACTER.findall(text))
    return len(words_of(UNSPACED_CHARACTER.sub(" ", text))) + letters / 2


def _signs_apart(text: str) -> list[str]:
    """Return the words of a text, each character of a script without spaces as one."""
    return words_of(UNSPACED_CHARACTER.sub(lambda sign: f" {sign[0]} ", text))


def _figures(text: str) -> float:
    """Return which share of the words have no letter."""
    words = words_of(text)
    return sum(not any(character.isalpha() for character in word) for word in words) / len(words) if words else 0.0


def edit_distance(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words must be put in, taken out or replaced to make one of the other (Levenshtein 1966)."""
    row = list(range(len(after) + 1))
    for index, word in enumerate(before, start=1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(after, start=1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1]


def _keeps_names(original: str, corrected: str) -> bool:
    """Tell whether each title and name is still there, if in another spelling, and none is new."""
    before, after = set(words_of(original)), set(words_of(corrected))
    return all(_has_like(name, after) for name in titles_and_names_in(original)) and all(
        _has_like(name, before) for name in titles_and_names_in(corrected)
    )


def _has_like(name: str, words: set[str]) -> bool:
    return name in words or any(SequenceMatcher(None, name, word).ratio() >= _NAME_ALIKE for word in words)
