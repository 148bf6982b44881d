"""Files on the uploads volume that are not whole yet: pieces are added by any API instance, over days.

How much of a file counts is noted in PostgreSQL, after it was synced here; what lies behind that is from a request that
was cut off and is overwritten.
"""

import hashlib
import os
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from uuid import UUID

from app.api.volume.errors import storage_errors
from app.api.volume.writeback import begin_writing_back, hashed_meanwhile

_ENDING = ".part"
_READ_BYTES = 4 * 1024 * 1024
_REMEMBERED_DIGESTS = 1024


@dataclass
class Digest:
    """The SHA-256 of a file's first `size_bytes`."""

    size_bytes: int
    sha256: "hashlib._Hash"

    def copy(self) -> Self:
        return replace(self, sha256=self.sha256.copy())


class PartialFile:
    """One file that is open for a piece, from `size_bytes` on. Its methods wait for the disk: call them in a thread."""

    def __init__(
        self, descriptor: int, size_bytes: int, digest: Digest | None, checksum: "hashlib._Hash | None"
    ) -> None:
        self.size_bytes = size_bytes
        self._descriptor = descriptor
        self._digest = digest
        self._checksum = checksum

    def add(self, block: bytearray) -> None:
        """Write a block behind what is there."""
        # Of what cannot be written the file has nothing, and the digest all: it is known again once that is done.
        known, self._digest = self._digest, None
        digests = [] if known is None else [known.sha256]
        digests += [] if self._checksum is None else [self._checksum]
        with storage_errors(), hashed_meanwhile(block, *digests), memoryview(block) as view:
            written = 0
            while written < len(view):
                written += os.pwrite(self._descriptor, view[written:], self.size_bytes + written)
            begin_writing_back(self._descriptor, self.size_bytes, self.size_bytes + written)
        if known is not None:
            known.size_bytes += written
            self._digest = known
        self.size_bytes += written

    def sync(self) -> None:
        """Return once all that was added would survive a loss of power."""
        with storage_errors():
            os.fsync(self._descriptor)

    def checksum(self) -> bytes | None:
        """Return the checksum of this piece, where one was asked for."""
        return None if self._checksum is None else self._checksum.digest()

    def digest(self) -> Digest | None:
        """Return a copy of the digest of all so far, unless part of the file did not go by here."""
        return None if self._digest is None else self._digest.copy()

    def close(self) -> None:
        """Close the file; what was not synced may be lost."""
        with storage_errors():
            os.close(self._descriptor)


class PartialFiles:
    """The partial files, by their uploads' ids.

    The state of a SHA-256 cannot be stored, so it is kept in this process for the uploads that came last: what of a file
    went by here is hashed as it comes, what came to other instances or before a restart is read again at the end.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._digests: OrderedDict[UUID, Digest] = OrderedDict()

    def prepare(self) -> None:
        """Make the folder if it is missing."""
        self._root.mkdir(exist_ok=True)

    def path(self, upload: UUID) -> Path:
        """Return where the file lies; whether or not it does."""
        return self._root / f"{upload}{_ENDING}"

    def is_there(self) -> bool:
        """Tell whether the folder is there: without it the volume is away, and says nothing of any file."""
        return self._root.is_dir()

    def safe_bytes(self, upload: UUID, recorded_bytes: int) -> int:
        """Return how much of what was recorded is there: less than all where the volume lost or changed it."""
        with storage_errors():
            try:
                return min(recorded_bytes, self.path(upload).stat().st_size)
            except FileNotFoundError:
                return 0

    def open(self, upload: UUID, size_bytes: int, checksum: str | None = None) -> PartialFile:
        """Open the file for a piece behind its first `size_bytes`; what lies there from an earlier try goes.

        `checksum` names an algorithm of `hashlib` by which the piece is to be summed.
        """
        known = Digest(0, hashlib.sha256()) if size_bytes == 0 else self._digests.get(upload)
        # A copy: whether the piece counts is known once it is recorded.
        digest = known.copy() if known and known.size_bytes == size_bytes else None
        with storage_errors():
            descriptor = os.open(self.path(upload), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            os.ftruncate(descriptor, size_bytes)
        return PartialFile(descriptor, size_bytes, digest, hashlib.new(checksum) if checksum else None)

    def remember(self, upload: UUID, file: PartialFile) -> None:
        """Keep the digest of what was recorded just now."""
        digest = file.digest()
        if digest is None:
            return
        self._digests[upload] = digest
        self._digests.move_to_end(upload)
        while len(self._digests) > _REMEMBERED_DIGESTS:
            self._digests.popitem(last=False)

    def sha256(self, upload: UUID, path: Path) -> tuple[str, int]:
        """Return the digest and the size of the whole file at `path`, reading what was not hashed as it came."""
        known = self._digests.get(upload)
        digest, size = (known.sha256.copy(), known.size_bytes) if known else (hashlib.sha256(), 0)
        with storage_errors(), path.open("rb", buffering=0) as file:
            file.seek(size)
            while block := file.read(_READ_BYTES):
                digest.update(block)
                size += len(block)
        return digest.hexdigest(), size

    def remove(self, upload: UUID) -> None:
        """Remove the file, if it is there; where the volume does not let go of it, a sweep tries again."""
        self._digests.pop(upload, None)
        with suppress(OSError):
            self.path(upload).unlink(missing_ok=True)

    def known(self) -> list[UUID]:
        """Return the uploads that have a file here."""
        found = []
        for path in self._root.glob(f"*{_ENDING}"):
            with suppress(ValueError):  # somebody else left it there
                found.append(UUID(path.stem))
        return found
