"""From a request that names an address to a transcription whose recording is to be fetched."""

import uuid
from typing import Annotated, Any
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from app.api.creation import destination, idempotency_key, wanted
from app.api.downloads.downloading import address_policy
from app.api.keys import DATABASE, DELIVERY, DOWNLOADS, PRINCIPAL, SETTINGS
from app.api.parameters import TRANSCRIPTION_FIELDS
from app.api.requests import OneLine, read_json
from app.api.volume.threads import looked_up
from app.api.volume.uploads import display_name
from app.core.identifiers import TranscriptionId
from app.db import downloads
from app.db.downloads import NewDownload
from app.logs import add_to_log, log_context

_NAME_CHARACTERS = 255


class Order(BaseModel):
    """A recording that the server fetches itself, and the options of its transcription."""

    # The options: they are validated as those of a form are.
    model_config = ConfigDict(extra="allow")

    url: Annotated[str, Field(description="Where the recording is: a public address, `http` or `https`.")]
    name: Annotated[
        Annotated[OneLine, Field(max_length=_NAME_CHARACTERS)] | None,
        Field(description="What to call it; the last part of the address where it is left out."),
    ] = None
    project: Annotated[str | None, Field(description=TRANSCRIPTION_FIELDS["project"])] = None
    reuse: Annotated[bool, Field(description=TRANSCRIPTION_FIELDS["reuse"])] = True


async def order(request: web.Request) -> tuple[dict[str, Any], bool]:
    """Read the request and return the transcription, `pending`, and whether it is a new one. Raises what it deserves."""
    app, principal = request.app, request[PRINCIPAL]
    asked = await read_json(request, Order)
    options, _ = await looked_up(wanted, asked.model_extra or {}, app[SETTINGS])
    key = idempotency_key(request)
    project, options = await app[DATABASE].run(destination, principal, asked.project, options)
    policy = address_policy(app[SETTINGS])
    url = policy.check_url(asked.url)
    policy.check_literal(url)
    new = NewDownload(
        id=TranscriptionId(uuid.uuid4()),
        project=project,
        created_by=principal.user,
        idempotency_key=key,
        name=display_name(asked.name or _name_of(url)),
        url=asked.url,
        options=options,
        request_id=log_context.get().get("request"),
        reuse=asked.reuse,
    )
    body, outcome = await app[DATABASE].run(downloads.create, new)
    add_to_log(transcription=body["id"])
    if outcome is not None:
        await app[DELIVERY].follow(outcome)
        app[DOWNLOADS].wake()
    return body, outcome is not None


def _name_of(url: URL) -> str:
    return unquote(url.raw_path.rpartition("/")[2], errors="replace")
