"""A large upload through a real instance: its memory stays where it was.

`UPLOAD_MEGABYTES=2048 pytest tests/api/test_upload_memory.py -s` tries the size that production must bear.
"""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout

from app.settings import Settings
from tests.api.conftest import MakePerson
from tests.api.instance import Instance, running_instance
from tests.api.sound import wav
from tests.api.tus import PIECE, VERSION

MEBIBYTE = 1024 * 1024
MEGABYTES = int(os.environ.get("UPLOAD_MEGABYTES", "300"))
ALLOWED_RISE = 64 * MEBIBYTE
HEAD = wav(b"")[:-4] + b"\xff\xff\xff\x7f"  # a length that the stream does not keep is what recorders write, too


@pytest.fixture
def instance(client: object, settings: Settings, tmp_path: Path) -> Iterator[Instance]:
    roomy = settings.model_copy(update={"upload_limit": 20 * 1024 * MEBIBYTE, "uploads_dir": tmp_path / "large"})
    with running_instance(roomy, tmp_path / "instance.log") as running:
        yield running


def resident_bytes(process: int) -> int:
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    value = 0


@contextmanager
def watched(process: int) -> Iterator[Peak]:
    """Look at a process's resident memory fifty times a second."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak.value = max(peak.value, resident_bytes(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


async def recording(megabytes: int) -> AsyncIterator[bytes]:
    """A WAV file of noise: its own content, so that nothing on the way can be clever about it."""
    yield HEAD
    noise = os.urandom(MEBIBYTE)
    for n in range(megabytes):
        yield noise[n % 7 :] + noise[: n % 7]
        if n % 16 == 0:
            await asyncio.sleep(0)


async def form(megabytes: int) -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
    async for block in recording(megabytes):
        yield block
    yield b"\r\n--b--\r\n"


@dataclass
class Way:
    """How a recording is sent, and to which instance."""

    session: ClientSession
    url: str
    headers: dict[str, str]

    async def in_a_form(self, megabytes: int) -> int:
        headers = self.headers | {"Content-Type": "multipart/form-data; boundary=b"}
        address = f"{self.url}/api/transcriptions"
        async with self.session.post(address, data=form(megabytes), headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return (await answer.json())["size_bytes"]

    async def in_one_piece(self, megabytes: int) -> int:
        """The largest piece there is, of which two thirds come, and then the rest."""
        size = len(HEAD) + megabytes * MEBIBYTE
        headers = self.headers | VERSION | {"Upload-Length": str(size)}
        async with self.session.post(f"{self.url}/api/uploads", headers=headers) as begun:
            address = f"{self.url}{begun.headers['Location']}"
        for first, last in [(0, size * 2 // 3), (size * 2 // 3, size)]:
            headers = self.headers | PIECE | {"Upload-Offset": str(first)}
            async with self.session.patch(address, data=part_of(megabytes, first, last), headers=headers) as answer:
                assert answer.status == 204, await answer.text()
        return int(answer.headers["Upload-Offset"])


async def part_of(megabytes: int, first: int, last: int) -> AsyncIterator[bytes]:
    at = 0
    async for block in recording(megabytes):
        yield block[max(0, first - at) : max(0, last - at)]
        at += len(block)


@pytest.mark.parametrize("send", [Way.in_a_form, Way.in_one_piece])
async def test_a_large_upload_does_not_raise_the_memory(
    instance: Instance,
    person: MakePerson,
    capsys: pytest.CaptureFixture[str],
    send: Callable[[Way, int], Awaitable[int]],
) -> None:
    anna = await person("anna", project="first")
    async with ClientSession(timeout=ClientTimeout(total=600)) as session:
        way = Way(session, instance.url, anna.headers)
        await send(way, 5)
        process = instance.worker_process()
        before = resident_bytes(process)
        with watched(process) as peak:
            started = time.monotonic()
            size = await send(way, MEGABYTES)
            seconds = time.monotonic() - started
    assert size == len(HEAD) + MEGABYTES * MEBIBYTE
    rise = peak.value - before
    with capsys.disabled():
        print(f"\n{MEGABYTES} MB in {seconds:.1f} s, {MEGABYTES / seconds:.0f} MB/s, memory +{rise / MEBIBYTE:.1f} MiB")  # noqa: T201
    assert rise < ALLOWED_RISE
