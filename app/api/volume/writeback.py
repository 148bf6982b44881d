"""Blocks of files on their way to the disk."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

_AT_ONCE_BYTES = 8 * 1024 * 1024

_hashers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="hashing")


@contextmanager
def hashed_meanwhile(block: bytearray, *digests: "hashlib._Hash") -> Iterator[None]:
    """Add a block to digests in another thread while it is written in this one; at the end both are done."""
    hashing = [_hashers.submit(digest.update, block) for digest in digests]
    try:
        yield
    finally:
        for one in hashing:
            one.result()


def begin_writing_back(descriptor: int, begin: int, end: int) -> None:
    """Have the kernel begin to write to the disk what a file got from `begin` to `end`, eight mebibytes at a time.

    So little is left to wait for when the file is synced. Linux starts to write back what it is told that nobody needs,
    without waiting for it, and drops of it only what is on the disk already.
    """
    first, last = begin // _AT_ONCE_BYTES, end // _AT_ONCE_BYTES
    if first < last:
        start = first * _AT_ONCE_BYTES
        os.posix_fadvise(descriptor, start, last * _AT_ONCE_BYTES - start, os.POSIX_FADV_DONTNEED)
