"""Routes of the page, for whichever application serves it: the dashboard's own, or the one-machine mode's API."""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from app.dashboard.assets import Assets

_FOREVER = "public, max-age=31536000, immutable"
_NEVER = "no-store"
_SHARED = "/shared/"

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}

PAGES = ("/", "/login", "/recordings/{rest:.*}", "/projects", "/projects/{rest:.*}", "/site", "/site/{rest:.*}", "/account",
         "/shared/{rest:.*}")  # fmt: skip
"""Addresses that people see; the page itself finds out what to show there (`static/router.js`)."""


class Serving:
    """Gives the page and its files."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def page(self, request: web.Request) -> web.Response:
        """Give the page. Which one of its pages is shown, the address decides in the browser."""
        page = self._assets.page(request.path)
        headers = _HEADERS | {"Content-Security-Policy": page.policy, hdrs.CACHE_CONTROL: _NEVER}
        if request.path.startswith(_SHARED):
            headers["X-Robots-Tag"] = "noindex, nofollow"
        return web.Response(text=page.text, content_type="text/html", charset="utf-8", headers=headers)

    async def file(self, request: web.Request) -> web.Response:
        """Give one of its files, under the version of this release alone: a page of another one has to be loaded anew."""
        asset = self._assets.files.get(request.match_info["path"])
        if asset is None or request.match_info["version"] != self._assets.version:
            # While a site changes its release, another dashboard may have it (templates/haproxy.cfg.j2).
            raise web.HTTPNotFound(headers=_HEADERS | {hdrs.CACHE_CONTROL: _NEVER})
        headers = _HEADERS | {
            hdrs.ETAG: asset.etag,
            hdrs.CACHE_CONTROL: _FOREVER,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if asset.etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        body = asset.content
        if asset.compressed is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            body = asset.compressed
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=body, content_type=asset.media_type, charset="utf-8", headers=headers)

    def handlers(self) -> list[tuple[str, Handler]]:
        """Return what to add to an application, for GET."""
        return [*((path, self.page) for path in PAGES), ("/assets/{version:[0-9a-f]+}/{path:.+}", self.file)]
