"""Where a page ended, as clients carry it to the next one: opaque, and good for the same list alone."""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from app.core.errors import InvalidFields
from app.core.moments import in_utc

LONGEST_CURSOR = 2000


def encode(listing: str, keys: Sequence[Any]) -> str:
    """Return the cursor behind an item with these keys (JSON values); it is safe in an address as it is."""
    content = json.dumps([listing, *keys], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(listing: str, cursor: str) -> list[Any]:
    """Return the keys that a cursor of this `listing` carries; `InvalidFields` where it is none, or another list's."""
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise unknown_cursor() from error
    if not isinstance(content, list) or not content or content[0] != listing:
        raise unknown_cursor()
    return content[1:]


def moment(key: Any) -> dt.datetime:
    """Return the moment that a key says, in UTC; `ValueError` or `TypeError` where it says none."""
    found = dt.datetime.fromisoformat(key)
    if found.tzinfo is None:
        raise ValueError(key)
    return in_utc(found)


def unknown_cursor() -> InvalidFields:
    message = "Send 'next_cursor' of the page before, with the same order and the same search."
    return InvalidFields([{"field": "cursor", "message": message}])
