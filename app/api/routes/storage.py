"""What room there is for recordings and models, for the site's administrators."""

import shutil
from pathlib import Path
from typing import Any

from aiohttp import web

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import PRINCIPAL, SETTINGS, UPLOADS
from app.api.volume.errors import storage_errors
from app.settings import Settings

routes = web.RouteTableDef()


@routes.get("/api/admin/storage")
@contract(tag=Tag.OPERATIONS, access=Access.ADMINISTRATOR, answers={200: answers.Storage})
async def read_storage(request: web.Request) -> web.Response:
    """Say how much room the volumes of recordings and of models have, and have left."""
    request[PRINCIPAL].require_administrator()
    return web.json_response(await request.app[UPLOADS].use(_volumes, request.app[SETTINGS]))


def _volumes(settings: Settings) -> dict[str, Any]:
    with storage_errors():
        return {
            "uploads": _volume(settings.uploads_dir) | {"reserve_bytes": settings.upload_reserve},
            "models": _volume(settings.models_dir),
        }


def _volume(folder: Path) -> dict[str, int]:
    usage = shutil.disk_usage(folder)
    return {"total_bytes": usage.total, "used_bytes": usage.used, "free_bytes": usage.free}
