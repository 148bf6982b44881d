"""What a model hub says of a repository: its files, each with a checksum, at one commit."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from app.catalog.installed import HASH_BLOCK_BYTES

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository. `digest` is its SHA-256, or git's SHA-1 of it (40 digits)."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit, as the hub describes it. `licence` is empty where it states none."""

    name: str
    commit: str
    licence: str
    languages: tuple[str, ...]
    files: tuple[HubFile, ...]


def described(name: str, answer: Any) -> Repository:
    """Return the repository of a hub's description; `ValueError` says what is wrong with one that cannot be used."""
    try:
        card = answer.get("cardData") or {}
        languages = card.get("language") or ()
        return Repository(
            name=name,
            commit=_commit(answer["sha"]),
            licence=str(card.get("license") or ""),
            languages=(languages,) if isinstance(languages, str) else tuple(map(str, languages)),
            files=tuple(map(_described_file, answer["siblings"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not what a hub writes") from error


def content_matches(path: Path, digest: str) -> bool:
    """Read the file and tell whether its SHA-256, or git's SHA-1 of it (40 digits), is `digest`."""
    if len(digest) == _SHA256_DIGITS:
        found = hashlib.sha256()
    else:
        # Git names content by it; against tampering stands the connection, not this sum.
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest() == digest


def _is_safe_path(path: Any) -> bool:
    """Tell whether a path out of a repository stays below the folder it is put into."""
    return (
        isinstance(path, str)
        and path.isprintable()
        and "\\" not in path
        and not path.startswith("/")
        and all(part not in {"", ".", ".."} for part in path.split("/"))
        and PurePosixPath(path).name != ""
    )


def _commit(text: str) -> str:
    if not _COMMIT.fullmatch(text):
        raise ValueError("it states no commit")
    return text


def _described_file(entry: Mapping[str, Any]) -> HubFile:
    path, large = entry["rfilename"], entry.get("lfs") or {}
    if not _is_safe_path(path):
        raise ValueError(f"it has a file {path[:100]!r}")
    size = large.get("size", entry.get("size"))
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"it states no size of {path}")
    digest = large.get("sha256") or entry.get("blobId") or ""
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"it states no checksum of {path}")
    return HubFile(path, size, digest)
