"""The models that a transcription may name."""

from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer
from app.catalog.installed import ModelKind


class InstalledModel(Answer):
    kind: ModelKind
    name: str
    title: str
    licence: str
    languages: Annotated[list[str], Field(description="ISO 639-1 codes, or `*` for any.")]
    size_bytes: Annotated[int, Field(ge=0)]
    memory_bytes: Annotated[int, Field(ge=0, description="About how much a worker needs to work with it.")]
    source: str
    whole: Annotated[bool, Field(description="Whether its files are all there, in their sizes.")]
    is_default: bool


class ModelList(Answer):
    items: list[InstalledModel]
