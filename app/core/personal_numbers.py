"""Telephone, bank and card numbers in a text, also as they are written down from speech: with pauses, over segments."""

import re
from collections.abc import Iterator, Sequence

from app.core.personal_data import PersonalKind, Span

# Bounded, or without two ways to read the same: a pattern that could look back and forth over a long text would be a
# way to hold up a server.
_CLOSE = r"(?:[^\S\n]|[()/\u2010\u2011-]|\.(?!\s)){0,2}"
"""What stands between the digits of one number as people write it."""
_APART = r"[\s.,…()/_\u2010-\u2014\u2212-]{0,5}"
"""That, and how pauses are written: commas, dashes, full stops, the border of two segments."""
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])(?=((?:[A-Za-z]{2}|[A-Z]{2}\s)\d{2}"
    r"(?:[\s.,\u2010-\u2013-]{0,2}[0-9A-Za-z]){11,30})(?![0-9A-Za-z]))"
)
_ROW = re.compile(rf"(?<![^\W_])(?<![+(])(?:\+|\(\+)?\(?\d(?:{_APART}\d){{5,}}(?![^\W_])")
_PIECE = re.compile(rf"(?:\+|\(\+)?\(?\d(?:{_CLOSE}\d)*")
_GROUP = re.compile(r"\+?\d+")

_IBAN_LENGTHS = range(15, 35)
_CARD_LENGTHS = range(13, 20)
_PHONE_LENGTHS = range(8, 16)
_FRENCH_PHONE_LENGTH = 10
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Twice a digit, as the sum of its digits."""

_DATES = re.compile(
    r"(?:19|20)\d\d(?:[ ./-]+(?:19|20)\d\d)+"
    r"|\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"
    # With the time of day, as recorders call their files.
    r"|(?:19|20)\d\d[./-]?(?:0[1-9]|1[0-2])[./-]?(?:0[1-9]|[12]\d|3[01])"
    r"[ .-]?(?:[01]\d|2[0-3])[.-]?[0-5]\d(?:[.-]?[0-5]\d)?"
)

# In a row whose groups are set apart by a space, by a slash, or by a comma where there is a pause. They are narrower than
# what may be a number that stands alone: amounts, decimals, dates and results stand in rows, too.
_CARD_IN_ROW = re.compile(r"(?<![\d+])(?=((?:[3-6]\d|2[2-7])\d{2,}(?:[ ,]\d{4,}){0,3}(?:[ ,]\d{1,3})?)(?!\d))")
_CARD_IN_PAIRS = re.compile(r"(?<![\d+])(?=([3-6]\d(?: \d\d){7})(?!\d))")
_TEN_IN_ROW = re.compile(r"(?<![\d+])(?=(0(?:[ ,]?\d){9})(?!\d))")
_NATIONAL = re.compile(r"0(?: ?[1-9]|[1-9]\d{2,})(?:[ ,](?!(?:19|20)\d\d(?!\d))\d{2,8})*")
_INTERNATIONAL_IN_ROW = re.compile(
    r"(?=(\+\d(?:[ ,/]?\d){9,14})(?!\d))|(?<![\d+])(?=(00(?:[ ,][1-9]|[1-9](?=\d))(?:[ ,/]?\d){8,12})(?!\d))"
)


def numbers_in(text: str) -> Iterator[Span]:
    """Yield where numbers stand, in no order; places may overlap.

    Bank and card numbers must have the right check digits (ISO 13616 and ISO/IEC 7812-1); of any other digits, what is
    no date and is as long as a telephone number is one where it is written as one: with a plus sign or a zero in front,
    or in groups. Over a pause, and within more digits than any number has, the last does not count.
    """
    for match in _IBAN.finditer(text):
        if (end := _iban_end(match[1])) is not None:
            yield Span(match.start(), match.start() + end, PersonalKind.IBAN)
    for row in _ROW.finditer(text):
        yield from _in_row(text, *row.span())


def _in_row(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the pieces without a pause that are numbers, and what is one in those between them, taken together."""
    left: list[re.Match[str]] = []
    for piece in _PIECE.finditer(text, start, end):
        is_date = _DATES.fullmatch(piece[0]) is not None
        kind = None if is_date else _kind_alone(piece[0])
        if kind is None and not is_date:
            left += _GROUP.finditer(text, *piece.span())
            continue
        yield from _parts(text, left)
        left = []
        if kind is not None:
            yield Span(*piece.span(), kind)
    yield from _parts(text, left)


def _parts(text: str, groups: Sequence[re.Match[str]]) -> Iterator[Span]:
    """Yield each stretch of whole groups that is a number."""
    pieces: list[str] = []
    length = 0
    starts, ends = {}, {}
    for index, group in enumerate(groups):
        joint = _joint(text[groups[index - 1].end() : group.start()]) if index else ""
        starts[length + len(joint)] = group.start()
        length += len(joint) + len(group[0])
        ends[length] = group.end()
        pieces += [joint, group[0]]
    for start, end, kind in _in_groups("".join(pieces)):
        yield Span(starts[start], ends[end], kind)


def _in_groups(row: str) -> Iterator[tuple[int, int, PersonalKind]]:
    for match in _TEN_IN_ROW.finditer(row):
        if _NATIONAL.fullmatch(match[1]):
            yield *match.span(1), PersonalKind.PHONE
    for match in _INTERNATIONAL_IN_ROW.finditer(row):
        yield *match.span(match.lastindex or 1), PersonalKind.PHONE
    for match in _CARD_IN_PAIRS.finditer(row):
        if _is_card(_digits_of(match[1])):
            yield *match.span(1), PersonalKind.CARD
    for match in _CARD_IN_ROW.finditer(row):
        for group in _GROUP.finditer(match[1]):
            if _is_card(_digits_of(match[1][: group.end()])):
                yield match.start(), match.start() + group.end(), PersonalKind.CARD


def _joint(between: str) -> str:
    if re.fullmatch(_CLOSE, between) is None:
        return ","
    return "/" if "/" in between else " "


def _kind_alone(written: str) -> PersonalKind | None:
    digits = _digits_of(written)
    if _is_card(digits):
        return PersonalKind.CARD
    if len(digits) not in _PHONE_LENGTHS:
        return None
    international = written.lstrip("(").startswith("+") or digits.startswith("00")
    national = digits.startswith("0") and len(digits) == _FRENCH_PHONE_LENGTH
    grouped = re.fullmatch(r"\(?\d{2,4}\)?(?:[ .\u2010\u2011-]\(?\d{2,4}\)?){2,5}", written) is not None
    # Groups of three behind a shorter one are how large numbers are written: 12 345 678.
    amount = re.fullmatch(r"\d{1,3}(?:[ \u00a0\u202f.]\d{3})+", written) is not None
    return PersonalKind.PHONE if international or national or (grouped and not amount) else None


def _digits_of(written: str) -> str:
    return re.sub(r"\D", "", written)


def _is_card(digits: str) -> bool:
    return len(digits) in _CARD_LENGTHS and _passes_luhn(digits) and len(set(digits)) > 1


def _passes_luhn(digits: str) -> bool:
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def _iban_end(written: str) -> int | None:
    """Return where the IBAN ends: the words behind one look like more of it. None where the check digits are wrong."""
    characters = [(index, int(character, 36)) for index, character in enumerate(written) if character.isalnum()]
    head = int("".join(str(value) for _, value in characters[:4]))
    remainder, digits, found_end = 0, 2, None
    for length, (index, value) in enumerate(characters[4:], start=5):
        is_digit = value < 10  # noqa: PLR2004
        remainder = (remainder * (10 if is_digit else 100) + value) % 97
        digits += is_digit
        end = index + 1
        if length not in _IBAN_LENGTHS or (end < len(written) and written[end].isalnum()):
            continue
        # Every country's numbers are digits for the most part, and words have none. The first four come last: six digits.
        if digits * 2 >= length and (remainder * 10**6 + head) % 97 == 1:
            found_end = end
    return found_end
