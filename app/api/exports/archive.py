"""A ZIP archive (APPNOTE 6.3.9) written front to back, of any size, in memory that does not grow.

What is known of each file for the directory at the end goes to a temporary file: of a large project that is hundreds of
megabytes. Everything is deflated, recordings without being compressed: they are compressed already, and a reader that goes
front to back cannot find the end of a file that is stored as it is.
"""

import datetime as dt
import struct
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = struct.Struct("<4sLQQ")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_SIZES_64 = struct.Struct("<2H2Q")

_MADE_BY_UNIX, _VERSION_64, _VERSION = 3 << 8, 45, 20
_FLAG_UTF_8, _FLAG_DESCRIPTOR = 0x800, 0x008
_DEFLATED = 8
_READABLE_BY_OWNER = 0o100600 << 16
_NO_ROOM_16, _NO_ROOM_32 = 0xFFFF, 0xFFFFFFFF
_EARLIEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)

_KEPT_IN_MEMORY_BYTES = 1024 * 1024
_BLOCK_BYTES = 256 * 1024


@dataclass(slots=True)
class _Entry:
    name: bytes
    moment: tuple[int, int]
    offset: int
    flags: int
    crc: int = 0
    size: int = 0
    compressed: int = 0


class Archive:
    """Gives the archive's bytes piece by piece: each method returns those that are to be written next.

    Names are paths with `/`; they are the caller's to make safe, and different from one another.
    """

    def __init__(self) -> None:
        self._directory: Any = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - see `close`
        self._offset = 0
        self._files = 0
        self._open: _Entry | None = None
        self._deflate: Any = None

    def close(self) -> None:
        self._directory.close()

    def whole(self, name: str, content: bytes, moment: dt.datetime) -> bytes:
        """Add a file that is here whole, and compress it."""
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = deflate.compress(content) + deflate.flush()
        entry = _Entry(
            name.encode(), _dos(moment), self._offset, _FLAG_UTF_8, zlib.crc32(content), len(content), len(packed)
        )
        sizes = (entry.crc, entry.compressed, entry.size)
        header = _LOCAL.pack(b"PK\3\4", _VERSION, entry.flags, _DEFLATED, *entry.moment, *sizes, len(entry.name), 0)
        self._note(entry)
        return self._counted(header + entry.name + packed)

    def begin(self, name: str, moment: dt.datetime) -> bytes:
        """Begin a file that comes in blocks, of whatever length."""
        entry = _Entry(name.encode(), _dos(moment), self._offset, _FLAG_UTF_8 | _FLAG_DESCRIPTOR)
        self._open, self._deflate = entry, zlib.compressobj(0, wbits=-zlib.MAX_WBITS)
        unknown = (0, _NO_ROOM_32, _NO_ROOM_32)
        header = _LOCAL.pack(
            b"PK\3\4", _VERSION_64, entry.flags, _DEFLATED, *entry.moment, *unknown, len(entry.name), _SIZES_64.size
        )
        return self._counted(header + entry.name + _SIZES_64.pack(1, 16, 0, 0))

    def add(self, block: bytes) -> bytes:
        """Add a block to the file that was begun."""
        entry = self._begun()
        entry.crc = zlib.crc32(block, entry.crc)
        entry.size += len(block)
        return self._packed(self._deflate.compress(block))

    def end(self) -> bytes:
        """End the file that was begun."""
        entry, rest = self._begun(), self._packed(self._deflate.flush())
        self._open = None
        self._note(entry)
        return rest + self._counted(_DESCRIPTOR.pack(b"PK\7\x08", entry.crc, entry.compressed, entry.size))

    def directory(self) -> Iterator[bytes]:
        """End the archive."""
        start, size = self._offset, self._directory.tell()
        self._directory.seek(0)
        while block := self._directory.read(_BLOCK_BYTES):
            yield self._counted(block)
        if self._files >= _NO_ROOM_16 or start >= _NO_ROOM_32 or size >= _NO_ROOM_32:
            end_64 = self._offset
            yield _END_64.pack(
                b"PK\6\6", _END_64.size - 12, _VERSION_64, _VERSION_64, 0, 0, self._files, self._files, size, start
            )
            yield _LOCATOR_64.pack(b"PK\6\7", 0, end_64, 1)
        files = min(self._files, _NO_ROOM_16)
        yield _END.pack(b"PK\5\6", 0, 0, files, files, min(size, _NO_ROOM_32), min(start, _NO_ROOM_32), 0)

    def _begun(self) -> _Entry:
        if self._open is None:
            raise RuntimeError("no file was begun")
        return self._open

    def _packed(self, packed: bytes) -> bytes:
        self._begun().compressed += len(packed)
        return self._counted(packed)

    def _counted(self, written: bytes) -> bytes:
        self._offset += len(written)
        return written

    def _note(self, entry: _Entry) -> None:
        """Write a file's entry of the directory; what has no room in 32 bits goes into the extra field."""
        numbers = (entry.size, entry.compressed, entry.offset)
        large = [number for number in numbers if number >= _NO_ROOM_32]
        extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        size, compressed, offset = (min(number, _NO_ROOM_32) for number in numbers)
        needed = _VERSION_64 if large or entry.flags & _FLAG_DESCRIPTOR else _VERSION
        self._directory.write(
            _CENTRAL.pack(
                b"PK\1\2", _MADE_BY_UNIX | _VERSION_64, needed, entry.flags, _DEFLATED, *entry.moment,
                entry.crc, compressed, size, len(entry.name), len(extra), 0, 0, 0, _READABLE_BY_OWNER, offset,
            ) + entry.name + extra
        )  # fmt: skip
        self._files += 1


def _dos(moment: dt.datetime) -> tuple[int, int]:
    """Return a time and a date as MS-DOS had them: to two seconds, from 1980 on. In UTC here."""
    at = max(moment.astimezone(dt.UTC), _EARLIEST)
    time = at.hour << 11 | at.minute << 5 | at.second // 2
    return time, (at.year - _EARLIEST.year) << 9 | at.month << 5 | at.day
