"""What is wrong with a field, as a stable code with its numbers: clients word it in the language of who reads it.

The validating library's own names are many, and change with it; these are few and ours.
"""

from collections.abc import Mapping
from typing import Any

_FIELD_CHARACTERS = 200
# What the library says before what our own checks say.
_LIBRARYS_WORDS = "Value error, "

CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "too_short": "too-few",
    "too_long": "too-many",
    "greater_than_equal": "too-small",
    "greater_than": "too-small",
    "less_than_equal": "too-large",
    "less_than": "too-large",
    "string_pattern_mismatch": "wrong-form",
    "enum": "not-offered",
    "literal_error": "not-offered",
}
# The bounds among what the library tells of a fault, and whether they are the least or the most.
_BOUNDS = {"min_length": "least", "max_length": "most", "ge": "least", "gt": "least", "le": "most", "lt": "most"}

UNNAMED = "invalid"
"""The code of what has no other: the message alone says it."""


def fault_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return one of the library's errors as clients are told it."""
    kind = found["type"]
    code = CODES.get(kind, "wrong-type" if kind.endswith(("_type", "_parsing")) else UNNAMED)
    # What our own validators call by a name of ours, which none of the library's looks like.
    if "-" in kind:
        code = kind
    context = found.get("ctx", {})
    bounds = {
        _BOUNDS[name]: value for name, value in context.items() if name in _BOUNDS and isinstance(value, int | float)
    }
    return {
        "field": ".".join(str(part) for part in found["loc"])[:_FIELD_CHARACTERS],
        "code": code,
        "message": found["msg"].removeprefix(_LIBRARYS_WORDS),
        "bounds": bounds,
    }


def completed(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault that was found by hand with all that clients are told of one."""
    return {"field": "", "code": UNNAMED, "message": "", "bounds": {}} | dict(fault)
