"""Which of several media types a client would rather have (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE = re.compile(rf"\s*({_WORD})/({_WORD})\s*(?:;(.*))?", re.DOTALL)
_QUALITY = re.compile(r"\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*")
# More than any browser sends; the rest is not read.
_MOST_RANGES = 50


class _Range(NamedTuple):
    kind: str
    subtype: str
    quality: float

    def precision(self, media_type: str) -> int:
        """Say how closely the range names the type: 3 exactly, 2 by its kind, 1 as anything, 0 not at all."""
        kind, _, subtype = media_type.partition("/")
        if (self.kind, self.subtype) == (kind, subtype):
            return 3
        if (self.kind, self.subtype) == (kind, "*"):
            return 2
        return int((self.kind, self.subtype) == ("*", "*"))


def best(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the one of the offered types that the header prefers, the earlier one of equals; None: it takes none.

    Without a header, and where it holds nothing that can be read, anything will do. Parameters other than the quality
    are not looked at: there is one of each type here.
    """
    ranges = [found for text in (accept or "").split(",")[:_MOST_RANGES] if (found := _range(text)) is not None]
    if not ranges:
        return offered[0]
    qualities = {media_type: _quality(media_type, ranges) for media_type in offered}
    chosen = max(offered, key=qualities.__getitem__)
    return chosen if qualities[chosen] > 0 else None


def _quality(media_type: str, ranges: Sequence[_Range]) -> float:
    """Return the quality of the range that names the type most closely."""
    precision, quality = max((each.precision(media_type), each.quality) for each in ranges)
    return quality if precision else 0.0


def _range(text: str) -> _Range | None:
    matched = _RANGE.fullmatch(text)
    if matched is None:
        return None
    kind, subtype, parameters = matched[1].lower(), matched[2].lower(), matched[3] or ""
    for parameter in parameters.split(";"):
        if parameter.strip().lower().startswith("q"):
            weight = _QUALITY.fullmatch(parameter)
            if weight is not None:
                return _Range(kind, subtype, float(weight[1]))
            if parameter.partition("=")[0].strip().lower() == "q":
                return None
    return _Range(kind, subtype, 1.0)
