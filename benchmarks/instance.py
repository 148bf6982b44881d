"""A running Vocalyx, measured from outside: the public HTTP API, the WebSocket, and the processes if it runs here."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil
import requests

from app.cli.client import ApiClient
from app.cli.following import follow
from app.cli.instance import AccessToken, ApiKey, Instance, InstanceNotFound, Login, find_instance
from app.standalone import leash
from app.standalone.site import CHECKOUT, answers
from app.standalone.state import StateFolder, free_port

POLL_SECONDS = 0.1
ANSWER_SECONDS = 60
START_SECONDS = 180
STOP_SECONDS = 60
FIRST_WORDS_SECONDS = 300
FINAL_STATES = frozenset({"done", "error", "cancelled"})
TEXT_ALONE = {"diarization": "false", "enrichment": "false"}
WITH_SPEAKERS = {"diarization": "true", "enrichment": "false"}


class NotTranscribed(Exception):
    """The instance ended a transcription otherwise than `done`."""


class RunningInstance:
    """A session with an instance; what it creates there it deletes."""

    def __init__(self, url: str, credentials: AccessToken | ApiKey) -> None:
        self.url = url
        self._credentials = credentials
        self._session = requests.Session()
        self._session.headers.update(_headers(credentials))

    @classmethod
    def open(cls, url: str | None) -> Self:
        """Log in as the command line does: by environment or by the local first login.

        Raises `InstanceNotFound` where there is none, or none that answers.
        """
        instance = find_instance(url, os.environ)
        try:
            match instance.credentials:
                case Login(username, password):
                    return cls(instance.url, _log_in(instance.url, username, password))
                case given:
                    return cls(instance.url, given)
        except requests.RequestException as error:
            raise InstanceNotFound(
                f"No Vocalyx answers at {instance.url} ({type(error).__name__}).",
                remedy="Start one with 'make run' and wait until it says that it is ready, then run this again.",
            ) from error

    @classmethod
    def of(cls, state: StateFolder) -> Self:
        """Log in to the instance of a state folder."""
        login = state.read_first_login()
        if login is None:
            raise InstanceNotFound(f"There is no login in {state.root}.", remedy="Start the instance.")
        return cls(login.url, _log_in(login.url, login.username, login.password))

    def transcribe(self, recording: Path, **options: str) -> tuple[dict[str, Any], str, float]:
        """Send a recording through; return the finished transcription, its RTTM, and the seconds from send to `done`."""
        started = time.monotonic()
        sent = self.send(recording, **options)
        try:
            self.wait(sent)
            seconds = time.monotonic() - started
            transcription = self.read(sent)
            rttm = self.rttm(sent) if options.get("diarization") == "true" else ""
        finally:
            self.delete(sent)
        return transcription, rttm, seconds

    def send(self, recording: Path, **options: str) -> str:
        """Upload a recording and return its transcription's id."""
        options = {"reuse": "false"} | options  # what is measured is the work, each time
        with recording.open("rb") as file:
            created = self._call("POST", "/api/transcriptions", data=options, files={"file": (recording.name, file)})
        return str(created.json()["id"])

    def wait(self, transcription: str) -> dict[str, Any]:
        """Wait for the end; return the summary. Raises `NotTranscribed` unless it is `done`, speakers included.

        By the WebSocket, as whoever asks again and again takes cores from the work.
        """
        found = asyncio.run(self._followed(transcription))
        error = found["error"] or found["diarization"]["error"]
        if found["state"] != "done" or error:
            raise NotTranscribed(f"{found['name']}: {found['state']}, {error}")
        return found

    async def _followed(self, transcription: str) -> dict[str, Any]:
        async with ApiClient(Instance(self.url, self._credentials)) as api:
            return await follow(api, transcription)

    def summaries(self, transcriptions: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the summaries of transcriptions that are among the newest, by id."""
        newest = self._call("GET", "/api/transcriptions", params={"limit": 200}).json()["items"]
        return {found["id"]: found for found in newest if found["id"] in transcriptions}

    def read(self, transcription: str) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", f"/api/transcriptions/{transcription}").json()
        return found

    def rttm(self, transcription: str) -> str:
        return self._call("GET", f"/api/transcriptions/{transcription}.rttm").text

    def jobs(self, transcription: str) -> list[dict[str, Any]]:
        """Return what the workers did: kind, position, seconds of sound, moments, metrics."""
        answer = self._call("GET", f"/api/transcriptions/{transcription}/jobs").json()
        found: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer
        return found

    def delete(self, transcription: str) -> None:
        """Remove a transcription, whatever it is doing."""
        self._call("DELETE", f"/api/transcriptions/{transcription}")

    def create_project(self, name: str) -> str:
        return str(self._call("POST", "/api/projects", json={"name": name}).json()["id"])

    def delete_project(self, project: str) -> None:
        self._call("DELETE", f"/api/projects/{project}")

    def seconds_to_first_words(self, recording: Path, **options: str) -> float:
        """Send a recording; return the seconds from the end of the upload to the first text on the WebSocket.

        The end of the upload is when the API has answered, the recording being on disk. The recording is removed then.
        """
        return asyncio.run(self._listen(recording, options))

    async def _listen(self, recording: Path, options: dict[str, str]) -> float:
        heard: dict[str, float] = {}
        sent = None
        async with (
            aiohttp.ClientSession(headers=_headers(self._credentials)) as client,
            # Before the upload, so that nothing can be missed.
            client.ws_connect(f"{self.url}/api/ws/updates", max_msg_size=0) as socket,
        ):
            await socket.receive()  # the snapshot
            listening = asyncio.create_task(_note_first_texts(socket, heard))
            try:
                sent = await asyncio.to_thread(self.send, recording, **options)
                uploaded = time.monotonic()
                async with asyncio.timeout(FIRST_WORDS_SECONDS):
                    while sent not in heard:  # noqa: ASYNC110 - when it came is noted; this only waits for the note
                        await asyncio.sleep(POLL_SECONDS)
            finally:
                listening.cancel()
                if sent is not None:
                    await asyncio.to_thread(self.delete, sent)
        return heard[sent] - uploaded

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self._session.request(method, self.url + path, timeout=ANSWER_SECONDS, **arguments)
        answer.raise_for_status()
        return answer


async def _note_first_texts(socket: aiohttp.ClientWebSocketResponse, heard: dict[str, float]) -> None:
    """Note when the first text of each transcription came."""
    async for message in socket:
        event = message.json()
        if event["type"] == "transcription.text" and event["segments"]:
            heard.setdefault(event["transcription_id"], time.monotonic())


def _headers(credentials: AccessToken | ApiKey) -> dict[str, str]:
    match credentials:
        case AccessToken(value):
            return {"Authorization": f"Bearer {value}"}
        case ApiKey(value):
            return {"X-API-Key": value}


def _log_in(url: str, username: str, password: str) -> AccessToken:
    answer = requests.post(
        f"{url}/api/auth/token", json={"username": username, "password": password}, timeout=ANSWER_SECONDS
    )
    answer.raise_for_status()
    return AccessToken(answer.json()["access_token"])


@dataclass(frozen=True, slots=True)
class LocalProcesses:
    """The processes of an instance on this machine."""

    state: StateFolder

    @classmethod
    def of_environment(cls) -> Self | None:
        """Return those of $VOCALYX_STATE, or None where no instance runs on that folder."""
        found = cls(StateFolder(Path(os.environ.get("VOCALYX_STATE", "var")).absolute()))
        return found if found.supervisor is not None else None

    @property
    def supervisor(self) -> psutil.Process | None:
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            return psutil.Process(int((self.state.root / "lock").read_text(encoding="utf-8")))
        return None

    def cpu_seconds(self) -> float:
        """Return the processor time that everything in the instance has used so far."""
        seconds = 0.0
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds

    def transcription_workers(self) -> list[psutil.Process]:
        return [process for process in self._all() if _is_transcription_worker(process)]

    def forget_peaks(self) -> None:
        """Begin anew with the highest resident memory of the workers."""
        for worker in self.transcription_workers():
            Path(f"/proc/{worker.pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_bytes(self) -> int:
        """Return the highest resident memory that a transcription worker has had (VmHWM)."""
        return max(_peak_bytes(worker) for worker in self.transcription_workers())

    def _all(self) -> list[psutil.Process]:
        root = self.supervisor
        return [] if root is None else [root, *root.children(recursive=True)]


def _is_transcription_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        command = process.cmdline()
        return "app.workers.transcription" in command and not any("leash" in word for word in command)
    return False


def _peak_bytes(process: psutil.Process) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def started(*, workers: int = 1, threads: int | None = None) -> Iterator[tuple[RunningInstance, LocalProcesses]]:
    """Start an instance of its own in a temporary folder, its engines loaded, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="vocalyx-bench-") as folder:
        state = StateFolder(Path(folder) / "var")
        output = Path(folder) / "output"
        port = free_port()
        environment = {
            **os.environ,
            "VOCALYX_STATE": str(state.root),
            "VOCALYX_PORT": str(port),
            "VOCALYX_TRANSCRIPTION_WORKERS": str(workers),
            **({} if threads is None else {"VOCALYX_TRANSCRIPTION_THREADS": str(threads)}),
        }
        command = leash.command([sys.executable, "-m", "app.cli.main", "serve"], orphan_signal=signal.SIGTERM)
        with output.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            _wait_until_loaded(process, f"http://127.0.0.1:{port}", output, workers)
            yield RunningInstance.of(state), LocalProcesses(state)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_loaded(process: subprocess.Popen[bytes], url: str, output: Path, workers: int) -> None:
    """Wait for the API and for every engine, the language model's included: loading takes cores."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        said = output.read_text(encoding="utf-8", errors="replace")
        if process.poll() is not None or time.monotonic() > deadline:
            raise InstanceNotFound("The instance did not start.", remedy=f"It said: {said[-2000:]}")
        if answers(url) and said.count("Engines ready") >= workers + 1:
            return
        time.sleep(POLL_SECONDS)


def text_of(transcription: dict[str, Any]) -> str:
    """Return all that was said, in one line."""
    return " ".join(segment["text"] for segment in transcription["segments"])
