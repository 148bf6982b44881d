"""One recording followed by the id of the request that sent it, through a real API process and a real worker process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from app.logs import LogFormat
from app.settings import Settings
from tests.api.conftest import INTERNAL_KEY, Person
from tests.api.instance import Instance, running_instance
from tests.api.sound import tone
from tests.api.tus import metadata
from tests.servers.instance import wait_until

ORIGIN = "call-centre.42"
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def working(instance: Instance, settings: Settings, log: Path) -> Iterator[None]:
    environment = {
        **os.environ,
        "VOCALYX_REDIS_URL": settings.redis_url.get_secret_value(),
        "VOCALYX_API_URL": instance.url,
        "VOCALYX_INTERNAL_KEY": INTERNAL_KEY,
        "VOCALYX_WORKER_NAME": "follower",
        "VOCALYX_LOG_FORMAT": settings.log_format,
    }
    command = [sys.executable, "-m", "tests.api.following_worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


async def sent_in_one_request(session: ClientSession, url: str) -> str:
    form = FormData({"enrichment": "false", "language": "en"})
    form.add_field("file", tone(), filename="tone.wav")
    async with session.post(f"{url}/api/transcriptions", data=form, headers={"X-Request-ID": ORIGIN}) as answer:
        assert (answer.status, answer.headers["X-Request-ID"]) == (201, ORIGIN), await answer.text()
        return str((await answer.json())["id"])


async def sent_in_pieces(session: ClientSession, url: str) -> str:
    about = metadata(filename="tone.wav", enrichment="false", language="en")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(tone())), "Upload-Metadata": about}
    async with session.post(f"{url}/api/uploads", headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        place = url + answer.headers["Location"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    async with session.patch(place, data=tone(), headers=headers | {"X-Request-ID": ORIGIN}) as answer:
        assert answer.status == 204, await answer.text()
        return answer.headers["X-Transcription-ID"]


@pytest.mark.parametrize("send", [sent_in_one_request, sent_in_pieces])
async def test_every_line_about_a_recording_leads_back_to_its_request(
    editor: Person, settings: Settings, tmp_path: Path, send: Any
) -> None:
    api_log, worker_log = await _worked("json", editor, settings, tmp_path, send)
    api = [json.loads(line) for line in api_log.read_text().splitlines()]
    worker = [json.loads(line) for line in worker_log.read_text().splitlines()]
    [upload] = [line for line in api if line.get("request") == ORIGIN and line["logger"] == "app.api.request_log"]
    transcription, user = upload["transcription"], upload["user"]
    assert user == editor.name

    at_work = [line for line in worker if "transcription" in line]
    assert {line["job"] for line in at_work}
    assert all((line["transcription"], line["origin"]) == (transcription, ORIGIN) for line in at_work)
    assert all(line["worker"] == "follower" for line in worker)
    for said in ("Took a plan job, attempt 1.", "Took a chunk job, attempt 1.", "Finished the diarization job in"):
        assert any(line["message"].startswith(said) for line in at_work), said

    calls = [
        line for line in api if line["message"].startswith("POST /internal/jobs/") and line["message"][-3:] == "200"
    ]
    assert {line["message"].split()[1].rpartition("/")[2] for line in calls} >= {"claim", "result"}
    assert all((line["transcription"], line["origin"]) == (transcription, ORIGIN) for line in calls)
    assert {line["job"] for line in calls} == {line["job"] for line in at_work}
    requests = [line["request"] for line in calls]
    assert len(set(requests)) == len(requests)
    assert ORIGIN not in requests

    became = [line for line in api if line["logger"] == "app.api.work_log"]
    assert [line["message"].split()[-1] for line in became] == ["queued.", "processing.", "done."]
    assert all((line["transcription"], line["origin"]) == (transcription, ORIGIN) for line in became)
    assert INTERNAL_KEY not in api_log.read_text() + worker_log.read_text()


async def test_a_grep_through_the_text_finds_the_same(editor: Person, settings: Settings, tmp_path: Path) -> None:
    api_log, worker_log = await _worked("text", editor, settings, tmp_path, sent_in_one_request)
    api = [line for line in api_log.read_text().splitlines() if f"={ORIGIN}" in line]
    worker = [line for line in worker_log.read_text().splitlines() if f"={ORIGIN}" in line]
    assert any("POST /api/transcriptions 201" in line and f"request={ORIGIN} " in line for line in api)
    assert any("/result 200" in line and f"origin={ORIGIN}" in line for line in api)
    assert any("Took a chunk job" in line for line in worker)
    assert any("Finished the diarization job" in line for line in worker)


async def _worked(
    log_format: LogFormat, editor: Person, settings: Settings, folder: Path, send: Any
) -> tuple[Path, Path]:
    api_log, worker_log = folder / "api.log", folder / "worker.log"
    wanted = settings.model_copy(update={"log_format": log_format, "log_level": "DEBUG", "lease": 30})
    with running_instance(wanted, api_log) as instance, working(instance, wanted, worker_log):
        async with ClientSession(headers=editor.headers) as session:
            transcription = await send(session, instance.url)
        wait_until(lambda: "Finished the diarization job" in worker_log.read_text(), "the end of the diarization")
    assert (await editor.read(transcription))["state"] == "done"
    return api_log, worker_log
