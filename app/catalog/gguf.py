"""Reads the header of a GGUF file, so that a damaged or foreign file is refused before native code meets it.

Layout: docs/gguf.md of the ggml project. Little-endian throughout; versions 2 and 3 differ only for big-endian files.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.catalog.errors import ModelDamaged

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_SCALARS: Final[Mapping[int, str]] = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING = 8
_ARRAY = 9
_LONGEST_KEPT_ARRAY = 4096
"""Arrays of this length hold one number a layer and are kept; longer ones are vocabularies and are passed over."""

_CACHE_BYTES_PER_NUMBER = 2
"""llama.cpp keeps keys and values in half precision unless told otherwise."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What has to be known of a model before it is loaded."""

    architecture: str
    context_tokens: int
    """The length of text that the model was trained on."""
    cache_bytes_per_token: int
    """What each token of context takes in the key-value cache, over all layers."""
    chat_template: str | None


def read_header(path: Path) -> GgufHeader:
    """Read a model file's metadata. Raises `ModelDamaged` where it is not a whole GGUF header of a text model."""
    try:
        with path.open("rb") as file:
            metadata = _Reader(file, path.stat().st_size).metadata()
        return _header(metadata)
    except OSError as error:
        raise ModelDamaged(f"The model file {path.name} cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelDamaged(f"The model file {path.name} is not a whole GGUF file ({error}).") from error


def _header(metadata: Mapping[str, Any]) -> GgufHeader:
    architecture = str(metadata["general.architecture"])

    def number(key: str, default: int | None = None) -> Any:
        value = metadata.get(f"{architecture}.{key}", default)
        if value is None:
            raise ValueError(f"no {architecture}.{key}")
        return value

    layers, heads = number("block_count"), number("attention.head_count")
    # Either one number for all layers or a list of one for each. (A damaged count must not become a list's length.)
    heads_kept = number("attention.head_count_kv", heads)
    kept_in_all = sum(heads_kept) if isinstance(heads_kept, list) else heads_kept * layers
    width = number("embedding_length") // max(max(heads) if isinstance(heads, list) else heads, 1)
    numbers_a_head = number("attention.key_length", width) + number("attention.value_length", width)
    context_tokens = int(number("context_length"))
    if context_tokens <= 0 or kept_in_all < 0:
        raise ValueError("it has no context")
    return GgufHeader(
        architecture=architecture,
        context_tokens=context_tokens,
        cache_bytes_per_token=int(kept_in_all * numbers_a_head * _CACHE_BYTES_PER_NUMBER),
        chat_template=metadata.get("tokenizer.chat_template"),
    )


class _Reader:
    """Walks over the key-value pairs; no length in the file is believed beyond the file's own end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def metadata(self) -> dict[str, Any]:
        if self._take(len(_MAGIC)) != _MAGIC:
            raise ValueError("it does not begin like one")
        version = self._scalar("I")
        if version not in _VERSIONS:
            raise ValueError(f"version {version} is not known")
        self._scalar("Q")  # the number of tensors, which the engine checks against the file's length itself
        return {self._string(): self._value(self._scalar("I")) for _ in range(self._count())}

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise ValueError(f"a value of unknown type {kind}")
        return self._scalar(_SCALARS[kind])

    def _array(self) -> list[Any] | None:
        kind, count = self._scalar("I"), self._count()
        if kind in _SCALARS and count > _LONGEST_KEPT_ARRAY:
            self._take(count * struct.calcsize(_SCALARS[kind]))
            return None
        if kind == _STRING:
            for _ in range(count):
                self._take(self._count())
            return None
        return [self._value(kind) for _ in range(count)]

    def _string(self) -> str:
        return self._take(self._count()).decode("utf-8", errors="replace")

    def _count(self) -> int:
        return int(self._scalar("Q"))

    def _scalar(self, code: str) -> Any:
        (value,) = struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))
        return value

    def _take(self, length: int) -> bytes:
        if length > self._size - self._file.tell():
            raise ValueError("it ends early")
        return self._file.read(length)
