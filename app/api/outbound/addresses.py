"""Which addresses a client may make the server speak to: public hosts, and what the operator allows besides.

What is not a public, single host is named below by the registries of special-purpose addresses (IANA, RFC 6890 and its
successors), not by the standard library's `is_global`, whose answer changes with Python's version.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from yarl import URL

from app.core.errors import VocalyxError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS = frozenset({80, 443})
_LONGEST_URL = 4000
_SCHEMES = ("http", "https")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for itself
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host agent at a public address
        "169.254.0.0/16",  # link-local: metadata of most clouds
        "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # protocols, documentation
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",  # AS112, AMT, 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4", "240.0.0.0/4",  # multicast, reserved, broadcast
    )
)  # fmt: skip
# All of it is global unicast, so that mapped, translated (NAT64), unique-local, link-local and multicast are out by themselves.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
    )
)  # fmt: skip


class UrlRefused(VocalyxError):
    """The address is one that this server does not speak to."""

    status = 422
    code = "url-refused"
    title = "The server does not speak to this address"
    default_detail = "The address is none of http or https, or leads to a host that the server must not speak to."
    default_remedy = "Send an http or https address of a public host, or upload the recording itself."

    def __init__(self, detail: str | None = None, *, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy, field="url")


@dataclass(frozen=True)
class AddressPolicy:
    """`hosts` and `networks` are allowed besides public hosts, whatever addresses the hosts have; `ports` are all."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = field(default=DEFAULT_PORTS)

    @classmethod
    def of_settings(cls, allowed: Iterable[str], ports: Iterable[int]) -> Self:
        """Read an operator's list of host names, addresses and networks, and further ports.

        `ValueError` where something is meant as a network and is none.
        """
        hosts, networks = set(), []
        for entry in allowed:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                if "/" in entry:
                    raise
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks), DEFAULT_PORTS | frozenset(ports))

    @classmethod
    def of_lists(cls, allowed: str, ports: str) -> Self:
        """Read the same as an operator writes it: entries with commas between."""
        return cls.of_settings(_listed(allowed), [int(port) for port in _listed(ports)])

    def check_url(self, text: str) -> URL:
        """Return the address as it will be spoken to; `UrlRefused` says what is wrong with it, and never repeats it."""
        if len(text) > _LONGEST_URL or _UNPRINTABLE.search(text) or "\\" in text:
            raise UrlRefused("The address is too long, or has characters that no address has.")
        try:
            url = URL(text)
            host, port = url.host, url.port
        except ValueError as error:
            raise UrlRefused("The address cannot be read.") from error
        if url.scheme not in _SCHEMES or not host:
            raise UrlRefused("The address is not an http or https address with a host.")
        if url.user is not None or url.password is not None or "@" in url.raw_authority:
            raise UrlRefused("The address has credentials in it.", remedy="Send a signed address, or the recording.")
        if port not in self.ports:
            ports = ", ".join(str(port) for port in sorted(self.ports))
            raise UrlRefused(f"The address has a port that is not allowed; allowed are {ports}.")
        return url.with_fragment(None)

    def check_literal(self, url: URL) -> None:
        """Raise `UrlRefused` at once where the host is an address that may not be connected to; a name is looked up later."""
        host = url.host or ""
        try:
            ip_address(host)
        except ValueError:
            return
        self.check_address(host, host)

    def check_address(self, host: str, address: str) -> None:
        """Raise `UrlRefused` unless this address, which is the host's, may be connected to."""
        if host.lower().rstrip(".") in self.hosts:
            return
        try:
            found = ip_address(address)
        except ValueError as error:
            raise _not_public() from error
        if any(found in network for network in self.networks if network.version == found.version):
            return
        if not is_public(found):
            raise _not_public()


def is_public(address: Address) -> bool:
    """Tell whether an address is a single host's on the public Internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_IPV4)
    if address.scope_id is not None or address not in _PUBLIC_IPV6:
        return False
    return not any(address in network for network in _REFUSED_IPV6)


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _not_public() -> UrlRefused:
    # Which address it was is not told: names inside the site are nobody's to look up.
    return UrlRefused("The host is not, or not only, at a public address.")
