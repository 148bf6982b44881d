"""Every request, counted and timed under the template of its route."""

import asyncio
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.keys import METRICS
from app.api.metrics.instruments import UNMATCHED

_GONE = "gone"
_FAILED = "500"
_EVENT_STREAM = "text/event-stream"


@web.middleware
async def metrics_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the request, whatever becomes of it. Outside of every other that answers anybody: what those answer counts, too."""
    metrics = request.app[METRICS]
    resource = request.match_info.route.resource
    route = UNMATCHED if resource is None else resource.canonical
    status, timed = _FAILED, True
    begun = time.perf_counter()
    metrics.in_progress.inc()
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        status = str(answer.status)
        raise
    except (ConnectionError, asyncio.CancelledError):
        status, timed = _GONE, False
        raise
    else:
        status = str(response.status)
        timed = isinstance(response, web.Response) or not _lasts(response)
        return response
    finally:
        metrics.in_progress.dec()
        metrics.answered(route, request.method, status, time.perf_counter() - begun if timed else None)


def _lasts(response: web.StreamResponse) -> bool:
    """Tell whether it goes on for as long as the client likes."""
    return isinstance(response, web.WebSocketResponse) or response.content_type == _EVENT_STREAM
