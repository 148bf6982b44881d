"""Personal data in a text: what patterns find (addresses of mail, telephone, bank and card numbers), and how it is hidden."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class PersonalKind(StrEnum):
    NAME = "name"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: the characters from `start` up to `end`, and what they are."""

    start: int
    end: int
    kind: PersonalKind


_WORDS: Mapping[str, Mapping[PersonalKind, str]] = {
    "fr": {
        PersonalKind.NAME: "NOM",
        PersonalKind.ADDRESS: "ADRESSE",
        PersonalKind.EMAIL: "COURRIEL",
        PersonalKind.PHONE: "TÉLÉPHONE",
        PersonalKind.IBAN: "IBAN",
        PersonalKind.CARD: "CARTE",
    },
    "en": {
        PersonalKind.NAME: "NAME",
        PersonalKind.ADDRESS: "ADDRESS",
        PersonalKind.EMAIL: "EMAIL",
        PersonalKind.PHONE: "PHONE",
        PersonalKind.IBAN: "IBAN",
        PersonalKind.CARD: "CARD",
    },
}

# Bounded everywhere: a pattern that could look back and forth over a long text would be a way to hold up a server.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ \u00a0\u202f-]?[0-9A-Za-z]{1,4}){3,9}(?![0-9A-Za-z])")
_DIGITS = re.compile(r"(?<![\w+(])(?:\+|\(\+)?\(?\d(?:[ \u00a0\u202f.()/-]{0,2}\d){5,22}(?!\w)")
_IBAN_LENGTHS = range(15, 35)
_CARD_LENGTHS = range(13, 20)
_PHONE_LENGTHS = range(8, 16)
_FRENCH_PHONE_LENGTH = 10
_YEARS = re.compile(
    r"(?:19|20)\d\d[ ./-]+(?:19|20)\d\d|\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"
)


def found(text: str, phrases: Iterable[tuple[str, PersonalKind]] = ()) -> list[Span]:
    """Return where personal data stands, in order and without overlaps.

    `phrases` are further texts to find, whole words, whatever their case. Bank and card numbers must have the right
    check digits (ISO 13616 and ISO/IEC 7812-1); of any other row of digits, what is no date and is as long as
    a telephone number is one where it is written as one: with a plus sign or a zero in front, or in groups.
    """
    spans = [*_patterns(text), *_of_phrases(text, phrases)]
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = Span(kept[-1].start, span.end, kept[-1].kind)
    return kept


def placeholder(kind: PersonalKind, language: str | None) -> str:
    """Return what stands in the place of personal data: `[TÉLÉPHONE]` in French, `[PHONE]` in any other language."""
    return f"[{_WORDS['fr' if language == 'fr' else 'en'][kind]}]"


def hidden(text: str, spans: Sequence[Span], language: str | None) -> str:
    """Return the text with its spans replaced by their kinds."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], placeholder(span.kind, language)]
        at = span.end
    return "".join([*parts, text[at:]])


def _patterns(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        yield Span(*match.span(), PersonalKind.EMAIL)
    for match in _IBAN.finditer(text):
        if (end := _iban_end(match[0])) is not None:
            yield Span(match.start(), match.start() + end, PersonalKind.IBAN)
    for match in _DIGITS.finditer(text):
        if (kind := _kind_of_digits(match[0])) is not None:
            yield Span(*match.span(), kind)


def _of_phrases(text: str, phrases: Iterable[tuple[str, PersonalKind]]) -> Iterator[Span]:
    for phrase, kind in phrases:
        words = re.findall(r"\w+", phrase)
        if words:
            pattern = r"(?<!\w)" + r"\W{1,3}".join(map(re.escape, words)) + r"(?!\w)"
            yield from (Span(*match.span(), kind) for match in re.finditer(pattern, text, re.IGNORECASE))


def _iban_end(written: str) -> int | None:
    """Return where the IBAN ends: the words behind one look like more of it. None where the check digits are wrong."""
    ends = [index + 1 for index, character in enumerate(written) if character.isalnum()]
    for end in reversed(ends):
        if end < len(written) and written[end].isalnum():
            continue
        compact = re.sub(r"[^0-9A-Za-z]", "", written[:end]).upper()
        if len(compact) in _IBAN_LENGTHS:
            rearranged = compact[4:] + compact[:4]
            if int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1:
                return end
    return None


def _kind_of_digits(written: str) -> PersonalKind | None:
    digits = re.sub(r"\D", "", written)
    if len(digits) in _CARD_LENGTHS and _passes_luhn(digits) and len(set(digits)) > 1:
        return PersonalKind.CARD
    if len(digits) not in _PHONE_LENGTHS or _YEARS.fullmatch(written.strip()):
        return None
    international = written.lstrip("(").startswith("+") or digits.startswith("00")
    national = digits.startswith("0") and len(digits) == _FRENCH_PHONE_LENGTH
    grouped = re.fullmatch(r"\(?\d{2,4}\)?(?:[ .-]\(?\d{2,4}\)?){2,5}", written) is not None
    # Groups of three behind a shorter one are how large numbers are written: 12 345 678.
    amount = re.fullmatch(r"\d{1,3}(?:[ \u00a0\u202f.]\d{3})+", written) is not None
    return PersonalKind.PHONE if international or national or (grouped and not amount) else None


def _passes_luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of both digits
    return total % 10 == 0
