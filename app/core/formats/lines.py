"""Text made fit for formats in which a line break or a control character means something."""

import re

# Whatever breaks a line or steers a terminal, and byte-order marks, which readers take for the start of a file.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# No-break spaces stay: French typography puts them before ? ! : ; and inside « ».
_BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")


def one_line(text: str) -> str:
    """Return the text on one line: single spaces, none at the ends, no control characters, encodable as UTF-8."""
    printable = _LONE_SURROGATE.sub("\ufffd", _UNPRINTABLE.sub(" ", text))
    # A no-break space that stands alone would make a line that looks blank, and ends a subtitle for some readers.
    return " ".join(piece for piece in _BREAKING_SPACE.split(printable) if piece.strip())


def clock_time(seconds: float) -> str:
    """Return `HH:MM:SS`, rounded down; hours take as many digits as they need."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def timecode(milliseconds: int, *, decimal_mark: str) -> str:
    """Return `HH:MM:SS,mmm` with the format's decimal mark; hours take as many digits as they need."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{clock_time(seconds)}{decimal_mark}{rest:03d}"
