"""Pulls models from a hub into the models directory: continued after a cut, checked, whole or not at all.

Files gather in `<models_dir>/.pulling/<kind>/<name>/`: in `parts`, each under its checksum while it arrives, and in `model`
once it is whole. That folder outlives a run that was cut off, and the next one continues it, even if the repository has
moved on meanwhile: what has the same checksum is the same.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from app.catalog.errors import ModelPullFailed, ModelRefused
from app.catalog.hub import Hub
from app.catalog.inspection import inspect
from app.catalog.installed import DESCRIPTION_FILE, InstalledModel, ModelKind, describe, write_description
from app.catalog.place import files_in, move_into_place, partial_of, place_of, require_space, sole_writer
from app.catalog.progress import ArrivalObserver
from app.catalog.repository import HubFile, Repository, content_matches
from app.catalog.shelf import PIPELINE_NEEDED, PIPELINE_WANTED, Piece, ShelfModel, whisper_piece

UNSTATED = "not stated"
"""The licence of a model whose publisher names none."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SLACK_BYTES = 16 * 1024 * 1024
"""For what is small and not in the sum: the description, a converted part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOrder:
    """What is to be pulled. Empty texts are filled in from what the hub says; `revision` holds for the first piece.

    `patterns` are those by which its files were chosen, where they were. `sha256` insists on the checksum of the
    model's one file; `insists`: that, or the revision, was asked for by name.
    """

    kind: ModelKind
    name: str
    pieces: tuple[Piece, ...]
    title: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    revision: str = "main"
    sha256: str | None = None
    insists: bool = False
    settle: Callable[[Path], None] | None = None

    def given(self, *, revision: str | None, sha256: str | None) -> "PullOrder":
        """Return the same order of one revision, and of one checksum, where they are insisted on."""
        return replace(self, revision=revision or self.revision, sha256=sha256, insists=bool(revision or sha256))

    def chose(self, model: InstalledModel) -> bool:
        """Tell whether the model has a file for each pattern by which files were chosen."""
        return all(any(fnmatchcase(path, pattern) for path in model.files) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be had, and its path in the model's folder."""

    repository: Repository
    file: HubFile
    path: str


@dataclass(frozen=True, slots=True)
class _Arriving:
    """The pull as it is shown; and its files."""

    kind: ModelKind
    name: str
    title: str
    licence: str
    download_bytes: int
    languages: tuple[str, ...]
    source: str
    files: tuple[_Wanted, ...]


def checked_name(name: str) -> str:
    """Return `name` if it can be a model's: letters, digits, dots, dashes, underscores. Raises `ModelRefused`."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ModelRefused(
            f"{name[:100]!r} cannot be the name of a model.",
            remedy="Choose one of letters, digits, dots, dashes and underscores with --name.",
        )
    return name


def order_from_shelf(model: ShelfModel) -> PullOrder:
    """Return the order for a model of the shelf."""
    return PullOrder(
        kind=model.kind,
        name=model.name,
        pieces=model.pieces,
        title=model.title,
        licence=model.licence,
        languages=model.languages,
        settle=model.settle,
    )


def order_from_repository(
    repository: str, kind: ModelKind, *, patterns: Sequence[str] = (), name: str | None = None, revision: str = "main"
) -> PullOrder:
    """Return the order for any repository; `patterns` choose its files, otherwise the kind does. Raises `ModelRefused`."""
    piece = Piece(repository=repository, needed=tuple(patterns) or ("*.gguf",))
    if not patterns and kind is ModelKind.WHISPER:
        piece = whisper_piece(repository)
    if not patterns and kind is ModelKind.DIARIZATION:
        piece = Piece(repository=repository, needed=PIPELINE_NEEDED, wanted=PIPELINE_WANTED)
    return PullOrder(
        kind=kind,
        name=checked_name(name or repository.rpartition("/")[2]),
        pieces=(piece,),
        patterns=tuple(patterns),
        revision=revision,
    )


def pull(
    order: PullOrder, models_dir: Path, hub: Hub, observer: ArrivalObserver, *, update: bool = False
) -> InstalledModel:
    """Install what is ordered, unless it is there and whole; with `update` also where the hub has another state of it.

    An order that insists on a revision or a checksum is held against the hub in any case, and so is one that chose
    files which the installed model does not have. Raises `ModelPullFailed`, `ModelRefused` (also where another state or
    other files are installed, and `update` was not asked for), `NotEnoughSpace`.
    """
    place = place_of(models_dir, order.kind, checked_name(order.name))
    present = describe(place)
    if present is not None and present.is_whole() and order.chose(present) and not (update or order.insists):
        observer.present(_as_shown(present), None)
        return present
    started = time.monotonic()
    with sole_writer(models_dir, observer.waiting) as work:
        arriving = _resolve(order, hub)
        present = describe(place)  # another process may have just pulled it
        other = None if present is None else _difference(present, arriving, order)
        if present is not None and other is None and not present.damaged_files():
            observer.present(arriving, None)
            return present
        if present is not None and other is not None and present.is_whole() and not update:
            raise ModelRefused(
                f"{order.kind}/{order.name} is installed {other}.", remedy="Add --update to put this in its place."
            )
        partial = partial_of(models_dir, order.kind, order.name)
        _download(arriving, hub, models_dir, partial, place, observer)
        folder = work / "model"
        # Copied as links: a refusal below leaves what was downloaded as it was.
        shutil.copytree(partial / "model", folder, copy_function=_link)
        if order.settle is not None:
            observer.working(arriving, "converting")
            _settle(order, folder)
        observer.working(arriving, "checking")
        languages = _inspected(folder, order)
        model = write_description(
            folder,
            kind=arriving.kind,
            name=arriving.name,
            title=arriving.title,
            licence=arriving.licence,
            languages=arriving.languages or languages,
            source=arriving.source,
            chosen=True,
        )
        move_into_place(folder, place, work / "replaced")
        shutil.rmtree(partial, ignore_errors=True)
        observer.present(arriving, time.monotonic() - started)
        return model.model_copy(update={"folder": place})


def _difference(present: InstalledModel, arriving: _Arriving, order: PullOrder) -> str | None:
    """Say in what the installed model, as it is recorded, is another than that which is to be had; None: in nothing."""
    if present.source != arriving.source:
        return f"from {present.source}, not from {arriving.source}"
    if order.settle is not None:
        return None  # it is made of these files, and no longer has them
    lacking = [each.file.path for each in arriving.files if not _is_recorded(each, present)]
    return f"from {present.source}, but without its {', '.join(lacking)}" if lacking else None


def _is_recorded(wanted: _Wanted, present: InstalledModel) -> bool:
    """Tell whether the installed model has the file, by its recorded SHA-256 where the hub states that."""
    recorded = present.files.get(wanted.path)
    return recorded == wanted.file.digest if _SHA256.fullmatch(wanted.file.digest) else recorded is not None


def partial_bytes(models_dir: Path, kind: ModelKind, name: str) -> int:
    """Return how much of a model lies in a pull that was cut off."""
    folder = partial_of(models_dir, kind, name)
    return sum((folder / path).stat().st_size for path in files_in(folder))


def _resolve(order: PullOrder, hub: Hub) -> _Arriving:
    """Ask the hub what the order's files are at this moment."""
    wanted: list[_Wanted] = []
    repositories: list[Repository] = []
    for index, piece in enumerate(order.pieces):
        repository = hub.repository(piece.repository, order.revision if index == 0 else "main")
        repositories.append(repository)
        for file in _chosen(repository, piece, order.kind):
            # A language model's one file is looked for at the top, whichever folder of the repository it is in.
            is_model = order.kind is ModelKind.LLM and file.path.endswith(".gguf")
            place = PurePosixPath(file.path).name if is_model else file.path
            path = f"{piece.folder}/{place}" if piece.folder else place
            if path != DESCRIPTION_FILE:
                wanted.append(_Wanted(repository, file, path))
    if order.sha256 is not None:
        _insist(order.sha256.lower(), wanted)
    first = repositories[0]
    return _Arriving(
        kind=order.kind,
        name=order.name,
        title=order.title or first.name,
        licence=order.licence or first.licence or UNSTATED,
        languages=order.languages or (first.languages if order.kind is ModelKind.LLM else ()),
        download_bytes=sum(each.file.size for each in wanted),
        source=", ".join(f"{hub.url}/{each.name}@{each.commit}" for each in repositories),
        # Small ones first: what is missing or locked shows before gigabytes are here.
        files=tuple(sorted(wanted, key=lambda each: each.file.size)),
    )


def _chosen(repository: Repository, piece: Piece, kind: ModelKind) -> Iterator[HubFile]:
    def matching(pattern: str) -> list[HubFile]:
        return [file for file in repository.files if fnmatchcase(file.path, pattern)]

    chosen: dict[str, HubFile] = {}
    for pattern in piece.needed:
        found = matching(pattern)
        if not found:
            raise ModelPullFailed(
                f"{repository.name} has no file {pattern} (at {repository.commit[:12]}).",
                remedy=f"It is no {kind} model in the form that is needed here, or --file names another than it has:"
                f" {_some_names(repository.files)}.",
            )
        chosen.update((file.path, file) for file in found)
    models = [file for file in chosen.values() if file.path.endswith(".gguf")]
    if kind is ModelKind.LLM and len(models) > 1:
        raise ModelPullFailed(
            f"{repository.name} has {len(models)} files to choose from.",
            remedy=f"Name one with --file: {_some_names(models)}.",
        )
    for pattern in piece.wanted:
        chosen.update((file.path, file) for file in matching(pattern))
    yield from chosen.values()


def _some_names(files: Sequence[HubFile], most: int = 30) -> str:
    names = [f"{file.path} ({file.size / 1e6:.0f} MB)" for file in files[:most]]
    return ", ".join(names) + (", …" if len(files) > most else "")


def _insist(sha256: str, wanted: Sequence[_Wanted]) -> None:
    if not _SHA256.fullmatch(sha256):
        raise ModelPullFailed("--sha256 is not a SHA-256.", remedy="Give 64 hexadecimal digits.")
    models = [each.file for each in wanted if not fnmatchcase(each.path, "LICEN[CS]E*")]
    if len(models) != 1:
        raise ModelPullFailed(
            f"--sha256 is for a model of one file; this one has {len(models)}.", remedy="Choose one with --file."
        )
    if models[0].digest != sha256:
        raise ModelPullFailed(
            f"The hub's {models[0].path} has the checksum {models[0].digest}, not {sha256}.",
            remedy="Do not use it, unless you know why it changed: name the revision that you mean (OWNER/NAME@REVISION).",
        )


def _download(
    arriving: _Arriving, hub: Hub, models_dir: Path, partial: Path, place: Path, observer: ArrivalObserver
) -> None:
    """Bring all files into `partial/model`; what is right in the installed model at `place` is taken from there."""
    parts, whole = partial / "parts", partial / "model"
    parts.mkdir(parents=True, exist_ok=True)
    whole.mkdir(exist_ok=True)
    missing = _tidied(arriving, parts, whole, place)
    done = arriving.download_bytes - sum(each.file.size for each in missing)
    here = sum(path.stat().st_size for path in parts.iterdir())
    require_space(models_dir, arriving.download_bytes - done - here + _SLACK_BYTES, f"pulling {arriving.name}")
    observer.downloading(arriving, done + here)
    for each in missing:
        before = done

        def progress(received: int, before: int = before) -> None:
            observer.downloading(arriving, before + received)

        part = parts / each.file.digest
        hub.download(each.repository, each.file, part, progress)
        target = whole / each.path
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        done += each.file.size


def _tidied(arriving: _Arriving, parts: Path, whole: Path, place: Path) -> list[_Wanted]:
    """Remove what an earlier run left and this one has no use for; return the files that are still to be had."""
    wanted = {each.path: each for each in arriving.files}
    for path in files_in(whole):
        each = wanted.get(path.as_posix())
        if each is None or not content_matches(whole / path, each.file.digest):
            (whole / path).unlink()
    for each in arriving.files:
        known, target = place / each.path, whole / each.path
        if not target.exists() and known.is_file() and content_matches(known, each.file.digest):
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(str(known), str(target))
    missing = [each for each in arriving.files if not (whole / each.path).exists()]
    digests = {each.file.digest for each in missing}
    for part in parts.iterdir():
        if part.name not in digests:
            part.unlink()
    return missing


def _link(source: str, target: str) -> None:
    """Put the file at `target` too; copied where the volume has no hard links."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _settle(order: PullOrder, folder: Path) -> None:
    assert order.settle is not None  # noqa: S101 - the caller looked
    try:
        order.settle(folder)
    except ImportError as error:
        raise ModelPullFailed(
            f"{order.name} could not be converted: {error}",
            remedy="Run it in the environment of a transcription worker (requirements/transcription.txt); what was"
            " downloaded is kept.",
        ) from error


def _inspected(folder: Path, order: PullOrder) -> tuple[str, ...]:
    try:
        return inspect(folder, order.kind)
    except ModelRefused as error:
        raise ModelPullFailed(
            f"{order.pieces[0].repository} is no {order.kind} model that can be used: {error.detail}",
            remedy=error.remedy,
        ) from error


def _as_shown(present: InstalledModel) -> _Arriving:
    return _Arriving(
        present.kind, present.name, present.title, present.licence, 0, present.languages, present.source, ()
    )
