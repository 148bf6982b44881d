"""rq-dashboard as a WSGI application that shows and changes nothing.

PostgreSQL knows which jobs are due: a job that is emptied out of Redis here comes back, and one that is queued again from
here would be claimed twice. So what changes something is refused, whatever rq-dashboard offers.
"""

import logging
import re
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import rq_dashboard
from flask import Flask, request
from rq import Worker
from rq.serializers import JSONSerializer
from rq_dashboard import web
from werkzeug.exceptions import HTTPException

from app import __version__
from app.logs import configure_logging
from app.queueing.connections import connect
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

POLL_MILLISECONDS = 5000
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_CHANGING_PATH = re.compile(r"^/requeue(/|$)")
"""The one address that changes something by GET."""


class ReadOnly(HTTPException):
    code = HTTPStatus.FORBIDDEN
    description = "The queue dashboard only shows. Retry or cancel a transcription through the API or the dashboard."


def create_app(settings: Settings) -> Flask:
    """Assemble the dashboard over the Redis of these settings; connects on the first request."""
    app = Flask(__name__)
    app.config.from_object(rq_dashboard.default_settings)
    connection = connect(settings.redis_url.get_secret_value(), name="vocalyx-queue-dashboard")
    app.config.update(
        RQ_DASHBOARD_REDIS_URL=["redis://"],  # what its pages show as the server's name; the real one has a password
        RQ_DASHBOARD_DISABLE_DELETE=True,
        RQ_DASHBOARD_POLL_INTERVAL=POLL_MILLISECONDS,
    )
    app.redis_conn = connection  # type: ignore[attr-defined] # where its pages look
    # It would open a connection by the address above for each request that names the server's number.
    web.from_url = lambda *_, **__: (None, connection)
    # Its pages ask for all workers without a serializer, and would read their jobs with pickle: jobs here are JSON.
    web.config.serializer = JSONSerializer
    web.Worker = SimpleNamespace(all=partial(Worker.all, serializer=JSONSerializer))
    app.before_request(_refuse_changes)
    app.after_request(_harden)
    app.register_blueprint(rq_dashboard.blueprint)
    return app


def _refuse_changes() -> None:
    if request.method not in _READING or _CHANGING_PATH.match(request.path):
        raise ReadOnly


def _harden(response: Any) -> Any:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


class _Application:
    """Made at the first request of the process, so that importing it asks for no settings."""

    def __init__(self) -> None:
        self._made: Flask | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._made is None:
            settings = load_settings()
            configure_logging(settings.log_level, settings.log_format, settings.log_file)
            self._made = create_app(settings)
            logger.info("The queue dashboard of release %s answers.", __version__)
        return self._made(environ, start_response)


application = _Application()
