"""A large upload through a real instance: its memory stays where it was.

`UPLOAD_MEGABYTES=2048 pytest tests/api/test_upload_memory.py -s` tries the size that production must bear.
"""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout

from app.settings import Settings
from tests.api.conftest import MakePerson
from tests.api.instance import Instance, running_instance
from tests.api.sound import wav

MEBIBYTE = 1024 * 1024
MEGABYTES = int(os.environ.get("UPLOAD_MEGABYTES", "300"))
ALLOWED_RISE = 64 * MEBIBYTE


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
    """A form with a WAV file of noise: its own content, so that nothing on the way can be clever about it."""
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
    yield wav(b"")[:-4] + b"\xff\xff\xff\x7f"  # a length that the stream does not keep is what recorders write, too
    noise = os.urandom(MEBIBYTE)
    for n in range(megabytes):
        yield noise[n % 7 :]
        if n % 16 == 0:
            await asyncio.sleep(0)
    yield b"\r\n--b--\r\n"


async def test_a_large_upload_does_not_raise_the_memory(
    instance: Instance, person: MakePerson, capsys: pytest.CaptureFixture[str]
) -> None:
    anna = await person("anna", project="first")
    headers = anna.headers | {"Content-Type": "multipart/form-data; boundary=b"}
    address = f"{instance.url}/api/transcriptions"
    async with ClientSession(timeout=ClientTimeout(total=600)) as session:
        async with session.post(address, data=recording(5), headers=headers) as warm:
            assert warm.status == 201, await warm.text()
        process = instance.worker_process()
        before = resident_bytes(process)
        with watched(process) as peak:
            started = time.monotonic()
            async with session.post(address, data=recording(MEGABYTES), headers=headers) as answer:
                body = await answer.json()
            seconds = time.monotonic() - started
    assert answer.status == 201, body
    assert body["size_bytes"] > (MEGABYTES - 1) * MEBIBYTE
    rise = peak.value - before
    with capsys.disabled():
        print(f"\n{MEGABYTES} MB in {seconds:.1f} s, {MEGABYTES / seconds:.0f} MB/s, memory +{rise / MEBIBYTE:.1f} MiB")  # noqa: T201
    assert rise < ALLOWED_RISE
