"""Where a request comes from: the other end of the connection, or what a trusted proxy says was at its other end."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from aiohttp import web

from app.api.outbound.addresses import Address, Network

FORWARDED_FOR = "X-Forwarded-For"
# Behind more proxies than that nobody is; the header is the client's to fill.
_MOST_PROXIES = 20
_SITE_PREFIX = 64
_REMEMBERED_ADDRESSES = 1024


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose word is taken for where a request comes from."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of_settings(cls, text: str) -> Self:
        """Read an operator's list of addresses and networks, with commas or spaces between; `ValueError` where one is none."""
        return cls(tuple(ip_network(entry) for entry in text.replace(",", " ").split()))

    def sender(self, request: web.Request) -> Address | None:
        """Return who sends the request; None where the connection has no address (a socket in the file system).

        The header is read from its end, which the nearest proxy wrote, as long as the one who wrote is trusted: what a
        client puts into it itself stands before that, and is never reached.
        """
        found = _address(request.remote or "")
        if found is None or not self._trusts(found):
            return found
        hops = [hop.strip() for line in request.headers.getall(FORWARDED_FOR, []) for hop in line.split(",")]
        for hop in list(reversed(hops))[:_MOST_PROXIES]:
            before = _address(hop)
            if before is None:
                break
            found = before
            if not self._trusts(found):
                break
        return found

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.networks if network.version == address.version)


def counted_as(address: Address | None) -> str:
    """Return under what a sender's failures are counted: an IPv6 site has a network of addresses to choose from."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _SITE_PREFIX), strict=False))
    return "unknown" if address is None else str(address)


# The same few proxies and clients send most of the requests.
@lru_cache(_REMEMBERED_ADDRESSES)
def _address(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        # An IPv4 client of a socket that listens to both; and a link's name says nothing of who sends.
        return found.ipv4_mapped or IPv6Address(int(found))
    return found
