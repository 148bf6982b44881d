"""What is remembered of recordings: the same samples as a decode gives, and never those of another file."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.media.decode import SAMPLE_RATE, Samples, decode_blocks, decode_span
from app.media.recordings import UploadsVolumeAway
from app.workers.transcription import sound
from app.workers.transcription.sound import SoundMemory
from tests.media.losing import failing, losing_volume
from tests.media.recordings import SPEECH, write
from tests.workers.transcription.calls import call


@pytest.mark.parametrize(("start", "end"), [(0.0, None), (0.0, 20.0), (12.345, 30.0), (70.0, 90.0), (80.0, 90.0)])
def test_a_span_is_that_of_a_whole_decode(start: float, end: float | None) -> None:
    whole = decode_span(SPEECH)
    last = None if end is None else round(end * SAMPLE_RATE)
    np.testing.assert_array_equal(SoundMemory().span(SPEECH, start, end), whole[round(start * SAMPLE_RATE) : last])


def test_blocks_are_those_of_a_decode() -> None:
    memory = SoundMemory()
    whole = decode_span(SPEECH)
    for start in (0.0, 31.0, 100.0):
        blocks = list(memory.blocks(SPEECH, 20, start))
        assert all(len(block) == 20 * SAMPLE_RATE for block in blocks[:-1])
        np.testing.assert_array_equal(np.concatenate([*blocks, whole[:0]]), whole[round(start * SAMPLE_RATE) :])


def test_a_short_recording_is_decoded_once_and_a_long_one_never_whole(tmp_path: Path) -> None:
    memory = SoundMemory()
    assert np.shares_memory(memory.span(SPEECH, 0, 20), memory.span(SPEECH, 10, 30))
    long = write(tmp_path / "long.flac", np.zeros(700 * SAMPLE_RATE, np.float32), "flac")
    assert len(memory.span(long, 600, 620)) == 20 * SAMPLE_RATE
    assert not np.shares_memory(memory.span(long, 0, 20), memory.span(long, 0, 20))
    unknown = write(tmp_path / "live.mkv", decode_span(SPEECH), "flac", options={"live": "1"})
    assert not np.shares_memory(memory.span(unknown, 0, 20), memory.span(unknown, 0, 20))


def test_a_long_one_in_which_no_place_can_be_sought_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = np.tile(decode_span(SPEECH), 20)[: 650 * SAMPLE_RATE]
    path = tmp_path / "joined.ogg"
    parts = (write(tmp_path / f"{number}.ogg", speech, "libopus", 48_000).read_bytes() for number in range(2))
    path.write_bytes(b"".join(parts))
    expected = decode_span(path)
    decoded: list[float] = []

    def counting(of: Path, block_seconds: float, start: float = 0.0, channel: int | None = None) -> Iterator[Samples]:
        decoded.append(start)
        return decode_blocks(of, block_seconds, start, channel)

    monkeypatch.setattr(sound, "decode_blocks", counting)
    memory = SoundMemory()
    for start in (1.5, 20.0, 640.0, 700.25, 1290.0):
        span = memory.span(path, start, start + 5)
        np.testing.assert_array_equal(span, expected[round(start * SAMPLE_RATE) : round((start + 5) * SAMPLE_RATE)])
    np.testing.assert_array_equal(np.concatenate(list(memory.blocks(path, 20, 1200.0))), expected[1200 * SAMPLE_RATE :])
    assert decoded == [0.0]


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    memory = SoundMemory()
    path = write(tmp_path / "a.wav", np.full(SAMPLE_RATE, 0.5, np.float32), "pcm_s16le")
    before = memory.span(path)
    write(path, np.full(2 * SAMPLE_RATE, 0.25, np.float32), "pcm_s16le")
    after = memory.span(path)
    assert (len(before), len(after)) == (SAMPLE_RATE, 2 * SAMPLE_RATE)
    assert after[0] == pytest.approx(0.25, abs=1e-3)


def test_what_was_read_of_a_volume_that_went_away_is_not_remembered() -> None:
    memory = SoundMemory()
    with losing_volume(50, failing(errno.ESTALE)), pytest.raises(UploadsVolumeAway):
        memory.span(SPEECH)
    np.testing.assert_array_equal(memory.span(SPEECH), decode_span(SPEECH))


def test_a_recording_that_cannot_be_looked_at_is_on_a_volume_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, **_how: object) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(UploadsVolumeAway):
        SoundMemory().span(SPEECH)


def test_a_channel_is_that_channel_beside_a_remembered_mix(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", call(), "pcm_s16le", layout="stereo")
    memory = SoundMemory()
    memory.span(path)
    for channel in (0, 1):
        np.testing.assert_array_equal(memory.span(path, 20, 30, channel), decode_span(path, 20, 30, channel))
        blocks = list(memory.blocks(path, 30, 15, channel))
        expected = list(decode_blocks(path, 30, 15, channel))
        np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(expected))
