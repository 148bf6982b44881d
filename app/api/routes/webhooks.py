"""Webhooks: the addresses that are told what happens in a project."""

import datetime as dt
from typing import Annotated, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL, SETTINGS, WEBHOOKS
from app.api.outbound.addresses import UrlRefused
from app.api.parameters import PROJECT, WEBHOOK
from app.api.requests import OneLine, path_id, read_json
from app.api.webhooks.dispatching import webhook_policy
from app.core.audit import Action
from app.core.errors import Conflict
from app.core.webhooks import WebhookEvent
from app.db import webhooks
from app.settings import Settings

_ONE = {"id": PROJECT, "webhook": WEBHOOK}
_DAY_HOURS, _WEEK_HOURS = 24, 7 * 24

routes = web.RouteTableDef()

Url = Annotated[
    str, Field(max_length=4000, description="Where messages are sent: a public address, `http` or `https`.")
]
Events = Annotated[list[WebhookEvent], Field(min_length=1, max_length=50, description="What it is told of.")]
Description = Annotated[OneLine, Field(max_length=200, description="For those who read the list.")]


class WebhookOrder(BaseModel):
    """A webhook that is to be; one that is not `active` is told nothing yet."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Events
    description: Description = ""
    active: StrictBool = True


class WebhookChange(BaseModel):
    """What is left out stays as it is; at least one field is needed."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    active: StrictBool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.url, self.events, self.description, self.active) == (None, None, None, None):
            raise ValueError("url, events, description or active is needed")
        return self


class SecretRotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_hours: Annotated[
        float,
        Field(
            strict=True, ge=0, le=_WEEK_HOURS, description="For so long the secret of before signs beside the new one."
        ),
    ] = _DAY_HOURS


@routes.get("/api/projects/{id}/webhooks")
@contract(tag=Tag.WEBHOOKS, access=Access.OWNER, path={"id": PROJECT}, answers={200: answers.WebhookList})
async def list_webhooks(request: web.Request) -> web.Response:
    """List the webhooks of a project."""
    found = await request.app[DATABASE].run(webhooks.list_all, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": found})


@routes.post("/api/projects/{id}/webhooks")
@contract(
    tag=Tag.WEBHOOKS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=WebhookOrder,
    example={
        "url": "https://hooks.example.org/vocalyx",
        "events": ["transcription.transcribed", "transcription.failed"],
        "description": "the archive",
    },
    answers={201: Reply(answers.NewWebhook, headers={"Location": "The webhook's address."})},
    errors=(UrlRefused, Conflict),
    audited=Action.WEBHOOK_CREATED,
)
async def create_webhook(request: web.Request) -> web.Response:
    """Add a webhook.

    The secret that its messages are signed with is in this answer, and in no later one.
    """
    principal, project = request[PRINCIPAL], path_id(request)
    order = await read_json(request, WebhookOrder)
    _check(order.url, request.app[SETTINGS])

    def unit() -> dict[str, object]:
        return webhooks.create(principal, project, order.url, order.events, order.description, active=order.active)

    body = await request.app[DATABASE].run(unit)
    address = f"/api/projects/{project}/webhooks/{body['id']}"
    return web.json_response(body, status=201, headers={"Location": address})


@routes.get("/api/projects/{id}/webhooks/{webhook}")
@contract(tag=Tag.WEBHOOKS, access=Access.OWNER, path=_ONE, answers={200: answers.Webhook})
async def read_webhook(request: web.Request) -> web.Response:
    """Give a webhook, without its secret."""
    found = await request.app[DATABASE].run(
        webhooks.read, request[PRINCIPAL], path_id(request), path_id(request, "webhook")
    )
    return web.json_response(found)


@routes.patch("/api/projects/{id}/webhooks/{webhook}")
@contract(
    tag=Tag.WEBHOOKS,
    access=Access.OWNER,
    path=_ONE,
    body=WebhookChange,
    example={"active": True},
    answers={200: answers.Webhook},
    errors=(UrlRefused,),
    audited=Action.WEBHOOK_CHANGED,
)
async def change_webhook(request: web.Request) -> web.Response:
    """Change a webhook, or switch it off or on.

    While it is off nothing new is noted for it, and what waits to be sent waits on.
    """
    change = await read_json(request, WebhookChange)
    if change.url is not None:
        _check(change.url, request.app[SETTINGS])
    wanted = webhooks.Change(change.url, change.events, change.description, change.active)
    found = await request.app[DATABASE].run(
        webhooks.change, request[PRINCIPAL], path_id(request), path_id(request, "webhook"), wanted
    )
    request.app[WEBHOOKS].wake()
    return web.json_response(found)


@routes.delete("/api/projects/{id}/webhooks/{webhook}")
@contract(tag=Tag.WEBHOOKS, access=Access.OWNER, path=_ONE, answers={204: None}, audited=Action.WEBHOOK_DELETED)
async def delete_webhook(request: web.Request) -> web.Response:
    """Remove a webhook, with the log of what it was told; what waits to be sent is not sent any more."""
    await request.app[DATABASE].run(webhooks.delete, request[PRINCIPAL], path_id(request), path_id(request, "webhook"))
    return web.Response(status=204)


@routes.post("/api/projects/{id}/webhooks/{webhook}/secret")
@contract(
    tag=Tag.WEBHOOKS,
    access=Access.OWNER,
    path=_ONE,
    body=SecretRotation,
    example={"overlap_hours": 24},
    answers={200: answers.NewWebhook},
    audited=Action.WEBHOOK_SECRET_ROTATED,
)
async def rotate_secret(request: web.Request) -> web.Response:
    """Give a webhook a new secret, which is in this answer and in no later one.

    For some time messages have two signatures, one by each secret. A secret of before the last rotation ends at once.
    """
    rotation = await read_json(request, SecretRotation)
    overlap = dt.timedelta(hours=rotation.overlap_hours)
    found = await request.app[DATABASE].run(
        webhooks.rotate_secret, request[PRINCIPAL], path_id(request), path_id(request, "webhook"), overlap
    )
    return web.json_response(found)


def _check(url: str, settings: Settings) -> None:
    """Raise `UrlRefused` where the address is none that messages may be sent to; what a name stands for is seen later."""
    policy = webhook_policy(settings)
    try:
        policy.check_literal(policy.check_url(url))
    except UrlRefused as error:
        raise UrlRefused(
            error.detail,
            remedy="Name an http or https address of a public host; the operator can allow others"
            " (VOCALYX_WEBHOOK_ALLOWED, VOCALYX_WEBHOOK_PORTS).",
        ) from error
