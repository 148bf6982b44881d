"""What was told to a webhook: read, tested, sent again."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.filtering import read_query
from app.api.keys import DATABASE, PRINCIPAL, WEBHOOKS
from app.api.parameters import DELIVERY, PROJECT, WEBHOOK
from app.api.requests import path_id
from app.core.audit import Action
from app.core.errors import Conflict
from app.core.webhooks import DeliveryOutcome
from app.db import webhook_deliveries
from app.db.listing import Page

# Of such a list it is a fixed name and a number.
_LONGEST_CURSOR = 200

_ALL = {"id": PROJECT, "webhook": WEBHOOK}
_ONE = _ALL | {"delivery": DELIVERY}

routes = web.RouteTableDef()


class DeliveriesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[DeliveryOutcome | None, Field(description="Those of which this came.")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many a page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=_LONGEST_CURSOR, description="`next_cursor` of the page before.")
    ] = None


@routes.post("/api/projects/{id}/webhooks/{webhook}/ping")
@contract(
    tag=Tag.WEBHOOKS,
    access=Access.OWNER,
    path=_ALL,
    answers={202: answers.Delivery},
    errors=(Conflict,),
    audited=Action.WEBHOOK_PINGED,
)
async def ping(request: web.Request) -> web.Response:
    """Test a webhook: have a message of the type `ping` sent, once.

    What came of it is read like that of every other message. 409 where the webhook is switched off.
    """
    made = await request.app[DATABASE].run(
        webhook_deliveries.ping, request[PRINCIPAL], path_id(request), path_id(request, "webhook")
    )
    request.app[WEBHOOKS].wake()
    return web.json_response(made, status=202)


@routes.get("/api/projects/{id}/webhooks/{webhook}/deliveries")
@contract(tag=Tag.WEBHOOKS, access=Access.OWNER, path=_ALL, query=DeliveriesQuery, answers={200: answers.DeliveryPage})
async def list_deliveries(request: web.Request) -> web.Response:
    """List what a webhook is told, the newest first, with what came of each time that it was sent."""
    query = read_query(request, DeliveriesQuery)

    def unit() -> Page:
        return webhook_deliveries.list_page(
            request[PRINCIPAL],
            path_id(request),
            path_id(request, "webhook"),
            outcome=query.outcome,
            limit=query.limit,
            cursor=query.cursor or None,
        )

    page = await request.app[DATABASE].run(unit)
    return web.json_response({"items": page.items, "next_cursor": page.next_cursor})


@routes.get("/api/projects/{id}/webhooks/{webhook}/deliveries/{delivery}")
@contract(tag=Tag.WEBHOOKS, access=Access.OWNER, path=_ONE, answers={200: answers.Delivery})
async def read_delivery(request: web.Request) -> web.Response:
    """Give a message, with what came of each time that it was sent."""
    return web.json_response(await request.app[DATABASE].run(webhook_deliveries.read, *_named(request)))


@routes.post("/api/projects/{id}/webhooks/{webhook}/deliveries/{delivery}/replay")
@contract(
    tag=Tag.WEBHOOKS,
    access=Access.OWNER,
    path=_ONE,
    answers={202: answers.Delivery},
    errors=(Conflict,),
    audited=Action.WEBHOOK_REPLAYED,
)
async def replay(request: web.Request) -> web.Response:
    """Have a message sent again, at once and whatever came of it, under the same `webhook-id`.

    409 where the webhook is switched off, or the message is on its way at this moment.
    """
    found = await request.app[DATABASE].run(webhook_deliveries.replay, *_named(request))
    request.app[WEBHOOKS].wake()
    return web.json_response(found, status=202)


def _named(request: web.Request) -> tuple[Any, ...]:
    return (
        request[PRINCIPAL],
        path_id(request),
        path_id(request, "webhook"),
        path_id(request, "delivery"),
    )
