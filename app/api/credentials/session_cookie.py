"""A login kept in a cookie, for pages: no script can read it, and no other site can use it.

What proves that a request comes from our own page is what browsers say of it and scripts cannot change: `Origin`, or
`Sec-Fetch-Site` (W3C Fetch Metadata). `SameSite=Strict` alone would let another port of the same host through.
"""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from app.api.keys import SETTINGS
from app.core.errors import CrossSiteRequest

NAME = "vocalyx_session"

_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


def token_of(request: web.Request) -> str | None:
    """Return the token in the request's cookie, if there is one.

    Raises `CrossSiteRequest` where it comes with a request that changes something, or opens a WebSocket, and was not sent
    by a page of this very address.
    """
    token = request.cookies.get(NAME)
    if not token:
        return None
    if (request.method not in _SAFE_METHODS or hdrs.UPGRADE in request.headers) and not _is_from_here(request):
        raise CrossSiteRequest
    return token


def require_own_page(request: web.Request) -> None:
    """Raise `CrossSiteRequest` where a browser says that another site's page sent this.

    Nobody is logged in from elsewhere: what they then enter would be somebody else's. Programs say nothing of pages.
    """
    says = hdrs.ORIGIN in request.headers or "Sec-Fetch-Site" in request.headers
    if says and not _is_from_here(request):
        raise CrossSiteRequest


def keep(response: web.StreamResponse, request: web.Request, token: str, lifetime_seconds: int) -> None:
    """Let the browser keep the token, for as long as the login lasts."""
    response.set_cookie(
        NAME, token, max_age=lifetime_seconds, path="/", httponly=True, samesite="Strict", secure=_is_encrypted(request)
    )


def forget(response: web.StreamResponse, request: web.Request) -> None:
    """Let the browser forget it."""
    response.del_cookie(NAME, path="/", httponly=True, samesite="Strict", secure=_is_encrypted(request))


def _is_from_here(request: web.Request) -> bool:
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    try:
        sender = urlsplit(origin)
    except ValueError:
        return False
    if _is_encrypted(request) and sender.scheme != "https":
        # Whoever sits on the line can make up a page of the same name without TLS.
        return False
    public = urlsplit(request.app[SETTINGS].public_url).netloc
    return sender.netloc.lower() in {request.host.lower(), public.lower()} - {""}


def _is_encrypted(request: web.Request) -> bool:
    # Behind a proxy that speaks TLS the request itself looks unencrypted; the operator says what browsers see.
    return request.secure or request.app[SETTINGS].public_url.startswith("https:")
