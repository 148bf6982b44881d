"""What webhooks tell, how that is signed, and when what did not arrive is tried again.

The scheme is that of Standard Webhooks 1.0.0 (https://github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md): the headers `webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`,
which holds `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`, several of them with spaces between while two
secrets are valid. A secret is `whsec_` and the base64 of 24 to 64 bytes, which are the key.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from enum import StrEnum

SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins, and none itself
_SECRET_BYTES = 32
_VERSION = "v1"

MAX_ATTEMPTS = 11
"""How often a message is sent before it counts as failed: with the pauses between, in about a day."""

_FIRST_PAUSE_SECONDS = 5.0
_PAUSE_GROWS_BY = 4
LONGEST_PAUSE_SECONDS = 6 * 3600.0
JITTER = 0.1
"""A pause is up to so much longer or shorter: receivers that came back are not called by everything at once."""

SWITCHED_OFF_AFTER = dt.timedelta(days=5)
"""For how long nothing arrives before a webhook is switched off."""

_OK, _REDIRECT, _FAULT, _GONE = 200, 300, 400, 410


class WebhookEvent(StrEnum):
    """What a webhook may be told of.

    `transcription.transcribed` is told whenever a text becomes readable, also where no enrichment follows and
    `transcription.done` comes at once.
    """

    # Those of transcriptions are also in a trigger, which writes the messages: see the migration 0011.
    CREATED = "transcription.created"
    TRANSCRIBED = "transcription.transcribed"
    DONE = "transcription.done"
    FAILED = "transcription.failed"
    CANCELLED = "transcription.cancelled"
    DELETED = "transcription.deleted"
    SWITCHED_OFF = "webhook.switched_off"


PING = "ping"
"""The type of a message that tests a webhook; it needs not be chosen."""


class SwitchedOff(StrEnum):
    """Why a webhook was switched off by itself: its receiver said so (410), or nothing arrived for too long."""

    GONE = "gone"
    FAILING = "failing"


class DeliveryOutcome(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def new_secret() -> str:
    """Return a secret for signing, at random."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signatures(message: str, timestamp: int, body: bytes, valid: Sequence[str]) -> str:
    """Return the header `webhook-signature`, with a signature by each of the valid secrets."""
    content = f"{message}.{timestamp}.".encode() + body
    return " ".join(f"{_VERSION},{_signature(secret, content)}" for secret in valid)


def _signature(secret: str, content: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        # Not the parser's words, which could repeat it.
        raise ValueError("a webhook's secret is no base64") from error
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def arrived(status: int | None) -> bool:
    """Tell whether a receiver has taken a message: any 2xx says so, a redirect does not."""
    return status is not None and _OK <= status < _REDIRECT


def is_redirect(status: int) -> bool:
    """Tell whether a receiver names another address, which nobody of the project has chosen."""
    return _REDIRECT <= status < _FAULT


def is_gone(status: int | None) -> bool:
    """Tell whether a receiver wants no more of this webhook."""
    return status == _GONE


def pause_seconds(attempt: int, chance: float, retry_after: float | None = None) -> float:
    """Return how long to wait after the attempt of this number, which counts from 1.

    `chance`, from 0 to 1, sets the jitter. What the receiver asks for (`retry_after`) is waited for where it is longer,
    up to `LONGEST_PAUSE_SECONDS`.
    """
    planned = min(LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * float(_PAUSE_GROWS_BY ** (attempt - 1)))
    planned *= 1 - JITTER + 2 * JITTER * chance
    return max(planned, min(retry_after or 0.0, LONGEST_PAUSE_SECONDS))


def read_retry_after(value: str | None, moment: dt.datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None where it says nothing that counts."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # As many digits as say anything: integers have no end in Python.
        return float(text[:12])
    try:
        asked = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if asked.tzinfo is None:
        asked = asked.replace(tzinfo=dt.UTC)
    return max(0.0, (asked - moment).total_seconds())
