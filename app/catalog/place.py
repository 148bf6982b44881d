"""Changes to the models directory: by one process at a time, and each model whole or not at all.

Work is done in hidden folders of the directory itself, on the same volume, and a finished folder is renamed into place.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.catalog.errors import ModelsFolderUnwritable, NotEnoughSpace
from app.catalog.installed import ModelKind

WORK_FOLDER = ".fetching"
"""Cleared whenever somebody begins to work: what is in it is of a run that was cut off."""

PARTIAL_FOLDER = ".pulling"
"""Downloads that were cut off and will be continued."""

LOCK_FILE = ".lock"


def place_of(models_dir: Path, kind: ModelKind, name: str) -> Path:
    """Return where a model is installed."""
    return models_dir / kind / name


def partial_of(models_dir: Path, kind: ModelKind, name: str) -> Path:
    """Return where a model's files gather while they are pulled."""
    return models_dir / PARTIAL_FOLDER / kind / name


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise `ModelsFolderUnwritable` where what is changed in a folder meanwhile cannot be."""
    try:
        yield
    except OSError as error:
        raise ModelsFolderUnwritable(
            f"{folder} cannot be written: {error.strerror or type(error).__name__}."
        ) from error


@contextmanager
def sole_writer(models_dir: Path, waiting: Callable[[Path], None]) -> Iterator[Path]:
    """Hold the directory's lock, and give a folder to work in that is empty before and gone afterwards.

    `waiting` is told where another process has the lock. The kernel gives the lock back when the process ends, however
    it ends. Raises `ModelsFolderUnwritable`.
    """
    with writing(models_dir):
        models_dir.mkdir(parents=True, exist_ok=True)
        lock = (models_dir / LOCK_FILE).open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(models_dir)
            fcntl.flock(lock, fcntl.LOCK_EX)
        work = models_dir / WORK_FOLDER
        shutil.rmtree(work, ignore_errors=True)
        with writing(models_dir):
            work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def require_space(models_dir: Path, needed_bytes: int, purpose: str) -> None:
    """Raise `NotEnoughSpace` where the volume has less than `needed_bytes` free. `purpose` reads like `pulling small`."""
    free = shutil.disk_usage(models_dir).free
    if free < needed_bytes:
        raise NotEnoughSpace(
            f"{models_dir} has {free / 1e6:.0f} MB free; {purpose} needs {needed_bytes / 1e6:.0f} MB for a while."
        )


def move_into_place(folder: Path, place: Path, replaced: Path) -> None:
    """Rename `folder` to `place`; what is there already is moved aside first, since rename cannot replace a full folder.

    Raises `ModelsFolderUnwritable`.
    """
    with writing(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place.rename(replaced)
        folder.rename(place)


def files_in(folder: Path) -> list[Path]:
    """Return all files below `folder`, relative to it, sorted."""
    return sorted((Path(parent) / name).relative_to(folder) for parent, _, names in os.walk(folder) for name in names)
