"""Times and projects as the words of an index, which knows no ranges: see the migration 0015."""

import datetime as dt
import math
from uuid import UUID

_PERIOD_SECONDS = 900
_SIZES = 4
_BITS = 4


def period(moment: dt.datetime) -> int:
    """Return the quarter of an hour that a moment is in, as `vocalyx_period` does."""
    return math.floor(moment.timestamp() / _PERIOD_SECONDS)


def of_project(project: UUID) -> str:
    """Return the word of a project."""
    return f"p{project}"


def of_time(first: int, end: int) -> list[str]:
    """Return the words that together stand for the periods from `first` up to `end`, and for no other, largest first.

    At each size a word is 16 of the size below. What does not fill a larger one at either end is of smaller ones.
    """
    words: list[str] = []
    for size in range(_SIZES):
        if size == _SIZES - 1:
            words += [f"{size}:{number}" for number in range(first, end)]
            break
        while first < end and first % (1 << _BITS):
            words.append(f"{size}:{first}")
            first += 1
        while first < end and end % (1 << _BITS):
            end -= 1
            words.append(f"{size}:{end}")
        first, end = first >> _BITS, end >> _BITS
    return words[::-1]
