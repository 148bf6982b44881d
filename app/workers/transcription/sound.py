"""The sound of the recording at work, decoded once where it is short."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.media.decode import SAMPLE_RATE, Samples, declared, decode_blocks, decode_span
from app.workers.transcription.timing import counted

SOUND_SECONDS, VOICE_ACTIVITY_SECONDS = "sound_seconds", "voice_activity_seconds"

# 38 MB, decoded in a second or two: a longer one's first words would wait for it.
_REMEMBERED_SECONDS = 10 * 60
_BLOCK_SECONDS = 60.0

_Identity = tuple[Path, int, int]


class SoundMemory:
    """Reads recordings by seeking; one of up to ten minutes it decodes whole, once, and remembers until the next one.

    A short recording's parts, chunks and voices are often the work of one worker, and decoding it once is less work than
    seeking for each of them. Only the mix of all channels is remembered: a channel alone is asked for less often.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """How long reading took (`SOUND_SECONDS`), and looking for speech in what was read; see `counted`."""
        self._identity: _Identity | None = None
        self._samples: Samples | None = None  # None: the recording is too long, or of unknown length

    def blocks(
        self, path: Path, block_seconds: float, start: float = 0.0, channel: int | None = None
    ) -> Iterator[Samples]:
        """Yield the recording from `start` on as `decode_blocks` does."""
        with counted(self.seconds, SOUND_SECONDS):
            whole = self._whole(path) if channel is None else None
        if whole is None:
            blocks = decode_blocks(path, block_seconds, start, channel)
            while True:
                with counted(self.seconds, SOUND_SECONDS):
                    block = next(blocks, None)
                if block is None:
                    return
                yield block
        size = round(block_seconds * SAMPLE_RATE)
        for begin in range(round(start * SAMPLE_RATE), len(whole), size):
            yield whole[begin : begin + size]

    def span(self, path: Path, start: float = 0.0, end: float | None = None, channel: int | None = None) -> Samples:
        """Return the recording from `start` to `end` seconds as `decode_span` does."""
        with counted(self.seconds, SOUND_SECONDS):
            whole = self._whole(path) if channel is None else None
            if whole is None:
                return decode_span(path, start, end, channel)
        return whole[max(0, round(start * SAMPLE_RATE)) : None if end is None else round(end * SAMPLE_RATE)]

    def _whole(self, path: Path) -> Samples | None:
        """Return all of the recording, or None where it is not one to remember."""
        identity = _identify(path)
        if identity != self._identity:
            self._samples = None  # before the next one is decoded: never two at a time
            self._samples = _decoded(path)
            self._identity = identity
        return self._samples


def _decoded(path: Path) -> Samples | None:
    seconds = declared(path).seconds
    if seconds is None or seconds > _REMEMBERED_SECONDS:
        return None
    kept: list[Samples] = []
    for block in decode_blocks(path, _BLOCK_SECONDS):
        kept.append(block)
        if len(kept) * _BLOCK_SECONDS > _REMEMBERED_SECONDS + 2 * _BLOCK_SECONDS:
            return None  # it is longer than it says
    return np.concatenate(kept)


def _identify(path: Path) -> _Identity:
    status = path.stat()
    return path.resolve(), status.st_mtime_ns, status.st_size
