"""Who is given the metrics: whoever has the token or, where there is none, who asks from the site's own addresses."""

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from app.core.errors import NotAuthenticated
from app.settings import Settings

# Behind a proxy everybody's address is the proxy's, and what it says of theirs anybody else could say, too.
_OF_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


class MetricsReaders:
    """Judges requests by the settings `metrics_token` and `metrics_networks`."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.metrics_token.get_secret_value()
        entries = settings.metrics_networks.replace(",", " ").split()
        self._networks: Sequence[IPv4Network | IPv6Network] = [ip_network(entry) for entry in entries]

    def require(self, request: web.Request) -> None:
        """Raise `NotAuthenticated` where this request is not to be answered with numbers."""
        if self._token:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            named = given.strip().encode(errors="surrogateescape")
            if scheme.lower() == "bearer" and hmac.compare_digest(named, self._token.encode()):
                return
            raise NotAuthenticated(
                "The token for the metrics is missing or wrong.",
                remedy="Send 'Authorization: Bearer …' with the VOCALYX_METRICS_TOKEN of the API.",
            )
        if not self._is_near(request):
            raise NotAuthenticated(
                "The metrics are not given to this address, or to anybody behind a proxy.",
                remedy="Set VOCALYX_METRICS_TOKEN and send it, or add the address to VOCALYX_METRICS_NETWORKS.",
            )

    def _is_near(self, request: web.Request) -> bool:
        if any(header in request.headers for header in _OF_PROXIES):
            return False
        peer = request.transport.get_extra_info("peername") if request.transport else None
        if not isinstance(peer, tuple):
            return False
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
