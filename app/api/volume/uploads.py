"""The uploads volume: files come in streamed, hashed, synced and renamed, so that what stands there is whole."""

import hashlib
import logging
import math
import os
import shutil
import time
import unicodedata
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from app.api.volume.errors import storage_errors
from app.api.volume.opening import Opened, opened_on_volume
from app.api.volume.overlap import Overlap
from app.api.volume.partial_files import PartialFiles
from app.api.volume.threads import on_volume
from app.api.volume.writeback import begin_writing_back, hashed_meanwhile
from app.core.errors import EmptyUpload, StorageFull, UploadTooLarge
from app.core.identifiers import TranscriptionId
from app.media.recordings import UploadsVolumeAway

_INCOMING = ".incoming"
_UNSETTLED = ".unsettled"
_PARTIAL = ".partial"
_ABANDONED_AFTER_SECONDS = 24 * 3600

FORM_OVERHEAD_BYTES = 1024 * 1024
"""What a multipart body has beside the file at most: boundaries, headers, fields."""

_UNSETTLED_SECONDS = 3600
_SPACE_CHECK_BYTES = 64 * 1024 * 1024
_WRITTEN_BYTES = 1024 * 1024
_NAME_CHARACTERS = 255
_UNNAMED = "recording"
_PROBE = ".probe"

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that is complete and on disk, but not yet anybody's."""

    path: Path
    size_bytes: int
    sha256: str


class UploadVolume:
    """Keeps recordings under `root` by the transcription's id; a client's file name never becomes a path.

    While a recording and its row are being made, or removed, the volume notes it as unsettled: after a crash in between
    the row decides whether the file stays. Methods raise `StorageFull` or, where the volume does not answer,
    `DependencyDown`.
    """

    def __init__(self, root: Path, *, limit_bytes: int, reserve_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._reserve = reserve_bytes
        self._incoming = root / _INCOMING
        self._unsettled = root / _UNSETTLED
        self.partial = PartialFiles(root / _PARTIAL)
        self.hangs = False
        """Whether the volume gives neither answer nor error, as one of the network whose server is away (`app.api.watch`)."""
        self.hung_at = -math.inf
        """When it was last found to hang, in seconds of the monotonic clock."""

    def tell_whether_it_hangs(self, hangs: bool) -> None:
        """Note what a look at the volume found."""
        self.hangs = hangs
        if hangs:
            self.hung_at = time.monotonic()

    async def use(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do what reads or writes the volume in a thread. Raises `UploadsVolumeAway` at once while the volume hangs."""
        self.require()
        return await on_volume(work, *args, **kwargs)

    async def open(self, work: Callable[P, Opened], *args: P.args, **kwargs: P.kwargs) -> Opened:
        """As `use`, for what opens a file: where its request ends meanwhile, it is closed."""
        self.require()
        return await opened_on_volume(work, *args, **kwargs)

    def require(self, since: float = math.inf) -> None:
        """Raise `UploadsVolumeAway` while the volume hangs: whoever waited for it would wait as long as it does.

        Also where it hung `since` a moment of the monotonic clock.
        """
        if self.hangs or self.hung_at >= since:
            raise UploadsVolumeAway(
                "The volume that keeps the recordings does not answer; what was transcribed can be read and searched.",
                remedy="Send the same request again in a minute, an upload with the same Idempotency-Key.",
            )

    def prepare(self) -> None:
        """Make the folders that are missing."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._unsettled.mkdir(exist_ok=True)
        self.partial.prepare()

    def check_announced(self, size_bytes: int | None) -> None:
        """Refuse by its announced length what would not fit, before a byte of it is read."""
        if size_bytes is not None and size_bytes > self.limit_bytes + FORM_OVERHEAD_BYTES:
            raise self._too_large()
        self.check_space(size_bytes or 0)

    def check_size(self, size_bytes: int) -> None:
        """Raise `UploadTooLarge` for a file of more than the limit."""
        if size_bytes > self.limit_bytes:
            raise self._too_large()

    def check_space(self, needed_bytes: int) -> None:
        """Raise `StorageFull` where so much more would eat into the reserve."""
        with storage_errors():
            if shutil.disk_usage(self.root).free - needed_bytes < self._reserve:
                raise StorageFull

    async def receive(self, blocks: AsyncIterator[bytes]) -> ReceivedFile:
        """Write a stream to a file of its own, in memory some mebibytes at a time.

        Raises `EmptyUpload`, `UploadTooLarge` or `StorageFull`; nothing of the file is left then, nor if the client
        goes away.
        """
        path = self._incoming / f"{uuid.uuid4()}.part"
        digest = hashlib.sha256()
        size = 0
        checked = 0
        with storage_errors():
            file = await self.open(path.open, "xb", buffering=0)
        writing = Overlap()
        try:
            try:
                async for some in _gathered(blocks):
                    size += len(some)
                    self.check_size(size)
                    with storage_errors():
                        # The next ones come while these are hashed and written.
                        await writing.start(partial(_write, file.fileno(), digest, some))
                        if size - checked >= _SPACE_CHECK_BYTES:
                            checked = size
                            await on_volume(self.check_space, 0)
                _check_not_empty(size)
                with storage_errors():
                    await writing.done()
                    await on_volume(os.fsync, file.fileno())
            finally:
                await writing.settle()
                # Closing writes what is left, and removing asks the server: both may wait, and not on everybody's thread.
                await on_volume(_close, file)
        except BaseException:
            await on_volume(_remove, path)
            raise
        return ReceivedFile(path, size, digest.hexdigest())

    def keep(self, received: ReceivedFile, owner: TranscriptionId) -> str:
        """Give a received file its lasting place, durably, and return its path relative to the volume.

        It is unsettled until its row stands: call `settle` then.
        """
        relative = self.place_of(owner)
        target = self.root / relative
        with storage_errors():
            self.unsettle(owner)
            target.parent.mkdir(parents=True, exist_ok=True)
            if received.path != target:
                received.path.rename(target)
            target.stat()  # a sweep that was too early may have removed what an earlier try put there
            for folder in (target.parent, target.parent.parent, self.root):
                _sync_folder(folder)
        return str(relative)

    @staticmethod
    def place_of(owner: TranscriptionId) -> Path:
        """Return where a transcription's recording lies, relative to the volume; two levels keep the folders small."""
        return Path(owner.hex[:2]) / str(owner) / "source"

    def discard(self, received: ReceivedFile) -> None:
        _remove(received.path)

    def unsettle(self, owner: TranscriptionId) -> None:
        """Note that the row of this recording is about to be made, or removed."""
        with storage_errors():
            (self._unsettled / str(owner)).touch()

    def settle(self, owner: TranscriptionId, *, kept: bool) -> None:
        """Note that the row stands (`kept`), or remove the recording and its folder. Twice is no error."""
        if not kept:
            folder = (self.root / self.place_of(owner)).parent
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                logger.warning("a recording could not be removed; a sweep tries again", extra={"fields": {"id": owner}})
                return
        with suppress(OSError):  # the row stands as it should: what is left of the note, a sweep removes
            (self._unsettled / str(owner)).unlink(missing_ok=True)

    def long_unsettled(self) -> list[TranscriptionId]:
        """Return the recordings whose making or removal was cut off."""
        oldest = time.time() - _UNSETTLED_SECONDS
        return [owner for path in _older_than(self._unsettled, oldest) if (owner := _owner(path.name)) is not None]

    def sweep_incoming(self) -> None:
        """Remove what uploads left behind whose process was killed."""
        for path in _older_than(self._incoming, time.time() - _ABANDONED_AFTER_SECONDS):
            path.unlink(missing_ok=True)
            logger.info("removed an abandoned upload", extra={"fields": {"file": path.name}})

    def check_writable(self) -> None:
        """Raise `OSError` where the volume cannot be written to, `StorageFull` where it has no room left."""
        probe = self._incoming / _PROBE
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))
        probe.unlink(missing_ok=True)  # another instance may have been here
        if shutil.disk_usage(self.root).free < self._reserve:
            raise StorageFull

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(
            f"The file is larger than the limit of {self.limit_bytes} bytes.",
            remedy="Split or compress the recording (16 kHz mono Opus serves speech well), or ask for a higher limit.",
            field="file",
        )


def display_name(filename: str | None) -> str:
    """Return a client's file name as it may be shown: its last part alone, composed, without what deceives a reader.

    Taken out are control characters, line ends, and the marks that make `gpj.exe` of `exe.jpg`; joiners, which Persian
    names and some pictograms need, stay.
    """
    last = (filename or "").replace("\\", "/").rpartition("/")[2]
    last = unicodedata.normalize("NFC", last[: 4 * _NAME_CHARACTERS])
    shown = "".join(character for character in last if _is_honest(character)).strip()
    return shown[:_NAME_CHARACTERS] if shown.strip(".") else _UNNAMED


def _check_not_empty(size: int) -> None:
    if size == 0:
        raise EmptyUpload(field="file")


def _is_honest(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return False
    return unicodedata.bidirectional(character) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def _older_than(folder: Path, moment: float) -> list[Path]:
    found = []
    for path in folder.iterdir():
        # Another instance may remove it at the same time.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < moment:
                found.append(path)
    return found


async def _gathered(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytearray]:
    """Yield the blocks, some mebibytes of them at a time: they come as small as the network has them.

    Hashing and writing leave the interpreter to the event loop, and wait for it to have it back: the fewer, the better.
    """
    some = bytearray()
    async for block in blocks:
        some += block
        if len(some) >= _WRITTEN_BYTES:
            yield some
            some = bytearray()
    if some:
        yield some


def _write(descriptor: int, digest: "hashlib._Hash", block: bytearray) -> None:
    with hashed_meanwhile(block, digest), memoryview(block) as view:
        written = 0
        while written < len(view):
            written += os.write(descriptor, view[written:])
        end = os.lseek(descriptor, 0, os.SEEK_CUR)
        begin_writing_back(descriptor, end - written, end)


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # what was synced is safe, and what was not is not wanted
        file.close()


def _remove(path: Path) -> None:
    with suppress(OSError):  # a sweep removes it later
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _owner(name: str) -> TranscriptionId | None:
    """Return the id that a note is named after; None for a file that somebody else left there."""
    try:
        return TranscriptionId(uuid.UUID(name))
    except ValueError:
        return None
