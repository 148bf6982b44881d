"""Probing: what is a recording, what is not, and that no file can make its reader read another."""

import asyncio
import io
import os
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DamagedMedia, DependencyDown, EmptyUpload, NoAudio, NotMedia, VocalyxError
from app.media.decode import Samples, decode_span
from app.media.information import MediaInfo
from app.media.probe import probe
from tests.media.recordings import SPEECH, write, write_picture_only


@pytest.fixture(scope="module")
def speech() -> Samples:
    return decode_span(SPEECH, 0, 5)


async def test_a_recording_is_described(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.wav", speech, "pcm_s16le", 44_100, layout="stereo")
    info = await probe(path, 30)
    assert info == MediaInfo("wav", "pcm_s16le", 2, 44_100, pytest.approx(5, abs=0.01), has_video=False)


async def test_the_content_decides_not_the_name(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.mp4", speech, "aac", 48_000, picture=True).rename(tmp_path / "notes.txt")
    info = await probe(path, 30)
    assert (info.codec, info.has_video) == ("aac", True)


async def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    with pytest.raises(EmptyUpload):
        await probe(tmp_path / "a.wav", 30)


@pytest.mark.parametrize("place", ["a.wav", "."], ids=["not there", "not to be read"])
async def test_a_file_that_cannot_be_read_is_nobodys_fault_who_sent_it(tmp_path: Path, place: str) -> None:
    with pytest.raises(DependencyDown):
        await probe(tmp_path / place, 30)


def is_running(module: str) -> bool:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if module.encode() in place.read_bytes():
                return True
    return False


@pytest.mark.parametrize(("name", "error"), [("works", DamagedMedia), ("waits", DependencyDown)])
async def test_a_file_is_at_fault_only_where_its_reader_was_let_work(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[VocalyxError]
) -> None:
    monkeypatch.setattr("app.media.probe._LISTENER", "tests.media.slow_reader")
    with pytest.raises(error, match="could not be read to a first sound in 2 s"):
        await probe(Path(name), 2)
    assert not is_running("tests.media.slow_reader")


async def test_nobody_elses_thread_waits_for_the_volume(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.wav", speech, "pcm_s16le")
    away = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(away.wait)
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            async with asyncio.timeout(60):
                assert (await probe(path, 30)).channels == 1
        finally:
            away.set()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.wav", b"RIFF" * 100)
    return file.getvalue()


@pytest.mark.parametrize("ending", ["mp3", "wav", "aac", "mp4", "ogg", "txt"])
@pytest.mark.parametrize(
    "content",
    [
        b"The minutes of the meeting. " * 500,
        "Le procès-verbal de la réunion. ".encode("utf-16") * 500,
        b"a",
        b"1\n00:00:00,000 --> 00:00:05,000\nsubtitle\n" * 50,
        b"WEBVTT\n\n00:00.000 --> 00:05.000\nsubtitle\n",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"%PDF-1.7\n" + bytes(range(256)) * 20,
        _zip(),
        bytes(5000),
    ],
    ids=["text", "utf-16", "one byte", "srt", "vtt", "png", "pdf", "zip", "zeros"],
)
async def test_what_is_no_recording_is_refused_under_any_name(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"upload.{ending}"
    path.write_bytes(content)
    with pytest.raises(NotMedia):
        await probe(path, 30)


@pytest.mark.parametrize("seed", range(8))
async def test_random_bytes_are_no_recording(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(np.random.default_rng(seed).bytes(200_000))
    with pytest.raises(VocalyxError) as caught:
        await probe(path, 30)
    assert caught.type in {NotMedia, DamagedMedia}


async def test_a_playlist_reads_no_other_file(tmp_path: Path, speech: Samples) -> None:
    secret = write(tmp_path / "secret.wav", speech, "pcm_s16le")
    scripts = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n",
        "list.mp3": f"ffconcat version 1.0\nfile '{secret}'\n",
        "list.wav": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "list.mpd": f'<?xml version="1.0"?><MPD><Period><BaseURL>{secret}</BaseURL></Period></MPD>',
    }
    for name, content in scripts.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(NotMedia):
            await probe(tmp_path / name, 30)


async def test_a_name_is_never_a_protocol_or_an_option(
    tmp_path: Path, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.wav", speech, "pcm_s16le")
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a.wav|a.wav", "--help", "http:"):
        os.link("a.wav", name)
        assert (await probe(Path(name), 30)).duration_seconds == 5


async def test_a_truncated_mp4_is_damaged(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.mp4", speech, "aac", 44_100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])  # its index, at the end, is lost
    with pytest.raises(DamagedMedia):
        await probe(path, 30)


async def test_an_mp4_without_its_sound_is_damaged(tmp_path: Path, speech: Samples) -> None:
    path = write(tmp_path / "a.mp4", speech, "aac", 44_100, options={"movflags": "faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 4])
    with pytest.raises(DamagedMedia):
        await probe(path, 30)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.mp4", "aac"), ("a.flac", "flac"), ("a.aiff", "pcm_s16be")]
)
async def test_a_track_of_no_length_has_no_sound(tmp_path: Path, name: str, codec: str) -> None:
    nothing = np.empty(0, np.float32)
    with pytest.raises(NoAudio):
        await probe(write(tmp_path / name, nothing, codec, 48_000), 30)


async def test_a_container_that_ends_before_its_first_sound_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedMedia):
        await probe(write(tmp_path / "a.ogg", np.empty(0, np.float32), "libopus", 48_000), 30)


async def test_a_film_without_sound_has_no_sound(tmp_path: Path) -> None:
    with pytest.raises(NoAudio):
        await probe(write_picture_only(tmp_path / "a.mp4"), 30)


def test_asking_loads_no_native_library() -> None:
    code = "import sys, app.media.probe; sys.exit(bool({'av', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_looking_loads_nothing_that_every_upload_would_wait_for() -> None:
    code = "import sys, app.media.listening; sys.exit(bool({'asyncio', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
