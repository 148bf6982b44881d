"""The models that a transcription may name."""

from typing import Any

from aiohttp import web

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import SETTINGS
from app.api.volume.threads import looked_up
from app.catalog import installed
from app.catalog.installed import ModelKind
from app.catalog.needs import memory_needed
from app.catalog.served import SERVED
from app.settings import Settings

routes = web.RouteTableDef()


@routes.get("/api/models")
@contract(
    tag=Tag.MODELS,
    access=Access.SIGNED_IN,
    scope=None,
    answers={200: answers.ModelList},
)
async def list_models(request: web.Request) -> web.Response:
    """List what is installed: licence, languages, size, and about how much memory a worker needs for it.

    Behind it what a model server of the site serves, as `remote/…`: that takes no memory of a worker.
    """
    return web.json_response({"items": await looked_up(_items, request.app[SETTINGS])})


def _items(settings: Settings) -> list[dict[str, Any]]:
    """Describe each model. `whole` tells that its files are there in their sizes; contents are `models verify`'s."""
    defaults = {
        (ModelKind.WHISPER, settings.default_model),
        (ModelKind.LLM, settings.default_llm_model),
        (ModelKind.DIARIZATION, settings.diarization_model),
    }
    served = [
        {
            "kind": ModelKind.LLM,
            "name": name,
            "title": f"{name.removeprefix(SERVED)}, on the site's model server",
            "licence": "",
            "languages": ["*"],
            "size_bytes": 0,
            "memory_bytes": 0,
            "source": "model server",
            "whole": True,
            "is_default": name == settings.default_llm_model,
        }
        for name in settings.served_models
    ]
    return [
        {
            "kind": model.kind,
            "name": model.name,
            "title": model.title,
            "licence": model.licence,
            "languages": model.languages,
            "size_bytes": model.size_bytes,
            "memory_bytes": memory_needed(model).total,
            "source": model.source,
            "whole": model.is_whole(),
            "is_default": (model.kind, model.name) in defaults,
        }
        for model in installed(settings.models_dir)
    ] + served
