"""The dashboard by itself, as a site runs it behind HAProxy, which sends `/api` to the API instead."""

import logging

from aiohttp import web

from app import __version__
from app.dashboard.assets import Assets
from app.dashboard.serving import Serving
from app.logs import configure_logging
from app.settings import load_settings

logger = logging.getLogger(__name__)


def create_app() -> web.Application:
    """Assemble the dashboard. It needs neither a database nor a queue."""
    app = web.Application()
    for path, handler in Serving(Assets()).handlers():
        app.router.add_get(path, handler)
    app.router.add_get("/health/ready", _ready)
    return app


async def application() -> web.Application:
    """What gunicorn serves."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, settings.log_file)
    page = create_app()
    logger.info("The page of release %s is served.", __version__)
    return page


async def _ready(_: web.Request) -> web.Response:
    return web.json_response({"status": "ready"})
