"""Decoding: any container and codec, the same samples from the middle as from the start, damage survived."""

import resource
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DamagedMedia, NoAudio, NotMedia
from app.media.decode import SAMPLE_RATE, Declared, Samples, declared, decode_blocks, decode_span
from tests.media.recordings import SPEECH, write, write_picture_only


@pytest.fixture(scope="module")
def speech() -> Samples:
    return decode_span(SPEECH, 0, 40)


def whole(path: Path, block_seconds: float = 7) -> Samples:
    return np.concatenate(list(decode_blocks(path, block_seconds)))


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 16_000, "mono"),
        ("a.wav", "pcm_u8", 8_000, "mono"),
        ("a.wav", "pcm_f32le", 96_000, "stereo"),
        ("a.wav", "adpcm_ms", 22_050, "mono"),
        ("a.flac", "flac", 11_025, "mono"),
        ("a.flac", "flac", 44_100, "stereo"),
        ("a.mp3", "libmp3lame", 44_100, "stereo"),
        ("a.ogg", "libopus", 48_000, "mono"),
        ("a.aac", "aac", 22_050, "mono"),
        ("a.au", "pcm_mulaw", 8_000, "mono"),
        ("a.aiff", "pcm_s16be", 44_100, "5.1"),
        ("a.mov", "pcm_s16le", 48_000, "mono"),
    ],
)
def test_a_span_is_the_same_stretch_of_the_whole(
    tmp_path: Path, speech: Samples, name: str, codec: str, rate: int, layout: str
) -> None:
    path = write(tmp_path / name, speech, codec, rate, layout=layout)
    everything = whole(path)
    assert len(everything) == pytest.approx(len(speech), abs=0.1 * SAMPLE_RATE)
    for start, end in [(0, 2), (9.01234, 14), (17.7, 33.3333), (len(everything) / SAMPLE_RATE - 1, None)]:
        expected = everything[round(start * SAMPLE_RATE) : None if end is None else round(end * SAMPLE_RATE)]
        # Two steps of 16 bits: a decoder's rounding depends on what it decoded before.
        np.testing.assert_allclose(decode_span(path, start, end), expected, atol=2.1 / 32768, rtol=0)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("a.m4a", "aac", 44_100), ("a.webm", "libopus", 48_000), ("a.flv", "aac", 44_100), ("a.ts", "mp2", 48_000)],
)
def test_a_span_is_within_milliseconds_where_the_container_rounds_times(
    tmp_path: Path, speech: Samples, name: str, codec: str, rate: int
) -> None:
    path = write(tmp_path / name, speech, codec, rate)
    everything = whole(path)
    span = decode_span(path, 20, 22)
    lags = range(-32, 33)  # 2 ms
    distances = [
        float(np.abs(span - everything[20 * SAMPLE_RATE + lag : 22 * SAMPLE_RATE + lag]).mean()) for lag in lags
    ]
    assert min(distances) < 0.2 * float(np.abs(span).mean())


def test_a_video_gives_its_sound(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "meeting.mp4", speech, "aac", 48_000, picture=True)
    everything = whole(path)
    assert len(everything) == pytest.approx(len(speech), abs=0.05 * SAMPLE_RATE)
    length = min(len(everything), len(speech))
    assert np.corrcoef(everything[:length], speech[:length])[0, 1] > 0.95


def test_blocks_are_of_the_asked_length_and_add_up(speech: Samples, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech, "pcm_s16le")
    lengths = [len(block) for block in decode_blocks(path, 7)]
    assert lengths == [7 * SAMPLE_RATE] * 5 + [5 * SAMPLE_RATE]


def test_a_span_past_the_end_is_what_there_is(speech: Samples, tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech, "flac")
    assert len(decode_span(path, 39, 50)) == SAMPLE_RATE
    assert len(decode_span(path, 100, 110)) == 0


@pytest.mark.parametrize("start", [0.0, 3.2, 19.9999, 39.5, 40.0, 100.0])
def test_blocks_from_the_middle_are_those_of_the_whole(tmp_path: Path, speech: Samples, start: float) -> None:
    path = write(tmp_path / "a.flac", speech, "flac", 44_100)
    blocks = [*decode_blocks(path, 7, start), np.empty(0, np.float32)]
    np.testing.assert_array_equal(np.concatenate(blocks), whole(path)[round(start * SAMPLE_RATE) :])
    assert {len(block) for block in blocks[:-2]} <= {7 * SAMPLE_RATE}


@pytest.mark.parametrize(
    ("name", "codec", "rate", "tolerance"),
    [("a.wav", "pcm_s16le", 16_000, 1 / 32768), ("a.flac", "flac", 44_100, 0.02), ("a.ogg", "libopus", 48_000, 0.2)],
)
def test_one_channel_alone_is_what_is_in_it(
    tmp_path: Path, speech: Samples, name: str, codec: str, rate: int, tolerance: float
) -> None:
    left, right = speech[: 15 * SAMPLE_RATE], speech[20 * SAMPLE_RATE : 35 * SAMPLE_RATE]
    path = write(tmp_path / name, np.stack([left, right]), codec, rate, layout="stereo")
    for channel, sound in enumerate([left, right]):
        heard = decode_span(path, 0, 14, channel)
        assert np.abs(heard - sound[: len(heard)]).mean() < tolerance * np.abs(sound).mean() + tolerance / 20
        np.testing.assert_allclose(decode_span(path, 9, 14, channel), heard[9 * SAMPLE_RATE :], atol=3 / 32768)
        np.testing.assert_array_equal(
            np.concatenate(list(decode_blocks(path, 4, channel=channel)))[: len(heard)], heard
        )
    mixed = decode_span(path, 0, 14)
    np.testing.assert_allclose(mixed, (decode_span(path, 0, 14, 0) + decode_span(path, 0, 14, 1)) / 2, atol=1e-3)


def test_a_channel_that_is_not_there_is_the_last_one(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.wav", speech[:SAMPLE_RATE], "pcm_s16le")
    np.testing.assert_array_equal(decode_span(path, channel=1), decode_span(path))


@pytest.mark.parametrize(
    ("name", "codec", "rate", "lost_seconds"),
    # An mp3 has no clock: sound that is lost brings the rest forward.
    [("a.mp3", "libmp3lame", 44_100, 1.0), ("a.ogg", "libopus", 48_000, 0.1), ("a.mkv", "flac", 44_100, 0.1)],
)
def test_damage_in_the_middle_is_skipped(
    tmp_path: Path, speech: Samples, name: str, codec: str, rate: int, lost_seconds: float
) -> None:
    path = write(tmp_path / name, speech, codec, rate)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = bytes(range(251)) * 24
    path.write_bytes(content)
    everything = whole(path)
    tail = speech[-5 * SAMPLE_RATE :]
    lag = int(np.argmax(np.correlate(everything, tail[:SAMPLE_RATE], "valid"))) - (len(speech) - len(tail))
    assert abs(lag) < lost_seconds * SAMPLE_RATE


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame")])
def test_a_truncated_file_gives_what_is_there(tmp_path: Path, speech: Samples, name: str, codec: str) -> None:
    path = write(tmp_path / name, speech, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    everything = whole(path)
    assert 15 * SAMPLE_RATE < len(everything) < 25 * SAMPLE_RATE


def test_hours_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    path = write(tmp_path / "hour.flac", np.zeros(3600 * SAMPLE_RATE, np.float32), "flac")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = sum(len(block) for block in decode_blocks(path, 60)) / SAMPLE_RATE
    assert seconds == 3600
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_the_declared_duration_is_the_containers(tmp_path: Path, speech: Samples) -> None:
    assert declared(write(tmp_path / "a.wav", speech, "pcm_s16le")) == Declared(40, channels=1)
    live = write(tmp_path / "a.mkv", speech, "flac", layout="stereo", options={"live": "1"})
    assert declared(live) == Declared(None, channels=2)


def test_what_cannot_be_decoded_says_why(tmp_path: Path) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("This is no recording. " * 1000)
    with pytest.raises(NotMedia):
        whole(text)
    with pytest.raises(NoAudio):
        whole(write_picture_only(tmp_path / "silent.mp4"))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    with pytest.raises(DamagedMedia):
        whole(broken)
