"""Numbers for Prometheus."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from app.api.contract import Access, Reply, Tag, contract
from app.api.metrics.readers import MetricsReaders
from app.api.metrics.site import Site
from app.core.errors import NotAuthenticated

SITE = web.AppKey("site", Site)
READERS = web.AppKey("metrics_readers", MetricsReaders)

routes = web.RouteTableDef()


@routes.get("/metrics")
@contract(
    tag=Tag.OPERATIONS,
    access=Access.PUBLIC,
    credentials_later=True,
    answers={200: Reply(media_types=(CONTENT_TYPE_PLAIN_0_0_4,), description="Prometheus's text format.")},
    errors=(NotAuthenticated,),
)
async def read_metrics(request: web.Request) -> web.Response:
    """Give this instance's counts and times, and how the site stands, for Prometheus.

    For whoever sends the operator's token (`VOCALYX_METRICS_TOKEN`) as bearer token or, where none is set, for the
    addresses that the operator names: the machine itself, unless told otherwise, and nobody who comes through a proxy.
    """
    request.app[READERS].require(request)
    text = await request.app[SITE].exposition()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
