"""Asking the provider. It is the operator's own, and may be on a private address; its answers are strangers' all the same."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from app.api.oidc.errors import OidcAnswerUnusable, OidcProviderDown
from app.api.outbound.lookup import Resolver, lookup_in_threads

_LONGEST_BYTES = 512 * 1024
_BLOCK_BYTES = 16 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=10, sock_connect=5)
_HEADERS = {"User-Agent": "vocalyx", "Accept": "application/json", "Accept-Encoding": "identity"}
_REDIRECTS = range(300, 400)
_BUSY = frozenset({408, 425, 429})
_SERVER_ERRORS = 500

look_up = lookup_in_threads("provider")


async def fetch_json(
    address: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object of the answer to a GET, or to a POST of a form.

    No redirect is followed, no proxy of the environment used, and no more is read than an answer can need. Raises
    `OidcProviderDown` or `OidcAnswerUnusable`; neither has anything of the answer in it.
    """
    try:
        async with (
            aiohttp.ClientSession(
                # Not in the threads that check passwords, as aiohttp does: the provider's name may be one that hangs.
                connector=aiohttp.TCPConnector(resolver=Resolver(look_up)),
                timeout=_PATIENCE,
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.request(
                "GET" if form is None else "POST",
                URL(address, encoded=True),
                data=form,
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            _check(response)
            return response.status, _parsed(await _read(response))
    except TimeoutError as error:
        raise OidcProviderDown("The provider of logins did not answer in time.") from error
    except aiohttp.ClientSSLError as error:
        raise OidcProviderDown(
            "The certificate of the provider of logins is not valid here.",
            remedy="Operators: let the system trust the authority that has signed it, or name its file in SSL_CERT_FILE.",
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise OidcProviderDown("The provider of logins could not be reached.") from error


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status >= _SERVER_ERRORS or response.status in _BUSY:
        raise OidcProviderDown(f"The provider of logins answered with status {response.status}.")
    if response.status in _REDIRECTS:
        raise OidcAnswerUnusable("The provider of logins redirects where it should answer.")
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise OidcAnswerUnusable("The provider of logins compressed its answer, which was not asked for.")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for block in response.content.iter_chunked(_BLOCK_BYTES):
        content += block
        if len(content) > _LONGEST_BYTES:
            raise OidcAnswerUnusable("The provider of logins answered with more than an answer can need.")
    return bytes(content)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OidcAnswerUnusable("The provider of logins answered with something that is not JSON.") from error
    if not isinstance(values, dict):
        raise OidcAnswerUnusable("The provider of logins answered with JSON that is no object.")
    return values
