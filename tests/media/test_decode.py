"""Decoding: any container and codec, the same samples from the middle as from the start, damage survived."""

import errno
import resource
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.errors import DamagedMedia, NoAudio, NotMedia
from app.media.decode import SAMPLE_RATE, Declared, Samples, declared, decode_blocks, decode_span, is_searchable
from app.media.recordings import UploadsVolumeAway
from tests.media.losing import failing, losing_volume
from tests.media.recordings import SPEECH, write, write_picture_only


@pytest.fixture(scope="module")
def speech() -> Samples:
    return decode_span(SPEECH, 0, 40)


def whole(path: Path, block_seconds: float = 7) -> Samples:
    return np.concatenate(list(decode_blocks(path, block_seconds)))


def within_milliseconds(piece: Samples, everything: Samples, start: float, most: int = 2) -> bool:
    first = round(start * SAMPLE_RATE)
    # Quiet sound is compared with something, silence with silence.
    allowed = 0.2 * float(np.abs(piece).mean()) + 1e-4
    return any(
        float(np.abs(piece - everything[first + lag : first + lag + len(piece)]).mean()) < allowed
        for lag in sorted(range(-16 * most, 16 * most + 1), key=abs)
    )


def assert_found_from_anywhere(path: Path, everything: Samples, starts: Iterable[float], milliseconds: int = 2) -> None:
    """Hold what is found by seeking to a decode from the start."""
    for start in starts:
        span = decode_span(path, start, start + 2)
        assert len(span) == 2 * SAMPLE_RATE
        assert within_milliseconds(span, everything, start, milliseconds), start
        assert within_milliseconds(next(decode_blocks(path, 2, start)), everything, start, milliseconds), start


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
    assert within_milliseconds(decode_span(path, 20, 22), whole(path), 20)


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


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.mka", "flac", 16_000),
        ("live.mka", "flac", 16_000),
        ("a.webm", "libopus", 48_000),
        ("a.ogg", "libopus", 48_000),
        ("a.ts", "mp2", 48_000),
        ("a.m4a", "aac", 44_100),
    ],
)
@settings(max_examples=3, deadline=None)
@given(st.dictionaries(st.integers(3, 20), st.integers(0, 300), min_size=1, max_size=3))
@example({14: 29, 17: 31})
@example({14: 200})
def test_pauses_of_the_recorder_are_silence_wherever_decoding_begins(
    tmp_path_factory: pytest.TempPathFactory,
    speech: Samples,
    name: str,
    codec: str,
    rate: int,
    pauses: dict[int, int],
) -> None:
    sound = speech[: 25 * SAMPLE_RATE]
    options = {"live": "1"} if name.startswith("live") else {}
    path = write(tmp_path_factory.mktemp("pauses") / name, sound, codec, rate, options=options, pauses=pauses)
    everything = whole(path)
    assert len(everything) == pytest.approx(len(sound) + sum(pauses.values()) * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)
    starts = []
    for second, length in pauses.items():
        end = second + sum(pauses[earlier] for earlier in pauses if earlier <= second)
        # An encoder's frame begun before the pause goes on into it; Ogg tells the time only of the ends of its pages.
        assert not everything[round((end - length + 0.5) * SAMPLE_RATE) : round((end - 1.1) * SAMPLE_RATE)].any()
        starts += [end - length / 2, end + 0.3]
    assert_found_from_anywhere(path, everything, starts)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("live.mkv", "flac")])
@pytest.mark.parametrize("seconds", [20, 100])
def test_sound_that_begins_after_its_picture_keeps_its_place(
    tmp_path: Path, speech: Samples, name: str, codec: str, seconds: int
) -> None:
    sound = speech[: 15 * SAMPLE_RATE]
    options = {"live": "1"} if name.startswith("live") else {}
    path = write(tmp_path / name, sound, codec, 48_000, picture=True, options=options, pauses={0: seconds})
    everything = whole(path)
    assert len(everything) == pytest.approx(len(sound) + seconds * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)
    assert not everything[: round((seconds - 0.1) * SAMPLE_RATE)].any()
    assert_found_from_anywhere(path, everything, [seconds / 2, seconds + 0.3, seconds + 11])


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mka", "flac"),
        ("live.mka", "flac"),
        ("a.webm", "libopus"),
        ("live.webm", "libopus"),
        ("a.ogg", "libopus"),
        ("a.ts", "mp2"),
        ("a.mpg", "mp2"),
    ],
)
@pytest.mark.parametrize("first", [25, 40])
def test_recordings_joined_to_one_follow_each_other_wherever_decoding_begins(
    tmp_path: Path, speech: Samples, name: str, codec: str, first: int
) -> None:
    sound = np.tile(speech, 2)[: 65 * SAMPLE_RATE]
    options = {"live": "1"} if name.startswith("live") else {}
    parts = np.split(sound, [first * SAMPLE_RATE])
    path = tmp_path / name
    path.write_bytes(
        b"".join(write(tmp_path / f"part-{name}", part, codec, 48_000, options=options).read_bytes() for part in parts)
    )
    everything = whole(path)
    assert len(everything) == pytest.approx(len(sound), abs=0.1 * SAMPLE_RATE)
    assert_found_from_anywhere(path, everything, [15.3, 23.1, 31.6, 44.2, 61.1])


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.aac", "aac")])
@pytest.mark.parametrize("rates", [(22_050, 44_100), (44_100, 22_050), (44_100, 48_000)])
def test_parts_of_different_rates_follow_each_other(
    tmp_path: Path, speech: Samples, name: str, codec: str, rates: tuple[int, int]
) -> None:
    sound = np.tile(speech, 3)[: 110 * SAMPLE_RATE]
    parts = np.split(sound, [90 * SAMPLE_RATE])
    path = tmp_path / name
    path.write_bytes(
        b"".join(
            write(tmp_path / f"{rate}-{name}", part, codec, rate).read_bytes()
            for part, rate in zip(parts, rates, strict=True)
        )
    )
    everything = whole(path)
    assert len(everything) == pytest.approx(len(sound), abs=0.3 * SAMPLE_RATE)
    # A frame of MP3 is lost at the joint where it is decoded over, and counts where it is sought behind.
    assert_found_from_anywhere(path, everything, [15.3, 84.2, 93.1, 106.1], milliseconds=35)


@pytest.mark.parametrize(
    ("options", "seconds"), [({}, 500), ({"live": "1"}, 25 * 3600)], ids=["behind the declared end", "for a day"]
)
def test_a_clock_that_leaps_is_no_pause(tmp_path: Path, speech: Samples, options: dict[str, str], seconds: int) -> None:
    """The first part declares its length, or nothing; the second one's clock is far ahead."""
    parts = np.split(speech[: 30 * SAMPLE_RATE], 2)
    path = tmp_path / "a.mka"
    path.write_bytes(
        write(tmp_path / "1.mka", parts[0], "flac", options=options).read_bytes()
        + write(tmp_path / "2.mka", parts[1], "flac", options=options, pauses={0: seconds}).read_bytes()
    )
    everything = whole(path)
    assert len(everything) == pytest.approx(30 * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)
    assert_found_from_anywhere(path, everything, [8.1, 14.2, 17.8, 26.5])


def test_hours_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    path = write(tmp_path / "hour.flac", np.zeros(3600 * SAMPLE_RATE, np.float32), "flac")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = sum(len(block) for block in decode_blocks(path, 60)) / SAMPLE_RATE
    assert seconds == 3600
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_pause_of_hours_takes_no_memory(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.mka", speech[: 10 * SAMPLE_RATE], "flac", pauses={5: 3 * 3600})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(len(block) for block in decode_blocks(path, 60)) == pytest.approx((3 * 3600 + 10) * SAMPLE_RATE, abs=16)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_the_declared_duration_is_the_containers(tmp_path: Path, speech: Samples) -> None:
    assert declared(write(tmp_path / "a.wav", speech, "pcm_s16le")) == Declared(40, channels=1)
    live = write(tmp_path / "a.mkv", speech, "flac", layout="stereo", options={"live": "1"})
    assert declared(live) == Declared(None, channels=2)


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EACCES, errno.ENOTCONN, errno.ETIMEDOUT])
def test_a_volume_that_goes_away_ends_no_recording(tmp_path: Path, speech: Samples, number: int) -> None:
    path = write(tmp_path / "a.flac", speech, "flac")
    for decode in (whole, decode_span):
        with losing_volume(50, failing(number)), pytest.raises(UploadsVolumeAway):
            decode(path)
    with losing_volume(1, failing(number)), pytest.raises(UploadsVolumeAway):
        decode_span(path, 20, 22)


def test_whether_places_can_be_sought_is_not_told_of_a_volume_that_is_away(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.ts", speech, "mp2", 48_000)
    with losing_volume(0, failing(errno.ESTALE)), pytest.raises(UploadsVolumeAway):
        is_searchable(path)


def end() -> None:
    """Be the end, which a failed read is to some of libav's demuxers."""


@pytest.mark.parametrize("lost", [failing(errno.EIO), end])
def test_what_looks_like_the_end_is_one_where_the_recording_can_be_read(
    tmp_path: Path, speech: Samples, lost: Callable[[], None]
) -> None:
    path = write(tmp_path / "a.flac", speech, "flac")
    with losing_volume(50, lost):
        assert 0 < len(whole(path)) < len(speech)

    def go_away() -> None:
        path.unlink(missing_ok=True)  # as in a mount point whose volume was taken away by force
        lost()

    with losing_volume(50, go_away), pytest.raises(UploadsVolumeAway):
        whole(path)


def test_what_cannot_be_opened_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with socket.socket(socket.AF_UNIX) as place:  # ENXIO: the one file that root cannot open either
        place.bind(str(path))
        with pytest.raises(UploadsVolumeAway):
            declared(path)
    with pytest.raises(FileNotFoundError):
        declared(tmp_path / "b")


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
