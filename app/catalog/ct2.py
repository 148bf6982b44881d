"""Reads the header of a Whisper model in CTranslate2 format: what it is and how large, without its engine.

Layout of `model.bin` (little-endian): version, the specification's name and revision, the number of variables, and each
variable with name, shape, type and values. Names are ended by a zero byte that their length counts.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.catalog.errors import ModelDamaged

_OLDEST_VERSION, _NEWEST_VERSION = 2, 6
_LAYER = re.compile(r"decoder/layer_(\d+)/")
_SPECIFICATION = "WhisperSpec"
_LONGEST_NAME = 1024
_MOST_VARIABLES = 100_000
_MULTILINGUAL_VOCABULARY = 51_865
"""The English-only models have 51 864 tokens, the others this many or one more."""


@dataclass(frozen=True, slots=True)
class WhisperHeader:
    """What has to be known of a Whisper model before it is loaded."""

    decoder_layers: int
    heads: int
    width: int
    mel_bands: int
    vocabulary: int

    @property
    def multilingual(self) -> bool:
        """Whether its vocabulary is that of the models for all languages."""
        return self.vocabulary >= _MULTILINGUAL_VOCABULARY


def read_header(path: Path) -> WhisperHeader:
    """Read a `model.bin`. Raises `ModelDamaged` where it is not a whole Whisper model of CTranslate2."""
    try:
        with path.open("rb") as file:
            return _header(_Reader(file, path.stat().st_size))
    except OSError as error:
        raise ModelDamaged(f"The model file {path.name} cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, KeyError) as error:
        raise ModelDamaged(
            f"The model file {path.name} is not a whole Whisper model of CTranslate2: {error}."
        ) from error


def _header(reader: "_Reader") -> WhisperHeader:
    version = reader.number("I")
    if not _OLDEST_VERSION <= version <= _NEWEST_VERSION:
        raise ValueError("it does not begin like one")
    specification = reader.name()
    if specification != _SPECIFICATION:
        raise ValueError(f"it is a {specification[:40]!r}")
    reader.number("I")  # the specification's revision
    shapes, heads = reader.variables()
    layers = {match[1] for match in map(_LAYER.match, shapes) if match}
    vocabulary, width = shapes["decoder/embeddings/weight"]
    _, mel_bands, _ = shapes["encoder/conv1/weight"]
    return WhisperHeader(len(layers), heads, width, mel_bands, vocabulary)


class _Reader:
    """Walks over the variables; no length in the file is believed beyond the file's own end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def variables(self) -> tuple[Mapping[str, tuple[int, ...]], int]:
        """Return each variable's shape, and the number of attention heads; the values are passed over."""
        shapes: dict[str, tuple[int, ...]] = {}
        heads = 0
        count = self.number("I")
        if count > _MOST_VARIABLES:
            raise ValueError(f"{count} variables")
        for _ in range(count):
            name = self.name()
            shape = tuple(self.number("I") for _ in range(self.number("B")))
            self.number("B")  # the type of the values
            length = self.number("I")
            if name == "encoder/num_heads":
                heads = int.from_bytes(self._take(length), "little")
            else:
                self._pass_over(length)
            shapes[name] = shape
        if not heads or math.prod(shapes.get("encoder/conv1/weight", ())) == 0:
            raise ValueError("it has no encoder")
        return shapes, heads

    def name(self) -> str:
        length = self.number("H")
        if not 0 < length <= _LONGEST_NAME:
            raise ValueError("a name of no length")
        return self._take(length)[:-1].decode("ascii", errors="replace")

    def number(self, code: str) -> int:
        value: int = struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]
        return value

    def _take(self, length: int) -> bytes:
        if length > self._size - self._file.tell():
            raise ValueError("it ends early")
        return self._file.read(length)

    def _pass_over(self, length: int) -> None:
        if length > self._size - self._file.tell():
            raise ValueError("it ends early")
        self._file.seek(length, 1)
