"""Under what a request's sender is counted, where attempts and entries are."""

from aiohttp import web

from app.api.credentials.client_address import counted_as
from app.api.keys import PROXIES


def sender_of(request: web.Request) -> str:
    """Return the address of whoever sends this, or the network where it is a site's to choose from."""
    return counted_as(request.app[PROXIES].sender(request))
