"""One message to one receiver: signed, sent where it is allowed to go, and what came of it."""

import asyncio
import datetime as dt
import json
import re
import time

import aiohttp

from app.api.outbound.addresses import AddressPolicy, UrlRefused
from app.api.outbound.lookup import lookup_in_threads
from app.api.outbound.opening import FetchFailed, answer_to, guarded_session
from app.core import webhooks as rules
from app.db.summaries import iso
from app.db.tables import now
from app.db.webhook_outbox import Claimed, Tried

_EXCERPT_CHARACTERS = 500
_EXCERPT_BYTES = 4 * _EXCERPT_CHARACTERS
_EXCERPT_SECONDS = 2.0
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

look_up = lookup_in_threads("webhook")


def body_of(claimed: Claimed) -> bytes:
    """Return the message as it is sent: small, and without anything that was said."""
    message = {
        "id": str(claimed.delivery),
        "type": claimed.type,
        "timestamp": iso(claimed.created_at),
        "data": claimed.data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


async def post(claimed: Claimed, policy: AddressPolicy, timeout_seconds: float) -> Tried:
    """Send a message once. Whatever the receiver does, it takes little longer than `timeout_seconds`, and little memory.

    A redirect is not followed: to where it leads, the owners of the project have not sent anything.
    """
    at, started = now(), time.monotonic()

    def tried(
        *, status: int | None = None, error: str | None = None, excerpt: str | None = None, wait: float | None = None
    ) -> Tried:
        return Tried(at, round((time.monotonic() - started) * 1000), status, error, excerpt, wait)

    try:
        address = policy.check_url(claimed.url)
        async with guarded_session(address, policy, look_up) as session:
            body = body_of(claimed)
            request = session.post(address, data=body, headers=_headers(claimed, at, body), allow_redirects=False)
            response = await answer_to(request, timeout_seconds)
            try:
                wait = rules.read_retry_after(response.headers.get("Retry-After"), now())
                excerpt = await _excerpt(response, _EXCERPT_SECONDS)
                return tried(status=response.status, error=_fault(response.status), excerpt=excerpt, wait=wait)
            finally:
                response.close()
    except (UrlRefused, FetchFailed) as error:
        return tried(error=error.detail)


def _headers(claimed: Claimed, at: dt.datetime, body: bytes) -> dict[str, str]:
    message, timestamp = str(claimed.delivery), int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": rules.signatures(message, timestamp, body, claimed.secrets),
    }


def _fault(status: int) -> str | None:
    if rules.arrived(status):
        return None
    if rules.is_gone(status):
        return "The receiver wants no more messages."
    if rules.is_redirect(status):
        return "The receiver redirects, which is not followed."
    return f"The receiver answered with status {status}."


async def _excerpt(response: aiohttp.ClientResponse, seconds: float) -> str | None:
    """Return how the body begins, as one line; what comes later, or not at all, is not waited for."""
    content = b""
    try:
        async with asyncio.timeout(seconds):
            while len(content) < _EXCERPT_BYTES and (block := await response.content.readany()):
                content += block[: _EXCERPT_BYTES - len(content)]
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    shown = " ".join(_UNSHOWN.sub(" ", content.decode(errors="replace")).split())
    return shown[:_EXCERPT_CHARACTERS] or None
