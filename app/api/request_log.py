"""A request id for every request, and one log line when it is answered."""

import logging
import random
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.keys import REQUEST_ID
from app.logs import ACCEPTABLE_ID, log_context

_HEADER = "X-Request-ID"
# What changes nothing, and what machines ask every few seconds, would bury what people do.
_QUIET_PREFIXES = ("/health/", "/internal/")

_LOGGED_PATH_CHARACTERS = 200

logger = logging.getLogger(__name__)


@web.middleware
async def request_log_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, run it, and say what came of it."""
    given = request.headers.get(_HEADER, "")
    request_id = given if ACCEPTABLE_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"
    request[REQUEST_ID] = request_id
    log_context.set({"request": request_id})
    started = time.monotonic()
    try:
        response = await handler(request)
    except ConnectionError:
        _log(request, "the client went away", started)
        raise
    quiet = (
        request.method == "GET" or request.path.startswith(_QUIET_PREFIXES)
    ) and response.status < web.HTTPBadRequest.status_code
    _log(request, str(response.status), started, logging.DEBUG if quiet else logging.INFO)
    return response


@web.middleware
async def gone_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer nobody where the client is gone, outside of all that counts it and logs it as gone.

    Raised further, each player that is closed would be an error of the server in the log, with its traceback.
    """
    try:
        return await handler(request)
    except ConnectionError:
        if not is_gone(request):
            raise
        return web.Response()


def is_gone(request: web.Request) -> bool:
    """Tell whether nobody is there any more to be answered."""
    return request.transport is None or request.transport.is_closing()


async def name_the_request(request: web.Request, response: web.StreamResponse) -> None:
    """Say in every answer, also in one that is streamed, which request it is to; a signal's receiver."""
    response.headers[_HEADER] = request[REQUEST_ID]


def _log(request: web.Request, outcome: str, started: float, level: int = logging.INFO) -> None:
    if not logger.isEnabledFor(level):
        return
    fields = {"seconds": f"{time.monotonic() - started:.3f}"}
    # The path as it was sent: decoded it could hold a line end, and write lines of its own into the log.
    path = request.rel_url.raw_path[:_LOGGED_PATH_CHARACTERS]
    logger.log(level, "%s %s %s", request.method, path, outcome, extra={"fields": fields})
