"""The sound of the recording at work, decoded once where it is short, or where no place in it can be sought."""

import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from app.media.decode import FULL_SCALE, SAMPLE_RATE, Samples, declared, decode_blocks, decode_span, is_searchable
from app.media.recordings import unreadable
from app.workers.transcription.timing import counted

SOUND_SECONDS, VOICE_ACTIVITY_SECONDS = "sound_seconds", "voice_activity_seconds"

# 38 MB, decoded in a second or two: a longer one's first words would wait for it.
_REMEMBERED_SECONDS = 10 * 60
_BLOCK_SECONDS = 60.0

_Identity = tuple[Path, int, int]

log = logging.getLogger(__name__)


class SoundMemory:
    """Reads recordings by seeking; one of up to ten minutes it decodes whole, once, and remembers until the next one.

    A short recording's parts, chunks and voices are often the work of one worker, and decoding it once is less work than
    seeking for each of them. A long one in which no place can be sought (recordings joined to one) is decoded once, too, into
    a file without a name: each of its hundreds of chunks would have to be decoded for from the beginning. Only the mix of
    all channels is remembered: a channel alone is asked for less often.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """How long reading took (`SOUND_SECONDS`), and looking for speech in what was read; see `counted`."""
        self._identity: _Identity | None = None
        self._samples: Samples | None = None  # None: the recording is too long, or of unknown length
        self._on_disk: NDArray[np.int16] | None = None
        self._is_sought = True  # whether places are left to be sought in the recording itself

    def blocks(
        self, path: Path, block_seconds: float, start: float = 0.0, channel: int | None = None
    ) -> Iterator[Samples]:
        """Yield the recording from `start` on as `decode_blocks` does."""
        with counted(self.seconds, SOUND_SECONDS):
            whole = self._whole(path, start) if channel is None else None
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
            yield _sound(whole[begin : begin + size])

    def span(self, path: Path, start: float = 0.0, end: float | None = None, channel: int | None = None) -> Samples:
        """Return the recording from `start` to `end` seconds as `decode_span` does."""
        with counted(self.seconds, SOUND_SECONDS):
            whole = self._whole(path, start) if channel is None else None
            if whole is None:
                return decode_span(path, start, end, channel)
            return _sound(whole[max(0, round(start * SAMPLE_RATE)) : None if end is None else round(end * SAMPLE_RATE)])

    def _whole(self, path: Path, start: float) -> Samples | NDArray[np.int16] | None:
        """Return all of the recording, or None where what begins at `start` is better sought, or decoded up to."""
        identity = _identify(path)
        if identity != self._identity:
            self._samples = self._on_disk = None  # before the next one is decoded: never two at a time
            self._samples = _decoded(path)
            self._is_sought = self._samples is not None or is_searchable(path)
            self._identity = identity
        # Its first words do not wait until the rest is decoded.
        if not self._is_sought and self._on_disk is None and start > _REMEMBERED_SECONDS:
            self._on_disk = _decoded_to_disk(path)
            self._is_sought = self._on_disk is None
        return self._samples if self._on_disk is None else self._on_disk


def _sound(samples: Samples | NDArray[np.int16]) -> Samples:
    """Return samples in [-1, 1]."""
    sound = samples.astype(np.float32, copy=False)
    return sound / np.float32(FULL_SCALE) if samples.dtype == np.int16 else sound


def _decoded_to_disk(path: Path) -> NDArray[np.int16] | None:
    """Return all of a recording as 16-bit numbers in a temporary file, 115 MB an hour; None where the disk has no room for it."""
    with TemporaryFile() as file:
        try:
            for block in decode_blocks(path, _BLOCK_SECONDS):
                file.write((block * FULL_SCALE).astype(np.int16).tobytes())
            file.flush()
        except OSError as error:
            log.warning("no room to decode a recording once", extra={"fields": {"file": path.name, "why": str(error)}})
            return None
        return np.memmap(file, np.int16, mode="r")


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
    try:
        status = path.stat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    return path.resolve(), status.st_mtime_ns, status.st_size
