"""The sound of the recording at work, decoded once where it is short."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.media.decode import SAMPLE_RATE, Samples, decode_blocks, decode_span

_REMEMBERED_SECONDS = 15 * 60  # 58 MB

_Identity = tuple[Path, int, int]


class SoundMemory:
    """Reads recordings and remembers the last one that it read whole, up to 15 minutes.

    A short recording's plan, chunk and diarization usually run in the same worker one after the other.
    """

    def __init__(self) -> None:
        self._identity: _Identity | None = None
        self._samples: Samples = np.empty(0, np.float32)

    def blocks(self, path: Path, block_seconds: float) -> Iterator[Samples]:
        """Yield the recording as `decode_blocks` does."""
        if self._remembers(path):
            size = round(block_seconds * SAMPLE_RATE)
            for begin in range(0, len(self._samples), size):
                yield self._samples[begin : begin + size]
            return
        kept: list[Samples] | None = []
        identity = _identify(path)
        for block in decode_blocks(path, block_seconds):
            if kept is not None:
                kept.append(block)
                if sum(map(len, kept)) > _REMEMBERED_SECONDS * SAMPLE_RATE:
                    kept = None
            yield block
        if kept is not None:
            self._identity, self._samples = identity, np.concatenate(kept)

    def span(self, path: Path, start: float = 0.0, end: float | None = None) -> Samples:
        """Return the recording from `start` to `end` seconds as `decode_span` does."""
        if self._remembers(path):
            return self._samples[round(start * SAMPLE_RATE) : None if end is None else round(end * SAMPLE_RATE)]
        return decode_span(path, start, end)

    def _remembers(self, path: Path) -> bool:
        return self._identity == _identify(path)


def _identify(path: Path) -> _Identity:
    status = path.stat()
    return path.resolve(), status.st_mtime_ns, status.st_size
