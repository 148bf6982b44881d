"""The sound of a transcription: the file by ranges, and its waveform."""

import asyncio
import base64
import fcntl
import gc
import hashlib
import io
import shutil
import socket
import termios
import threading
import time
import warnings
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from app.api import playing
from app.core.waveform import cells
from app.media.recordings import locate
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.instance import Instance
from tests.api.problems import fields, problem
from tests.api.sound import tone, video, wav
from tests.api.worker import Worker, part_of_plan

SOUND = tone(40)  # more than one block
TAG = f'"{hashlib.sha256(SOUND).hexdigest()}"'

Leave = Callable[[], Awaitable[None]]


async def sent(editor: Person, content: bytes = SOUND, name: str = "tone.wav") -> str:
    form = FormData({"enrichment": "false"}, quote_fields=False)  # or the name would come percent-encoded
    form.add_field("file", io.BytesIO(content), filename=name)
    created = await (await editor.post("/api/transcriptions", data=form)).json()
    return f"/api/transcriptions/{created['id']}"


async def test_the_recording_comes_back_as_it_was_sent(editor: Person) -> None:
    address = f"{await sent(editor, name='Où ça ?.wav')}/audio"
    answer = await editor.get(address)
    assert (answer.status, answer.content_type) == (200, "audio/wav")
    assert await answer.read() == SOUND
    expected = {
        "ETag": TAG,
        "Accept-Ranges": "bytes",
        "Content-Length": str(len(SOUND)),
        "Cache-Control": "private, no-cache",
        "Content-Disposition": "inline; filename=\"O_ _a _.wav\"; filename*=UTF-8''O%C3%B9%20%C3%A7a%20_.wav",
        "X-Content-Type-Options": "nosniff",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    head = await editor.ask("HEAD", address, headers={"Range": "bytes=0-1"})
    assert (head.status, await head.read()) == (200, b"")
    assert {name: head.headers[name] for name in expected} == expected


async def test_its_type_is_what_it_is_and_not_what_it_is_called(editor: Person) -> None:
    answer = await editor.get(f"{await sent(editor, video(), 'page.html')}/audio")
    assert (answer.status, answer.content_type) == (200, "video/mp4")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, len(SOUND) - 1),
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=100000-", 100_000, len(SOUND) - 1),
        ("bytes=-44", len(SOUND) - 44, len(SOUND) - 1),
        (f"bytes=10-{10 * len(SOUND)}", 10, len(SOUND) - 1),
        (f"bytes=-{10 * len(SOUND)}", 0, len(SOUND) - 1),
    ],
)
async def test_a_player_has_the_range_that_it_asks_for(editor: Person, asked: str, first: int, last: int) -> None:
    answer = await editor.get(f"{await sent(editor)}/audio", headers={"Range": asked})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert await answer.read() == SOUND[first : last + 1]


async def test_ranges_under_conditions(editor: Person) -> None:
    address = f"{await sent(editor)}/audio"
    some = {"Range": "bytes=5-9"}

    async def status(**headers: str) -> int:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await editor.get(address, headers=given)).status

    assert await status(**some, If_Range=TAG) == 206
    assert await status(**some, If_Range='"another"') == 200
    assert await status(**some, If_Range="Wed, 21 Oct 2015 07:28:00 GMT") == 200
    assert await status(If_None_Match=TAG) == 304
    assert await status(If_None_Match=f'W/{TAG}, "b"', **some) == 304
    assert await status(If_None_Match='"b"', **some) == 206
    assert await status(If_Match=TAG) == 200
    assert await status(If_Match="*", **some) == 206
    assert await status(Range="bytes=0-1,5-6") == 200
    assert await status(Range="bytes=9-5") == 200
    await problem(await editor.get(address, headers={"If-Match": '"b"'}), 412, "precondition-failed")
    for behind in (f"bytes={len(SOUND)}-", "bytes=-0"):
        answer = await editor.get(address, headers={"Range": behind})
        await problem(answer, 416, "range-not-satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(SOUND)}"
    # The connection is as good as before.
    assert await (await editor.get(address, headers=some)).read() == SOUND[5:10]


async def test_a_recording_that_is_not_kept_any_more_is_missing(editor: Person, settings: Settings) -> None:
    address = await sent(editor)
    [file] = settings.uploads_dir.glob("*/*/source")
    file.write_bytes(SOUND[:-1])
    await problem(await editor.get(f"{address}/audio"), 404, "recording-missing")
    file.unlink()
    body = await problem(await editor.get(f"{address}/audio"), 404, "recording-missing")
    assert str(settings.uploads_dir) not in str(body)
    file.symlink_to("/etc/hostname")
    await problem(await editor.get(f"{address}/audio"), 404, "recording-missing")
    await problem(await editor.get(f"{address}/audio", headers={"If-None-Match": TAG}), 404, "recording-missing")


async def test_a_volume_that_is_away_may_come_back(editor: Person, settings: Settings) -> None:
    address = await sent(editor)
    away = settings.uploads_dir.with_name("away")
    shutil.move(settings.uploads_dir, away)
    body = await problem(await editor.get(f"{address}/audio"), 503, "dependency-down")
    assert str(settings.uploads_dir) not in str(body)
    shutil.move(away, settings.uploads_dir)
    assert (await editor.get(f"{address}/audio")).status == 200


@pytest.mark.parametrize("place", ["nonsense", "..%2f..%2fetc%2fpasswd", "%00"])
async def test_no_address_leads_out_of_the_volume(editor: Person, place: str) -> None:
    answer = await editor.get(f"/api/transcriptions/{place}/audio")
    await problem(answer, 404, "not-found")


# The waveform


def part(start: float, end: float, level: int, *, last: bool) -> dict[str, Any]:
    peaks = bytes([level] * len(cells(start, end)))
    plan = part_of_plan((start, end), start=start, last=last)
    return plan | {"peaks": base64.b64encode(peaks).decode()}


async def peaks(editor: Person, address: str, **query: int) -> dict[str, Any]:
    answer = await editor.get(f"{address}/peaks", params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_the_waveform_grows_with_the_plan(editor: Person, worker: Worker) -> None:
    address = await sent(editor)
    await problem(await editor.get(f"{address}/peaks"), 409, "conflict")
    first = await worker.claim()
    await worker.report(first, "result", plan=part(0.0, 60.032, 51, last=False))
    assert await peaks(editor, address, points=2) == {
        "duration_seconds": pytest.approx(40.0),
        "heard_seconds": 60.1,
        "partial": True,
        "loudest": 0.04,
        "peaks": [1.0, 1.0],
    }
    # The same result again, from a worker that was thought lost.
    status, answer = await worker.report(first, "result", plan=part(0.0, 60.032, 255, last=False))
    assert (status, answer) == (200, {"accepted": False})
    while (order := await worker.claim())["kind"] != "plan":
        pass
    await worker.report(order, "result", plan=part(60.032, 120.0, 102, last=True))
    whole = await peaks(editor, address, points=4)
    assert whole == {
        "duration_seconds": 120.0, "heard_seconds": 120.0, "partial": False, "loudest": 0.16,
        "peaks": [0.25, 0.25, 1.0, 1.0],
    }  # fmt: skip
    assert len((await peaks(editor, address))["peaks"]) == 1000
    assert len((await peaks(editor, address, points=10_000))["peaks"]) == 1200
    assert (await editor.delete(address)).status == 204
    await problem(await editor.get(f"{address}/peaks"), 404, "not-found")


@pytest.mark.parametrize("query", ["points=0", "points=10001", "points=many", "pixels=3"])
async def test_odd_numbers_of_points_are_refused(editor: Person, query: str) -> None:
    body = await problem(await editor.get(f"{await sent(editor)}/peaks?{query}"), 422, "invalid-fields")
    assert fields(body) == [query.partition("=")[0]]


async def test_a_worker_of_an_earlier_release_reports_none(editor: Person, worker: Worker) -> None:
    address = await sent(editor)
    await worker.plan((0.0, 4.0))
    body = await problem(await editor.get(f"{address}/peaks"), 404, "not-found")
    assert "earlier release" in body["detail"]


@pytest.mark.parametrize("reported", ["*", "AAA", base64.b64encode(bytes(39)).decode(), 7])
async def test_peaks_that_are_none_are_refused(editor: Person, worker: Worker, reported: Any) -> None:
    await sent(editor)
    order = await worker.claim()
    status, _ = await worker.report(order, "result", plan=part_of_plan((0.0, 4.0)) | {"peaks": reported})
    assert status == 422
    assert (await worker.report(order, "result", plan=part(0.0, 4.0, 9, last=True)))[0] == 200


# Whoever leaves


@asynccontextmanager
async def asking(client: TestClient, editor: Person, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, Leave]]:
    """Ask for a file over a line of one's own; give what comes, and what cuts the line and waits for the server to know."""
    before = asyncio.all_tasks()
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1024)
    head = [
        f"GET {address} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in editor.headers.items()),
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())

    async def leave() -> None:
        serving = [
            task for task in asyncio.all_tasks() - before if task.get_coro().__qualname__ == "RequestHandler.start"
        ]
        assert serving
        writer.transport.abort()
        await asyncio.wait(serving)

    yield reader, leave
    writer.transport.abort()


async def test_whoever_leaves_while_the_file_is_opened_leaves_none_open(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{await sent(editor)}/audio"
    asked, go_on = threading.Event(), threading.Event()

    def slowly(root: Path, relative: str) -> Path:
        """A volume that takes its time."""
        asked.set()
        go_on.wait()
        return locate(root, relative)

    monkeypatch.setattr(playing, "locate", slowly)
    threads = ThreadPoolExecutor()
    asyncio.get_running_loop().set_default_executor(threads)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        async with asking(client, editor, address) as (_, leave):
            await asyncio.to_thread(asked.wait)
            await leave()
            go_on.set()
            threads.shutdown()
        gc.collect()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
    assert [str(one.message) for one in warned] == []


async def test_whoever_leaves_in_the_middle_leaves_no_file_open(
    client: TestClient, editor: Person, settings: Settings
) -> None:
    # More than systems keep on the way.
    address = f"{await sent(editor, wav(bytes(24 * 1024 * 1024)))}/audio"

    def held() -> list[str]:
        found = []
        for link in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # the one by which the folder is read
                found.append(str(link.readlink()))
        return [path for path in found if path.startswith(str(settings.uploads_dir))]

    async with asking(client, editor, address) as (reader, leave):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert len(held()) == 1
        await leave()
        assert held() == []


async def test_a_line_that_breaks_while_the_server_waits_to_go_on_is_no_error_of_the_server(
    editor: Person, second_instance: Instance, tmp_path: Path
) -> None:
    # More than systems keep on the way.
    address = f"{await sent(editor, wav(bytes(24 * 1024 * 1024)))}/audio"
    log = tmp_path / "second-instance.log"
    port = urlsplit(second_instance.url).port
    with socket.create_connection(("127.0.0.1", port)) as line:
        head = [
            f"GET {address} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{name}: {value}" for name, value in editor.headers.items()),
        ]
        line.sendall("\r\n".join([*head, "", ""]).encode())
        await nothing_more_comes(line)
        # What has come is not read: so the line breaks, and does not end.
    async with asyncio.timeout(30):
        while "the client went away" not in log.read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    assert "Traceback" not in log.read_text()


async def nothing_more_comes(line: socket.socket) -> None:
    """Wait until what has come, and is not read, has not grown for a second."""
    there = array("i", [0])
    before, since = 0, time.monotonic()
    async with asyncio.timeout(30):
        while not before or time.monotonic() < since + 1:
            fcntl.ioctl(line, termios.FIONREAD, there)
            if there[0] != before:
                before, since = there[0], time.monotonic()
            await asyncio.sleep(0.02)


async def test_a_player_that_is_closed_is_no_error_of_the_server(
    client: TestClient, editor: Person, second_instance: Instance, tmp_path: Path
) -> None:
    address = f"{await sent(editor, wav(bytes(24 * 1024 * 1024)))}/audio"
    log = tmp_path / "second-instance.log"
    async with asyncio.timeout(60):
        # Whether a player that goes is noticed at a write, or only after the last one, is up to the network.
        while "the client went away" not in log.read_text():
            async with client.session.get(f"{second_instance.url}{address}", headers=editor.headers) as answer:
                assert answer.status == 200
                answer.close()
            await asyncio.sleep(0.2)
    # What is logged of it, is logged before the next one is answered.
    async with client.session.get(f"{second_instance.url}/health/live") as alive:
        assert alive.status == 200
    assert "Traceback" not in log.read_text()
