"""The numbers that a text names, in digits or in English and French words, so that both can be compared."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

_TOKEN = re.compile(r"\d{1,3}(?:[ \u00a0\u202f,.'’]\d{3})+(?!\d)|\d+(?:[.,]\d+)?|[^\W\d_]+")
_GROUPED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f,.'’]\d{3})+")

_UNITS = {
    word: value
    for value, words in enumerate(
        (
            "zero", "one un une", "two deux", "three trois", "four quatre", "five cinq", "six", "seven sept", "eight huit",
            "nine neuf", "ten dix", "eleven onze", "twelve douze", "thirteen treize", "fourteen quatorze",
            "fifteen quinze", "sixteen seize", "seventeen", "eighteen", "nineteen",
        )
    )
    for word in words.split()
}  # fmt: skip
_TENS = {
    word: value
    for value, words in (
        (20, "twenty vingt vingts"), (30, "thirty trente"), (40, "forty quarante"), (50, "fifty cinquante"),
        (60, "sixty soixante"), (70, "seventy septante"), (80, "eighty octante huitante"), (90, "ninety nonante"),
    )
    for word in words.split()
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12, "twentieth": 20,
    "thirtieth": 30, "premier": 1, "premiere": 1, "cinquieme": 5, "neuvieme": 9, "vingtieme": 20,
}  # fmt: skip
_SCALES = {
    word: 10**power
    for power, words in ((3, "thousand mille"), (6, "million millions"), (9, "billion milliard milliards"))
    for word in words.split()
}
_HUNDREDS = frozenset({"hundred", "hundreds", "cent", "cents"})
_LINKS = frozenset({"and", "et"})
_EIGHTY = 80
_SCORE = 20


def folded(text: str) -> str:
    """Return the text in small letters without accents, to be compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def numbers(text: str) -> set[str]:
    """Return every number of the text, as digits: `deux mille trois cents` and `2 300` are both `2300`.

    What is spelled in words is joined as far as both languages join it; years and telephone numbers said in groups
    come out as their groups.
    """
    return set(_spelled(_TOKEN.findall(folded(text))))


def telling(text: str) -> set[str]:
    """Return those numbers that say something: one and none are words of everyday in both languages."""
    return numbers(text) - {"0", "1"}


class _Sum:
    """A number that is being read: `total` is what is settled, `group` what is below the next scale."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.group: Decimal | None = None

    def add(self, value: int) -> bool:
        """Take a word below a hundred into the number; tell whether it belongs to it."""
        if self.group is None:
            self.group = Decimal(value)
            return True
        tail = self.group % 100
        if value == _SCORE and tail == 4:  # noqa: PLR2004 - quatre-vingt
            self.group += _EIGHTY - 4
        elif (
            (tail == 0 and self.group > 0)
            or (value < 10 and tail >= _SCORE and tail % 10 == 0)  # noqa: PLR2004 - twenty-one
            or (10 <= value < _SCORE and tail in {60, 80})  # noqa: PLR2004 - soixante-dix
        ):
            self.group += value
        else:
            return False
        return True

    def scale(self, factor: int) -> None:
        if factor == 100:  # noqa: PLR2004
            self.group = (self.group or Decimal(1)) * factor
        else:
            self.total += (Decimal(1) if self.group is None else self.group) * factor
            self.group = None

    @property
    def value(self) -> Decimal:
        return self.total + (self.group or 0)


def _spelled(tokens: Iterable[str]) -> Iterator[str]:
    present: _Sum | None = None
    for token in tokens:
        if token[0].isdigit():
            if present is not None:
                yield _written(present.value)
            yield _written(value := _decimal(token))
            present = _Sum()
            present.group = value
        elif token in _HUNDREDS or token in _SCALES:
            present = present or _Sum()
            present.scale(100 if token in _HUNDREDS else _SCALES[token])
        elif (value_of := _word_value(token)) is not None:
            if present is None or not present.add(value_of):
                if present is not None:
                    yield _written(present.value)
                present = _Sum()
                present.add(value_of)
        elif present is not None and token not in _LINKS:
            yield _written(present.value)
            present = None
    if present is not None:
        yield _written(present.value)


def _word_value(word: str) -> int | None:
    for table in (_UNITS, _TENS, _ORDINALS):
        if word in table:
            return table[word]
    for ending in ("th", "ieme"):
        stem = word.removesuffix(ending)
        if stem != word:
            return next(
                (table[full] for table in (_UNITS, _TENS) for full in (stem, f"{stem}e") if full in table), None
            )
    return None


def _decimal(token: str) -> Decimal:
    digits = re.sub(r"\D", "", token) if _GROUPED.fullmatch(token) else token.replace(",", ".")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal(0)


def _written(value: Decimal) -> str:
    return format(value.normalize(), "f")
