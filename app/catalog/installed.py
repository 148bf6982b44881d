"""The models directory: `<models_dir>/<kind>/<name>/`, each with a `model.json` beside its files."""

import hashlib
import logging
import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from app.core.errors import UnknownModel

logger = logging.getLogger(__name__)

DESCRIPTION_FILE = "model.json"
HASH_BLOCK_BYTES = 1024 * 1024

ENGLISH_ALONE = ("en",)
"""The languages of a model that knows no other."""


class ModelKind(StrEnum):
    """What a model is for; also the name of its folder in the models directory."""

    WHISPER = "whisper"
    DIARIZATION = "diarization"
    LLM = "llm"


class InstalledModel(BaseModel):
    """One installed model, as its `model.json` describes it.

    `languages` are ISO 639-1 codes, or `*` for any. `files` maps each path below `folder` to its SHA-256 in hexadecimal,
    and `size_bytes` is the sum of their sizes. `chosen` tells that the operator pulled or carried it in: the demo models
    do not replace it. `memory_bytes` is the operator's own figure for what a worker needs to work with it; where there
    is none, `app.catalog.needs.memory_needed` estimates it from the files.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    kind: ModelKind
    title: str
    licence: str
    languages: tuple[str, ...]
    size_bytes: NonNegativeInt
    source: str
    files: dict[str, str]
    chosen: bool = False
    memory_bytes: NonNegativeInt | None = None
    folder: Path = Field(default=Path(), exclude=True)

    def is_whole(self) -> bool:
        """Tell, without reading them, whether all files are there and their sizes add up."""
        try:
            return sum((self.folder / path).stat().st_size for path in self.files) == self.size_bytes
        except OSError:
            return False

    def damaged_files(self) -> list[str]:
        """Read every file and return the paths of those that are missing or differ from their recorded SHA-256."""
        return [path for path, sha256 in self.files.items() if file_sha256(self.folder / path) != sha256]


def file_sha256(path: Path) -> str | None:
    """Return the file's SHA-256 in hexadecimal, or None where there is no such file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(HASH_BLOCK_BYTES):
                digest.update(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def describe(folder: Path) -> InstalledModel | None:
    """Read a folder's `model.json`; None where it is absent, unreadable or describes another folder."""
    try:
        model = InstalledModel.model_validate_json((folder / DESCRIPTION_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        logger.warning("%s is not a readable model description: %s", folder / DESCRIPTION_FILE, error)
        return None
    if (model.kind, model.name) != (folder.parent.name, folder.name):
        logger.warning("%s describes %s/%s: rename the folder", folder / DESCRIPTION_FILE, model.kind, model.name)
        return None
    return model.model_copy(update={"folder": folder})


def write_description(
    folder: Path,
    *,
    kind: ModelKind,
    name: str,
    title: str,
    licence: str,
    languages: tuple[str, ...],
    source: str,
    chosen: bool = False,
    memory_bytes: int | None = None,
) -> InstalledModel:
    """Hash every file in `folder` and write its `model.json`, synced to the volume."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DESCRIPTION_FILE)
    model = InstalledModel(
        kind=kind,
        name=name,
        title=title,
        licence=licence,
        languages=languages,
        size_bytes=sum(path.stat().st_size for path in paths),
        source=source,
        files={str(path.relative_to(folder)): file_sha256(path) or "" for path in paths},
        chosen=chosen,
        memory_bytes=memory_bytes,
        folder=folder,
    )
    with (folder / DESCRIPTION_FILE).open("w", encoding="utf-8") as file:
        file.write(model.model_dump_json(indent=2, exclude_none=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return model


def installed(models_dir: Path, kind: str | None = None) -> list[InstalledModel]:
    """Return the installed models, of one kind where one is given, sorted by kind and name."""
    kinds = tuple(ModelKind) if kind is None else (ModelKind(kind),)
    folders = sorted(folder for each in kinds for folder in (models_dir / each).glob("*/"))
    return [model for folder in folders if (model := describe(folder)) is not None]


def find(models_dir: Path, kind: str, name: str) -> InstalledModel:
    """Return the installed model of that kind and name.

    `name` may come straight from a client: it is compared, never made into a path. Raises `UnknownModel`, which names
    what is installed.
    """
    present = installed(models_dir, kind)
    for model in present:
        if model.name == name:
            return model
    if not present:
        raise UnknownModel(
            f"No {kind} model is installed.",
            remedy="Ask the operator to install one: 'vocalyx models list' shows what there is, 'vocalyx models fetch' brings"
            " the demo models.",
            field="llm_model" if kind == ModelKind.LLM else "model",
        )
    names = ", ".join(model.name for model in present)
    raise UnknownModel(
        f"No {kind} model is called {name[:100]!r}.",
        remedy=f"Use one that is installed: {names}.",
        field="llm_model" if kind == ModelKind.LLM else "model",
    )
