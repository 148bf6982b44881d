"""Models as clients of the OpenAI API name them: the installed Whisper models, and OpenAI's own names for the default."""

from typing import Any

from app.catalog.installed import DESCRIPTION_FILE, InstalledModel, ModelKind, find, installed
from app.core.errors import NotFound, UnknownModel
from app.settings import Settings

STANDING_FOR_DEFAULT = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)
"""What a program that was written for OpenAI sends. Each means the site's default model, unless one is installed so."""

_OWNER = "vocalyx"


def real_name(name: str | None, settings: Settings) -> str | None:
    """Return the name of the installed model that is meant, None for the site's default. Reads the models directory."""
    if name is None or name not in STANDING_FOR_DEFAULT:
        return name
    return name if any(model.name == name for model in installed(settings.models_dir, ModelKind.WHISPER)) else None


def describe_all(settings: Settings) -> list[dict[str, Any]]:
    """Return every name that a request may use, in OpenAI's shape, the installed models first."""
    whole = [model for model in installed(settings.models_dir, ModelKind.WHISPER) if model.is_whole()]
    default = next((model for model in whole if model.name == settings.default_model), None)
    names = {model.name: model for model in whole}
    if default is not None:
        names = dict.fromkeys(STANDING_FOR_DEFAULT, default) | names
    ordered = sorted(names, key=lambda name: (name in STANDING_FOR_DEFAULT, name))
    return [_described(name, names[name]) for name in ordered]


def describe(name: str, settings: Settings) -> dict[str, Any]:
    """Return one of them; `NotFound` where there is none of this name."""
    try:
        model = find(settings.models_dir, ModelKind.WHISPER, real_name(name, settings) or settings.default_model)
    except UnknownModel as error:
        raise NotFound(error.detail, remedy=error.remedy, field="model") from error
    return _described(name, model)


def _described(name: str, model: InstalledModel) -> dict[str, Any]:
    since = (model.folder / DESCRIPTION_FILE).stat().st_mtime
    return {"id": name, "object": "model", "created": int(since), "owned_by": _OWNER}
