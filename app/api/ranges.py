"""Conditions and ranges of requests for a file (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(?:(\d+)\s*-\s*(\d*)|-\s*(\d+))\s*", re.IGNORECASE | re.ASCII)
_OPAQUE_TAG = re.compile(r'(?:W/)?"[^"]*"')
# No file is so long that its places need more digits.
_MOST_DIGITS = 18


class ByteRange(NamedTuple):
    """From byte `first` to byte `last`, both in it."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiable(Exception):
    """The range lies behind the end of the file."""


def wanted_range(headers: Mapping[str, str], size: int, etag: str) -> ByteRange | None:
    """Return the part of a file of `size` bytes that a GET asks for; None: all of it. Raises `NotSatisfiable`.

    As the standard allows, a range that cannot be read, one in other units than bytes, and several ranges at once are
    as none. So is one that holds for another state of the file only (`If-Range`; a date cannot be compared here).
    """
    matched = _ONE_RANGE.fullmatch(headers.get("Range", ""))
    if matched is None or any(len(digits or "") > _MOST_DIGITS for digits in matched.groups()):
        return None
    if headers.get("If-Range", etag).strip() != etag:
        return None
    if matched[3] is not None:
        length = min(int(matched[3]), size)
        if not length:
            raise NotSatisfiable
        return ByteRange(size - length, size - 1)
    first, last = int(matched[1]), int(matched[2] or size - 1)
    if matched[2] and last < first:
        return None
    if first >= size:
        raise NotSatisfiable
    return ByteRange(first, min(last, size - 1))


def tag_listed(listed: str, etag: str, *, weakly: bool) -> bool:
    """Say whether a list of entity tags, or `*`, holds this strong one; `weakly`, be it as a weak one there."""
    if listed.strip() == "*":
        return True
    tags = _OPAQUE_TAG.findall(listed)
    return etag in ([tag.removeprefix("W/") for tag in tags] if weakly else tags)
