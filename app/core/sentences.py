"""Where sentences and clauses of written text end, in French and English: a full stop is not always the last of one."""

import re

CLOSING = "\"'”’»)]}"
OPENING = "\"'“‘«([{-–— ¿¡"

ABBREVIATED_TITLES = frozenset(
    {"m", "mm", "mr", "mrs", "ms", "dr", "dre", "st", "ste", "mme", "mmes", "mlle", "mlles", "messrs", "prof", "pr", "jr", "sr"}
)  # fmt: skip
# Each is followed by more of its sentence: as the titles are by a name, these by whatever it may be, by a number (alone
# "No." is an answer, and "vol." and "art." are French words), or by what begins with a small letter.
_BEFORE_MORE = ABBREVIATED_TITLES | {"vs", "cf", "al", "e.g", "i.e", "c.-à-d"}
_BEFORE_NUMBERS = frozenset({"no", "nos", "art", "p", "pp", "fig", "vol", "chap", "tel", "tél", "ext"})
_BEFORE_SMALL_LETTERS = frozenset({"etc", "ex", "env", "approx", "incl"})
# "J." and "J.-P.", "p." and "p.m."
_LETTERS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]")
_APOSTROPHE = re.compile(r"['’]")

_LATER_MARKS = r"(?:[\"'”’»)\]}」』）]|\s»(?=\s|$))*"
# A full stop ends a sentence before a space (3.5 and .org are none), in Chinese and Japanese also without one.
_STOP = re.compile(rf"(?<![.!?…])[.!?…]+{_LATER_MARKS}(?=\s)|[。！？]+{_LATER_MARKS}")
_LAST_STOP = re.compile(rf"(?<![.!?…。！？])[.!?…。！？]+{_LATER_MARKS}$")
_CLAUSE_END = re.compile(r"(?<![,;:!?…])[,;:!?…]+(?:\s|$)")


def is_abbreviation(text: str, following: str) -> bool:
    """Tell whether the last word of a text is cut short by the full stop behind it, given what follows.

    Of a title or an initial it always is, so a sentence that ends with one is taken for going on; "I" is a pronoun.
    """
    bare = text.rstrip().rstrip(CLOSING)
    if not bare.endswith("."):
        return False
    word = _APOSTROPHE.split(bare.rsplit(None, 1)[-1].rstrip("."))[-1].lstrip(OPENING)
    known, is_letters = word.lower(), _LETTERS.fullmatch(word) is not None
    if known in _BEFORE_MORE or (is_letters and word.isupper() and word != "I"):
        return True
    first = following.strip().lstrip(OPENING)[:1]
    if first.isdigit():
        return is_letters or known in _BEFORE_NUMBERS
    return first.islower() and (is_letters or known in _BEFORE_SMALL_LETTERS)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text in their order, each with its marks and without space around it."""
    found, begin = [], 0
    for stop in _STOP.finditer(text):
        if not is_abbreviation(text[begin : stop.end()], text[stop.end() :]):
            found.append(text[begin : stop.end()])
            begin = stop.end()
    return [sentence.strip() for sentence in (*found, text[begin:]) if sentence.strip()]


def is_ended(text: str) -> bool:
    """Tell whether the last sentence of a text is whole, as far as its marks tell."""
    return _LAST_STOP.search(text) is not None and not is_abbreviation(text, "")


def clauses_of(text: str) -> list[str]:
    """Return what stands between commas, colons and ends of sentences, in order, without the marks."""
    bare = (_LAST_STOP.sub("", sentence) if is_ended(sentence) else sentence for sentence in sentences_of(text))
    return [clause.strip() for sentence in bare for clause in _CLAUSE_END.split(sentence) if clause.strip()]
