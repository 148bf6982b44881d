"""The models that a transcription may name."""

import asyncio

from aiohttp import web

from app.api.keys import SETTINGS
from app.catalog import installed

routes = web.RouteTableDef()


@routes.get("/api/models")
async def list_models(request: web.Request) -> web.Response:
    """List what is installed, with licences and languages."""
    settings = request.app[SETTINGS]
    found = await asyncio.to_thread(installed, settings.models_dir)
    defaults = {settings.default_model, settings.default_llm_model, settings.diarization_model}
    return web.json_response(
        {
            "items": [
                model.model_dump(mode="json", exclude={"files", "folder"}) | {"default": model.name in defaults}
                for model in found
            ]
        }
    )
