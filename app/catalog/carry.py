"""Brings in models that were carried to this machine, as a folder or a file, and takes models away."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from app.catalog.errors import ModelRefused, NotEnoughSpace
from app.catalog.inspection import inspect, kind_of
from app.catalog.installed import (
    DESCRIPTION_FILE,
    HASH_BLOCK_BYTES,
    InstalledModel,
    ModelKind,
    describe,
    write_description,
)
from app.catalog.place import move_into_place, partial_of, place_of, require_space, sole_writer, writing
from app.catalog.progress import ArrivalObserver
from app.catalog.pull import UNSTATED, checked_name

_SLACK_BYTES = 16 * 1024 * 1024
_MOST_FILES = 1000


def bring_in(
    source: Path,
    models_dir: Path,
    observer: ArrivalObserver,
    *,
    kind: ModelKind | None = None,
    name: str | None = None,
    replace: bool = False,
) -> InstalledModel:
    """Copy a model into the models directory, check it, and describe it.

    A `model.json` that came along (from another site's models directory) is believed on title, licence and languages,
    and its checksums are held against what was copied. Raises `ModelRefused` and `NotEnoughSpace`; then nothing has
    changed.
    """
    if not source.exists():
        raise ModelRefused(
            f"{source} does not exist.", remedy="Name the folder or the .gguf file that was carried here."
        )
    source = source.resolve()
    found = kind_of(source) if kind is None else kind
    carried = _carried_description(source)
    called = checked_name(name or (carried.name if carried else source.stem if source.is_file() else source.name))
    place = place_of(models_dir, found, called)
    if not replace and (present := describe(place)) is not None and present.is_whole():
        raise ModelRefused(
            f"{found}/{called} is installed already.", remedy="Choose another --name, or replace it with --replace."
        )
    files = dict(_files(source))
    with sole_writer(models_dir, observer.waiting) as work:
        require_space(
            models_dir, sum(path.stat().st_size for path in files.values()) + _SLACK_BYTES, f"importing {called}"
        )
        folder = work / "model"
        for path, original in files.items():
            _copy(original, folder / path)
        languages = inspect(folder, found)
        model = write_description(
            folder,
            kind=found,
            name=called,
            title=carried.title if carried else called,
            licence=carried.licence if carried else UNSTATED,
            languages=carried.languages if carried else languages,
            source=carried.source if carried else f"imported from {source.name}",
            chosen=True,
            memory_bytes=carried.memory_bytes if carried else None,
        )
        if carried is not None:
            _compare(carried, model)
        move_into_place(folder, place, work / "replaced")
    return model.model_copy(update={"folder": place})


def take_away(models_dir: Path, kind: ModelKind, name: str, observer: ArrivalObserver) -> int:
    """Remove a model and what a pull of it left; return how many bytes that freed.

    Out of sight in one step: who looks for it meanwhile finds all of it or nothing. A worker that has it loaded keeps it.
    """
    freed = 0
    with sole_writer(models_dir, observer.waiting) as work:
        for number, folder in enumerate((place_of(models_dir, kind, name), partial_of(models_dir, kind, name))):
            if folder.exists():
                gone = work / str(number)
                with writing(folder.parent):
                    folder.rename(gone)
                freed += sum(path.stat().st_size for path in gone.rglob("*") if path.is_file())
    return freed


def _carried_description(source: Path) -> InstalledModel | None:
    path = source / DESCRIPTION_FILE
    if not path.is_file():
        return None
    try:
        return InstalledModel.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelRefused(
            f"{path} is not a description that can be read.", remedy="Copy it again, or leave it out."
        ) from error


def _files(source: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file's path below `source` and where its content is; hidden ones and the description are left out.

    Links are followed within the folder only: a model must not bring in other files of the machine it is copied on.
    """
    if source.is_file():
        yield source.name, source
        return
    count = 0
    for parent, folders, names in os.walk(source):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for entry in (*folders, *sorted(names)):
            path = Path(parent) / entry
            inside = path.relative_to(source).as_posix()
            if path.is_symlink() and not path.resolve().is_relative_to(source):
                raise ModelRefused(
                    f"{inside} is a link out of the folder.", remedy="Copy the folder with its content: cp -rL."
                )
            if entry in folders or entry.startswith(".") or inside == DESCRIPTION_FILE:
                continue
            if not path.exists() or not stat.S_ISREG(path.stat().st_mode):
                raise ModelRefused(f"{inside} is not a file.", remedy="Take it out of the folder, or copy it again.")
            count += 1
            if count > _MOST_FILES:
                raise ModelRefused(
                    f"{source} holds more than {_MOST_FILES} files.", remedy="Name the model's own folder."
                )
            yield inside, path


def _copy(original: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with original.open("rb") as reading, target.open("wb") as writing:
            shutil.copyfileobj(reading, writing, HASH_BLOCK_BYTES)
            writing.flush()
            os.fsync(writing.fileno())
    except PermissionError as error:
        raise ModelRefused(
            f"{original} cannot be read: {error.strerror}.", remedy="Correct its permissions."
        ) from error
    except OSError as error:
        raise NotEnoughSpace(f"{original.name} could not be copied: {error.strerror or error}.") from error


def _compare(carried: InstalledModel, model: InstalledModel) -> None:
    """Hold the checksums that came along against those of the copy."""
    differing = [path for path, sha256 in carried.files.items() if model.files.get(path) != sha256]
    if differing:
        raise ModelRefused(
            f"{', '.join(differing)} {'is' if len(differing) == 1 else 'are'} missing or changed since the model was"
            " described.",
            remedy="It was damaged on the way: copy it again ('vocalyx models verify' at its source tells which side).",
        )
