"""Any recording as 16 kHz float32 samples, in blocks or one span by seeking: its channels mixed, or one of them alone.

Time zero is the start of the container, as in players: an audio track that begins after its picture begins with
silence here. Inside the track the clock is the count of samples; where timestamps show that sound is missing (lost
packets, a muted microphone of which nothing was recorded), silence of the same length keeps the later words in their
place. Where a clock was set anew (recordings joined to one file), the sound goes on without a gap.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, inf
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from app.core.errors import DamagedMedia
from app.media.clocks import has_several_clocks
from app.media.container import open_recording, require_readable, require_volume, stated_duration

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Hertz of everything this module returns: the rate that Whisper, Silero and pyannote were trained at."""

FULL_SCALE = 32768
"""What is decoded are 16-bit numbers, of which this one would be 1."""

# Below it is rounding (Matroska counts milliseconds) and the jitter of live recorders.
_SMALLEST_GAP_SECONDS = 0.05
# A clock that goes back so far was set anew; so was one that goes so far ahead, past the end that the container declares.
_SMALLEST_RESET_SECONDS = 30.0
# Nobody pauses a recording for longer, and MPEG's clock, which starts again after 26.5 hours, is no pause.
_LARGEST_GAP_SECONDS = 24 * 3600.0

# Streams without times: libav counts frames, and takes all for as long as those at the beginning.
_COUNTED_FORMATS = frozenset({"aac", "ac3", "dts", "eac3", "mp3"})

# Decoders (bit reservoirs, overlapping windows, Opus' 80 ms convergence) and the resampling filter need a run-up.
_RUN_UP_SECONDS = 1.0
_SEEK_MARGINS_SECONDS = (0.0, 5.0, 60.0, 600.0)
_NEAR_SECONDS = 5  # decoding so much from the start costs less than seeking
_GROUP_SECONDS = 1
_MAX_CONSECUTIVE_READ_ERRORS = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a container says of its sound: its length in seconds, None where it does not say, and its channels."""

    seconds: float | None
    channels: int


def declared(path: Path) -> Declared:
    """Return what the container states or implies. Raises what `open_recording` raises."""
    with open_recording(path) as (container, stream):
        return Declared(stated_duration(container, stream), int(stream.codec_context.channels))


def is_searchable(path: Path) -> bool:
    """Tell whether a place in it is found without decoding all that is before. Raises what `open_recording` raises."""
    with open_recording(path) as (container, stream):
        return _Track(path, container, stream, None).can_seek()


def decode_blocks(
    path: Path, block_seconds: float = 60.0, start: float = 0.0, channel: int | None = None
) -> Iterator[Samples]:
    """Yield the recording from `start` on in blocks of `block_seconds`, the last one shorter, in constant memory.

    Each block is a float32 array of shape (samples,) in [-1, 1] at `SAMPLE_RATE`: of all channels mixed, or of the one
    `channel` (from 0; the last one there is where there are fewer). What cannot be decoded is skipped with a warning;
    a start behind the end gives nothing. Raises `DamagedMedia` where nothing at all can be decoded from the beginning,
    and what `open_recording` raises.
    """
    size = max(1, round(block_seconds * SAMPLE_RATE))
    first = max(0, round(start * SAMPLE_RATE))
    block = np.empty(size, np.float32)
    filled = 0
    decoded = first > 0
    with open_recording(path) as (container, stream):
        track = _Track(path, container, stream, channel)
        for piece in _placed(track.pieces(from_sample=first), start=first):
            decoded = True
            rest = piece
            while len(rest):
                taken = min(size - filled, len(rest))
                block[filled : filled + taken] = rest[:taken]
                filled += taken
                rest = rest[taken:]
                if filled == size:
                    yield block
                    block = np.empty(size, np.float32)
                    filled = 0
    if not decoded:
        raise DamagedMedia
    if filled:
        yield block[:filled].copy()


def decode_span(path: Path, start: float = 0.0, end: float | None = None, channel: int | None = None) -> Samples:
    """Return the samples from `start` to `end` (seconds; None: to the end of the recording), found by seeking.

    `channel` as in `decode_blocks`. The result equals the same stretch of a whole decode: sample for sample with the
    codecs and containers that allow it, within milliseconds otherwise. It is shorter where the recording ends earlier.
    """
    first = max(0, round(start * SAMPLE_RATE))
    last = None if end is None else max(first, round(end * SAMPLE_RATE))
    with open_recording(path) as (container, stream):
        track = _Track(path, container, stream, channel)
        parts: list[Samples] = []
        missing = None if last is None else last - first
        for piece in _placed(track.pieces(from_sample=first), start=first):
            part = piece if missing is None else piece[:missing]
            parts.append(part)
            if missing is not None:
                missing -= len(part)
                if not missing:
                    break
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _declared_end(container: InputContainer, stream: AudioStream) -> float:
    """Return where the recording ends at the latest by what its container says, in seconds; infinite: it does not say."""
    # A track's own length can leave out its late start, the container's does not.
    seconds = container.duration / av.time_base if container.duration else 0.0
    return max(seconds, stated_duration(container, stream) or 0.0) or inf


def _placed(pieces: Iterator[tuple[int, Samples]], start: int) -> Iterator[Samples]:
    """Turn (position, samples) into an unbroken stretch from `start`: gaps become silence, overlaps are cut."""
    position = start
    for at, samples in pieces:
        if at > position:
            # In pieces of a second, so that a long gap costs no memory.
            for begin in range(position, at, SAMPLE_RATE):
                yield np.zeros(min(SAMPLE_RATE, at - begin), np.float32)
            position = at
        fresh = samples[position - at :]
        if len(fresh):
            yield fresh
            position += len(fresh)


class _Track:
    """One open audio stream as pieces of 16 kHz sound with their place on the recording's clock.

    Positions inside the track are counted in samples of the source from its first decoded frame; the resampler is
    always started on a source sample that falls on the 16 kHz grid, so that a decode from the middle gives the very
    samples of a decode from the start.
    """

    def __init__(self, path: Path, container: InputContainer, stream: AudioStream, channel: int | None) -> None:
        self._path = path
        self._channel = channel
        self._container = container
        self._stream = stream
        self._tick = Fraction(1)
        self._origin: Fraction | None = None
        self._lead = 0
        self._skipped = 0
        self._declared_end = _declared_end(container, stream)
        self._is_counted = container.format.name in _COUNTED_FORMATS

    def pieces(self, from_sample: int = 0) -> Iterator[tuple[int, Samples]]:
        """Yield (position in 16 kHz samples, samples) in order, from at or before `from_sample` on."""
        frames = self._frames()
        first = next(frames, None)
        if first is None:
            return
        self._find_origin(first)
        run_up = int(_RUN_UP_SECONDS * SAMPLE_RATE)
        wanted = from_sample - self._lead - 2 * run_up
        if self._origin is not None and wanted > _NEAR_SECONDS * SAMPLE_RATE and self.can_seek():
            sought = (
                self._seek(wanted, latest=from_sample - self._lead - run_up, rate=first.sample_rate) or self._rewound()
            )
            if sought is None:
                return
            first, frames = sought
        yield from self._resampled(first, frames)
        if self._skipped:
            fields = {"file": self._path.name, "places": self._skipped}
            log.warning("damaged places in the recording were skipped", extra={"fields": fields})

    def _find_origin(self, first: AudioFrame) -> None:
        """Remember when the first frame starts, and how long after the container's own start."""
        if first.pts is None or first.time_base is None:
            return
        self._tick = first.time_base  # one for all frames of a stream
        self._origin = first.pts * first.time_base
        if self._container.start_time is not None:
            lead = float(self._origin - Fraction(self._container.start_time, av.time_base))
            # Below a frame it is priming and rounding, not a late start.
            if lead > _SMALLEST_GAP_SECONDS and not self._was_set_anew(lead, lead):
                self._lead = round(lead * SAMPLE_RATE)

    def _was_set_anew(self, late: float, at: float) -> bool:
        """Tell whether timestamps that are `late`, and now at second `at` of the recording, are those of another clock."""
        if late > _SMALLEST_RESET_SECONDS:
            return late > _LARGEST_GAP_SECONDS or at > self._declared_end
        return late < -_SMALLEST_RESET_SECONDS

    def can_seek(self) -> bool:
        """Tell whether a time leads to its samples. RIFF counts bytes: wrong for block codecs (ADPCM)."""
        codec = self._stream.codec_context.name
        if self._container.format.name in {"wav", "w64"} and not codec.startswith("pcm"):
            return False
        return not has_several_clocks(self._path, self._container)

    def _seek(self, wanted: int, latest: int, rate: int) -> tuple[AudioFrame, Iterator[AudioFrame]] | None:
        """Go to a frame that starts at or before `latest` (16 kHz samples from the first frame, of `rate`); None: cannot."""
        if self._origin is None or self._stream.time_base is None:
            return None
        for margin in _SEEK_MARGINS_SECONDS:
            target = self._origin + Fraction(wanted, SAMPLE_RATE) - Fraction(margin)
            if target <= self._origin:
                return None
            try:
                self._container.seek(int(target / self._stream.time_base), stream=self._stream, backward=True)
            except av.error.FFmpegError as error:
                require_volume(self._path, error)
                return None
            self._stream.codec_context.flush_buffers()
            frames = self._frames()
            frame = next(frames, None)
            if frame is None or frame.pts is None or frame.time_base is None:
                continue
            if self._is_counted and frame.sample_rate != rate:
                return None
            if (frame.pts * frame.time_base - self._origin) * SAMPLE_RATE <= latest:
                return frame, frames
        return None

    def _rewound(self) -> tuple[AudioFrame, Iterator[AudioFrame]] | None:
        log.warning("seeking failed, decoding from the start", extra={"fields": {"file": self._path.name}})
        self._container.seek(0)
        self._stream.codec_context.flush_buffers()
        frames = self._frames()
        first = next(frames, None)
        return None if first is None else (first, frames)

    def _frames(self) -> Iterator[AudioFrame]:
        """Yield decoded frames; damaged packets are counted and skipped, a broken end is an end.

        Raises `UploadsVolumeAway` where it is not the recording that ends or is damaged.
        """
        errors = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                frames = packet.decode()
                errors = 0
            except av.error.EOFError:
                break
            except av.error.FFmpegError as error:
                require_volume(self._path, error)
                self._skipped += 1
                errors += 1
                if errors > _MAX_CONSECUTIVE_READ_ERRORS:
                    break
                packets = self._container.demux(self._stream)
                continue
            yield from (frame for frame in frames if frame.samples)
        require_readable(self._path)

    def _position(self, frame: AudioFrame) -> int | None:
        """Return the frame's place by its timestamp, in source samples from the first frame."""
        if frame.pts is None or self._origin is None:
            return None
        # In whole numbers: there are tens of thousands of frames in an hour, and fractions took longer than decoding.
        pts, tick = frame.pts, self._tick
        ahead = (
            pts * tick.numerator * self._origin.denominator - self._origin.numerator * tick.denominator
        ) * frame.sample_rate
        scale = tick.denominator * self._origin.denominator
        return (2 * ahead + scale) // (2 * scale)

    def _resampled(self, first: AudioFrame, frames: Iterator[AudioFrame]) -> Iterator[tuple[int, Samples]]:
        run = _Run(first, self._position(first) or 0, self._channel)
        shift = 0  # what the clock is behind by since it was set anew, in source samples as `run` counts them
        is_timed = True
        frame: AudioFrame | None = first
        while frame is not None:
            rate = frame.sample_rate
            if not run.accepts(frame):
                is_timed &= not self._is_counted or rate == run.rate
                yield from self._shifted(run.finish())
                shift = round(Fraction(shift * rate, run.rate))
                run = _Run(frame, round(Fraction(run.position * rate, run.rate)), self._channel)
            at = self._position(frame) if is_timed else None
            late = 0 if at is None else at + shift - run.position
            if at is not None and self._was_set_anew(late / rate, at / rate + self._lead / SAMPLE_RATE):
                shift -= late
                late = 0
            if late > _SMALLEST_GAP_SECONDS * rate:
                yield from self._shifted(run.finish())
                run = _Run(frame, run.position + late, self._channel)
            yield from self._shifted(run.add(frame))
            frame = next(frames, None)
        yield from self._shifted(run.finish())

    def _shifted(self, pieces: Iterator[tuple[int, Samples]]) -> Iterator[tuple[int, Samples]]:
        return ((at + self._lead, samples) for at, samples in pieces)


class _Run:
    """Frames of one format without a gap, on their way through one resampler."""

    def __init__(self, frame: AudioFrame, position: int, channel: int | None) -> None:
        self.rate = frame.sample_rate
        self.position = position  # of the next source sample to come
        self._key = (frame.format.name, frame.layout.name, frame.sample_rate)
        self._fifo = AudioFifo()
        # 16-bit, as the speech engines' own loaders have it: libav then weighs channels so that the sum cannot clip.
        layout = "mono" if channel is None else None  # None: as it comes
        self._resampler = AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
        self._channel = channel or 0
        self._fed = False
        # The first source sample at or after `position` that lies on the 16 kHz grid; those before it are dropped.
        grid = self.rate // gcd(self.rate, SAMPLE_RATE)
        self._surplus = -position % grid
        self._written = (position + self._surplus) * SAMPLE_RATE // self.rate

    def accepts(self, frame: AudioFrame) -> bool:
        return (frame.format.name, frame.layout.name, frame.sample_rate) == self._key

    def add(self, frame: AudioFrame) -> Iterator[tuple[int, Samples]]:
        frame.pts = None  # the run counts samples itself
        self._fifo.write(frame)
        self.position += frame.samples
        # Many small frames go through the resampler as one: it is the call that costs, not the samples.
        if self._fifo.samples >= _GROUP_SECONDS * self.rate + self._surplus:
            rest = self._drain()
            if rest is not None:
                yield from self._resample(rest)

    def finish(self) -> Iterator[tuple[int, Samples]]:
        rest = self._drain()
        if rest is not None:
            yield from self._resample(rest)
        if self._fed:
            yield from self._resample(None)

    def _drain(self) -> AudioFrame | None:
        if self._surplus:
            dropped = min(self._surplus, self._fifo.samples)
            if dropped:
                self._fifo.read(dropped)
                self._surplus -= dropped
        if not self._fifo.samples:
            return None
        return self._fifo.read()

    def _resample(self, frame: AudioFrame | None) -> Iterator[tuple[int, Samples]]:
        """Push `frame` through the resampler; None pushes out what the resampler still holds."""
        if frame is not None:
            frame.pts = None
            self._fed = True
        for out in self._resampler.resample(frame):
            channels = out.to_ndarray()  # (channels, samples)
            samples: Samples = channels[min(self._channel, len(channels) - 1)].astype(np.float32)
            samples /= FULL_SCALE
            yield self._written, samples
            self._written += len(samples)
