"""The models that a model server of the site serves: named by the operator, beside what is installed."""

from collections.abc import Collection
from pathlib import Path

from app.catalog.installed import ModelKind, find
from app.core.errors import UnknownModel

SERVED = "remote/"
"""What the names of such models begin with; no folder is called so."""


def served_names(listed: str) -> tuple[str, ...]:
    """Return the names under which the models may be asked for, of those that the server knows them by."""
    return tuple(dict.fromkeys(SERVED + name for part in listed.split(",") if (name := part.strip())))


def require_language_model(models_dir: Path, served: Collection[str], name: str) -> None:
    """Raise `UnknownModel` unless a language model of that name is installed or served; it says which there are."""
    if name in served:
        return
    try:
        find(models_dir, ModelKind.LLM, name)
    except UnknownModel as error:
        if not served:
            raise
        remedy = f"{error.remedy} The site's model server has: {', '.join(served)}."
        raise UnknownModel(error.detail, remedy=remedy, field="llm_model") from error
