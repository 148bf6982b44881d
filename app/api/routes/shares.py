"""Links by which those without a login read one recording: made, listed, revoked."""

import datetime as dt
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import reading as answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.filtering import Moment
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import SHARE, TRANSCRIPTION
from app.api.requests import path_id, read_json
from app.core.access import Scope
from app.core.audit import Action
from app.core.errors import Conflict, InvalidFields
from app.core.sharing import MOST_DAYS, ShareScope
from app.db import shared_links
from app.db.tables import now

routes = web.RouteTableDef()


class WantedShare(BaseModel):
    """What a link shows, and for how long."""

    model_config = ConfigDict(extra="forbid")

    scope: Annotated[ShareScope, Field(description="The text alone, or the recording, too.")]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS, strict=True, description="After how many days it ends.")] = 7
    expires_at: Annotated[
        Moment | None, Field(description="When it ends, in place of `days`: at most 90 days from now.")
    ] = None

    def end(self) -> dt.datetime:
        """Return when the link ends; `InvalidFields` where that is over, or too far."""
        if self.expires_at is None:
            return now() + dt.timedelta(days=self.days)
        if not now() < self.expires_at <= now() + dt.timedelta(days=MOST_DAYS):
            message = f"A link ends in the future, at most {MOST_DAYS} days from now."
            raise InvalidFields([{"field": "expires_at", "message": message}])
        return self.expires_at


@routes.get("/api/transcriptions/{id}/shares")
@contract(tag=Tag.SHARING, access=Access.EDITOR, path={"id": TRANSCRIPTION}, answers={200: answers.ShareList})
async def read(request: web.Request) -> web.Response:
    """List the links to a recording that are open, the newest first, without their tokens."""
    items = await request.app[DATABASE].run(shared_links.read, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": items})


@routes.post("/api/transcriptions/{id}/shares")
@contract(
    tag=Tag.SHARING,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=WantedShare,
    example={"scope": "text", "days": 7},
    answers={201: Reply(answers.NewShare, "The one time that the token is shown.")},
    errors=(Conflict,),
    audited=Action.SHARE_MADE,
)
async def make(request: web.Request) -> web.Response:
    """Make a link by which anybody who has it reads this recording, without a login.

    It ends with its time, when it is revoked, and with the recording. Its token stands behind the `#` of the address,
    which browsers send to no server: it is in no log. A key needs the scope `transcriptions:read`, too.
    """
    # Who has the link reads: a key that may not read makes none.
    request[PRINCIPAL].require_scope(Scope.TRANSCRIPTIONS_READ)
    wanted = await read_json(request, WantedShare)
    share, token = await request.app[DATABASE].run(
        shared_links.make, request[PRINCIPAL], path_id(request), wanted.scope, wanted.end()
    )
    made = share | {"token": token, "path": f"/shared/{share['id']}#{token}"}
    return web.json_response(made, status=201, headers={"Cache-Control": "no-store"})


@routes.delete("/api/transcriptions/{id}/shares/{share}")
@contract(
    tag=Tag.SHARING,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION, "share": SHARE},
    answers={204: None},
    audited=Action.SHARE_REVOKED,
)
async def revoke(request: web.Request) -> web.Response:
    """End a link, at once."""
    await request.app[DATABASE].run(
        shared_links.revoke, request[PRINCIPAL], path_id(request), path_id(request, "share")
    )
    return web.Response(status=204)
