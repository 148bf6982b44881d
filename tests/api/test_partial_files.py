"""A file that comes in pieces: what it is said to be is what is there."""

import hashlib
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.api.volume.partial_files import PartialFiles
from app.core.errors import DependencyDown


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """Have the system refuse to write a file beyond this size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_could_not_be_written_is_in_no_digest(tmp_path: Path) -> None:
    files, upload = PartialFiles(tmp_path / "partial"), uuid.uuid4()
    files.prepare()
    file = files.open(upload, 0)
    file.add(bytearray(b"a" * 1000))
    with files_of_at_most(1500), pytest.raises(DependencyDown):
        file.add(bytearray(b"b" * 1000))
    files.remember(upload, file)
    recorded = file.size_bytes
    file.close()

    again = files.open(upload, recorded)
    again.add(bytearray(b"c" * 1000))
    files.remember(upload, again)
    again.close()
    content = files.path(upload).read_bytes()
    assert content == b"a" * 1000 + b"c" * 1000
    assert files.sha256(upload, files.path(upload)) == (hashlib.sha256(content).hexdigest(), len(content))
