"""Opening an address that a client named: checked at every hop, and connected to exactly what was checked."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from app.api.outbound.addresses import AddressPolicy, UrlRefused
from app.api.outbound.lookup import Lookup, Resolver, lookup_in_threads
from app.core.errors import VocalyxError

_MAX_HOPS = 5
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "vocalyx", "Accept": "*/*", "Accept-Encoding": "identity"}

look_up = lookup_in_threads("download")


class FetchFailed(VocalyxError):
    """The other server did not give what it was asked for. `may_pass`: another try may do better."""

    status = 422
    code = "fetch-failed"
    title = "The recording could not be fetched"
    default_detail = "The other server did not give the recording that it was asked for."
    default_remedy = "Check that the address answers with the recording itself, and retry."

    def __init__(self, detail: str, *, may_pass: bool = True) -> None:
        super().__init__(detail)
        self.may_pass = may_pass


@asynccontextmanager
async def opened(url: str, policy: AddressPolicy, lookup: Lookup = look_up) -> AsyncIterator[aiohttp.ClientResponse]:
    """Give the answer, its head read, to a GET of `url` or of what it redirects to, at most five times.

    Raises `UrlRefused` or `FetchFailed`. Proxies of the environment are not used, nothing is decompressed, no cookie and
    no credential is sent.
    """
    for _ in range(_MAX_HOPS + 1):
        address = policy.check_url(url)
        async with guarded_session(address, policy, lookup) as session:
            response = await answer_to(session.get(address, allow_redirects=False), _ANSWER_SECONDS)
            try:
                if response.status not in _REDIRECTS:
                    _check(response)
                    yield response
                    return
                url = _next(address, response)
            finally:
                response.close()
    raise FetchFailed(f"The address redirects more than {_MAX_HOPS} times.", may_pass=False)


def guarded_session(address: URL, policy: AddressPolicy, lookup: Lookup = look_up) -> aiohttp.ClientSession:
    """Return a session for one request to this address, whose sockets are connected to nothing else than `policy` allows.

    Proxies of the environment are not used, nothing is decompressed, and no cookie is kept.
    """
    host = address.raw_host or ""

    def checked_socket(info: Any) -> socket.socket:
        # The last gate: whatever way an address took to get here, a connection goes to it from this socket alone.
        family, kind, protocol, _, (ip, *_) = info
        policy.check_address(host, ip)
        return socket.socket(family=family, type=kind, proto=protocol)

    connector = aiohttp.TCPConnector(
        resolver=_CheckedResolver(policy, lookup),
        use_dns_cache=False,
        force_close=True,
        happy_eyeballs_delay=None,
        socket_factory=checked_socket,
    )
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


class _CheckedResolver(Resolver):
    """Looks a host up once, and gives its addresses only where all of them may be connected to."""

    def __init__(self, policy: AddressPolicy, lookup: Lookup) -> None:
        super().__init__(lookup)
        self._policy = policy

    async def addresses(self, host: str, port: int) -> list[str]:
        addresses = await super().addresses(host, port)
        for address in addresses:
            self._policy.check_address(host, address)
        return addresses


async def answer_to(request: Awaitable[aiohttp.ClientResponse], seconds: float) -> aiohttp.ClientResponse:
    """Wait for the head of an answer; raises `UrlRefused` or `FetchFailed`, in words without the address."""
    # The client's own words have the whole address in them.
    try:
        async with asyncio.timeout(seconds):
            return await request
    except (aiohttp.InvalidURL, UnicodeError) as error:
        raise UrlRefused("The address cannot be read.") from error
    except TimeoutError as error:
        raise FetchFailed(f"The server did not answer within {seconds:g} s.") from error
    except aiohttp.ClientConnectorDNSError as error:
        raise FetchFailed("The host's name is not known.") from error
    except aiohttp.ClientSSLError as error:
        raise FetchFailed("The server's certificate is not valid.", may_pass=False) from error
    except (aiohttp.ClientError, OSError) as error:
        raise FetchFailed("The server could not be reached, or did not speak HTTP.") from error


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status != _OK:
        busy = response.status >= 500 or response.status in (408, 425, 429)  # noqa: PLR2004 - HTTP's own numbers
        raise FetchFailed(f"The server answered with status {response.status}.", may_pass=busy)
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        # It was asked not to. A small body that unpacks to a volume full of zeros is an old trick.
        raise FetchFailed("The server compressed the recording, which was not asked for.", may_pass=False)


def _next(address: URL, response: aiohttp.ClientResponse) -> str:
    location = response.headers.get("Location", "")
    try:
        # As the header is: what is wrong with it, the next check tells.
        return str(address.join(URL(location, encoded=True)))
    except ValueError as error:
        raise UrlRefused("The address redirects to one that cannot be read.") from error
