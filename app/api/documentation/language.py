"""Whether a reader is answered in French or in English."""

from collections.abc import Callable
from enum import StrEnum

from app.api.documentation.french import FRENCH

Translate = Callable[[str], str]


class Language(StrEnum):
    ENGLISH = "en"
    FRENCH = "fr"


def preferred(accept_language: str) -> Language:
    """Return the language that an `Accept-Language` header likes best; English where it names neither."""
    best, weight_of_best = Language.ENGLISH, 0.0
    for choice in accept_language.split(","):
        name, _, weight = choice.partition(";q=")
        found = name.strip().lower().partition("-")[0]
        if found in set(Language) and (weight_given := _weight(weight)) > weight_of_best:
            best, weight_of_best = Language(found), weight_given
    return best


def translation(language: Language) -> Translate:
    """Return what says an English text in this language. A text without a translation stays English."""
    if language is Language.FRENCH:
        return lambda text: FRENCH.get(text, text)
    return lambda text: text


def _weight(text: str) -> float:
    try:
        return float(text or "1")
    except ValueError:
        return 0.0
