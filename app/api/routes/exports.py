"""All of a project, taken away."""

import logging
from contextlib import aclosing, closing
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api.contract import Access, Reply, Tag, contract
from app.api.disposition import content_disposition
from app.api.exports.exporting import ProjectExport
from app.api.keys import PRINCIPAL
from app.api.parameters import PROJECT
from app.api.requests import path_id, validate
from app.core.access import Scope
from app.core.audit import Action

routes = web.RouteTableDef()
logger = logging.getLogger(__name__)


class ExportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    recordings: Annotated[bool, Field(description="With the recordings; without them it is the texts alone.")] = True


# No HEAD: its answer would be an export that nobody gets.
@routes.get("/api/projects/{id}/export.zip", allow_head=False)
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    query=ExportQuery,
    answers={
        200: Reply(media_types=("application/zip",), headers={"Content-Disposition": "The name of the file."}),
    },
    audited=Action.PROJECT_EXPORTED,
)
async def export(request: web.Request) -> web.StreamResponse:
    """Give all of a project as a ZIP archive: recordings, texts, corrections, enrichments, settings, members.

    A key that was narrowed needs `transcriptions:read`, too. The archive is written while it is read, and has no length. `manifest.json`, the last file, has the SHA-256 of each and says
    what is missing. An archive that breaks off is begun anew.
    """
    query = validate(TypeAdapter(ExportQuery), dict(request.query))
    request[PRINCIPAL].require_scope(Scope.TRANSCRIPTIONS_READ)
    with closing(ProjectExport(request, path_id(request), recordings=query.recordings)) as exported:
        name = await exported.open()
        disposition = content_disposition(f"{name}.zip").replace("inline", "attachment", 1)
        headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/zip"
        await response.prepare(request)
        try:
            async with aclosing(exported.blocks()) as blocks:
                async for block in blocks:
                    if block:
                        await response.write(block)
        except ConnectionResetError:
            raise
        except Exception:
            # The answer has begun with 200: a connection that breaks is the one way left to say that this is not all.
            logger.exception("an export broke off")
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
    return response
