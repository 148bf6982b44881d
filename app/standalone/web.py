"""The API and the page in one application, as one machine runs them: no proxy stands before them there."""

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api import application as api
from app.api.contract import mark_as_page
from app.dashboard.assets import Assets
from app.dashboard.serving import Serving


async def application() -> web.Application:
    """What gunicorn serves."""
    app = await api.application()
    add_page(app)
    return app


def add_page(app: web.Application) -> None:
    """Let the API's application give the page, too: what it shows, it asks the API for."""
    for path, handler in Serving(Assets()).handlers():
        app.router.add_get(path, mark_as_page(_function(handler)))


def _function(handler: Handler) -> Handler:
    # A bound method takes no mark.
    async def give(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    return give
