"""How fast recordings come in, against aiohttp writing to a disk by itself, and the memory that takes.

`python -m benchmarks.uploads`. The same bytes by the same client, in turns, to two servers under the same gunicorn
settings. Ours also hashes, syncs to the disk, reads what the file is, and notes it in PostgreSQL. The content is made
while it is sent; nothing of it is kept.
"""

import json
import shutil
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median
from urllib.parse import urlsplit

import click

from app.settings import GIBIBYTE, MEBIBYTE
from benchmarks.command import new_console, new_table, verdict
from benchmarks.site import Server, Site, running_site, serving

WANTED_RATIO = 0.85
ALLOWED_RISE_MEBIBYTES = 64.0
_ANSWER_SECONDS = 600
_SPARE_BYTES = 5 * GIBIBYTE
_SAMPLE_SECONDS = 0.02
_BOUNDARY = "bench"
_HEAD_OF_FORM = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="reuse"\r\n\r\nfalse\r\n'
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
).encode()
# The plain handler takes the first part that comes.
_HEAD_OF_PLAIN_FORM = _HEAD_OF_FORM[_HEAD_OF_FORM.index(b"--", 2) :]
_END_OF_FORM = f"\r\n--{_BOUNDARY}--\r\n".encode()
_FORM = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Sound:
    """A WAV file of noise of so many mebibytes, made of one block; its length says more than comes, as recorders write."""

    def __init__(self, mebibytes: int) -> None:
        self._blocks = mebibytes
        self._noise = Random(1).randbytes(2 * MEBIBYTE)
        rate = 16_000
        self._head = (
            b"RIFF" + struct.pack("<I", 0x7FFFFFFF) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", 0x7FFFFFFF)
        )  # fmt: skip
        self.size = len(self._head) + mebibytes * MEBIBYTE

    def blocks(self) -> Iterator[memoryview]:
        yield memoryview(self._head)
        noise = memoryview(self._noise)
        for number in range(self._blocks):
            yield noise[2 * (number % 1000) :][:MEBIBYTE]


def send(
    server: Server, method: str, path: str, headers: dict[str, str], sound: Sound | None, around: tuple[bytes, bytes]
) -> Answer:
    """Send one request, its body out of one buffer, and read the answer."""
    address = urlsplit(server.url)
    length = sum(map(len, around)) + (sound.size if sound else 0)
    fields = {"Host": address.netloc, "Connection": "close", "Content-Length": str(length)} | headers
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection((address.hostname, address.port), timeout=_ANSWER_SECONDS) as connection:
        connection.sendall(head.encode() + b"\r\n" + around[0])
        for block in sound.blocks() if sound else ():
            connection.sendall(block)
        connection.sendall(around[1])
        answer = bytearray()
        while part := connection.recv(65536):
            answer += part
    first, _, body = bytes(answer).partition(b"\r\n\r\n")
    status, *lines = first.decode().split("\r\n")
    found = Answer(int(status.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}, body)
    if found.status >= 300:  # noqa: PLR2004 - what HTTP calls no success
        raise RuntimeError(f"{path}: {found.status} {found.body[:1000]!r}")
    return found


@dataclass(frozen=True)
class Ways:
    """The four ways to send a sound; each returns the seconds that it took."""

    site: Site
    plain: Server

    def form(self, sound: Sound) -> float:
        started = time.perf_counter()
        answer = send(
            self.site.api, "POST", "/api/transcriptions", self.site.key | _FORM, sound, (_HEAD_OF_FORM, _END_OF_FORM)
        )
        seconds = time.perf_counter() - started
        self._delete(json.loads(answer.body)["id"])
        return seconds

    def piece(self, sound: Sound) -> float:
        headers = self.site.key | _TUS
        started = time.perf_counter()
        begun = send(
            self.site.api, "POST", "/api/uploads", headers | {"Upload-Length": str(sound.size)}, None, (b"", b"")
        )
        headers |= {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        answer = send(self.site.api, "PATCH", begun.headers["location"], headers, sound, (b"", b""))
        seconds = time.perf_counter() - started
        self._delete(answer.headers["x-transcription-id"])
        return seconds

    def plain_form(self, sound: Sound) -> float:
        return self._plainly("POST", "/form", _FORM, sound, (_HEAD_OF_PLAIN_FORM, _END_OF_FORM))

    def plain_piece(self, sound: Sound) -> float:
        return self._plainly("PATCH", "/piece", {}, sound, (b"", b""))

    def _plainly(
        self, method: str, path: str, headers: dict[str, str], sound: Sound, around: tuple[bytes, bytes]
    ) -> float:
        started = time.perf_counter()
        send(self.plain, method, path, headers, sound, around)
        seconds = time.perf_counter() - started
        (self.site.folder / "upload").unlink()
        return seconds

    def _delete(self, transcription: str) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.site.api.url}/api/transcriptions/{transcription}", headers=self.site.key, method="DELETE"
        )
        urllib.request.urlopen(request, timeout=_ANSWER_SECONDS).close()  # noqa: S310


@click.command()
@click.option("--megabytes", type=click.IntRange(16, 20_000), default=1024, show_default=True, help="Of each upload.")
@click.option("--repetitions", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--memory-megabytes", type=click.IntRange(16, 20_000), default=5120, show_default=True)
def uploading(megabytes: int, repetitions: int, memory_megabytes: int) -> None:
    """Measure, and print two tables."""
    console = new_console()
    with running_site(upload_limit=20 * GIBIBYTE) as site:
        if shutil.disk_usage(site.folder).free < max(megabytes, memory_megabytes) * MEBIBYTE + _SPARE_BYTES:
            raise click.ClickException(f"The disk of {site.folder} is too full for that.")
        (site.folder / "bytes").touch()
        environment = {"PLAIN_BYTES": str(site.folder / "bytes"), "PLAIN_FOLDER": str(site.folder)}
        with serving("benchmarks.plain_server:application", site.settings, site.folder / "log", **environment) as plain:
            ways = Ways(site, plain)
            pairs = {"a form": (ways.form, ways.plain_form), "one piece (tus)": (ways.piece, ways.plain_piece)}
            table = new_table(
                f"{megabytes} MiB, {repetitions} times each in turns", "sent as", "MiB/s", "plain, MiB/s", "ratio"
            )
            worst = min(_compare(table, name, *pair, megabytes, repetitions) for name, pair in pairs.items())
            console.print(table)
            console.print(f"the lower ratio: {worst:.2f}; {verdict(worst, WANTED_RATIO, at_least=True)}")
            memory = new_table(
                f"{memory_megabytes} MiB", "sent as", "before, MiB", "highest, MiB", "more, MiB", "MiB/s"
            )
            rise = max(
                _watch(memory, name, way, site.api, memory_megabytes)
                for name, way in (("a form", ways.form), ("one piece (tus)", ways.piece))
            )
            console.print(memory)
            console.print(f"memory: {rise:.1f} MiB more; {verdict(rise, ALLOWED_RISE_MEBIBYTES)}")


def _compare(
    table: object, name: str, ours: Callable[[Sound], float], plain: Callable[[Sound], float], megabytes: int,
    repetitions: int,
) -> float:  # fmt: skip
    small, sound = Sound(16), Sound(megabytes)
    for way in (ours, plain):
        way(small)
    times = [(ours(sound), plain(sound)) for _ in range(repetitions)]
    own, other = (megabytes / median(some) for some in zip(*times, strict=True))
    table.add_row(name, f"{own:.0f}", f"{other:.0f}", f"{own / other:.2f}")  # type: ignore[attr-defined]
    return own / other


def _watch(table: object, name: str, way: Callable[[Sound], float], server: Server, megabytes: int) -> float:
    way(Sound(16))
    before = server.resident_bytes()
    with _peak_of(server) as peak:
        seconds = way(Sound(megabytes))
    rise = (peak[0] - before) / MEBIBYTE
    figures = (before / MEBIBYTE, peak[0] / MEBIBYTE, rise, megabytes / seconds)
    table.add_row(name, *(f"{figure:.1f}" for figure in figures))  # type: ignore[attr-defined]
    return rise


@contextmanager
def _peak_of(server: Server) -> Iterator[list[int]]:
    """Look at a server's resident memory fifty times a second; the list has the highest."""
    peak, over = [server.resident_bytes()], threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            peak[0] = max(peak[0], server.resident_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    uploading()
