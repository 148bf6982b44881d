"""One-machine instances, started as people start them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from app.standalone import leash
from app.standalone.site import CHECKOUT, answers
from app.standalone.state import FirstLogin, StateFolder, free_port

START_TIMEOUT_SECONDS = 90
STOP_TIMEOUT_SECONDS = 60


def wait_until(
    condition: Callable[[], bool],
    what: str,
    timeout_seconds: float = START_TIMEOUT_SECONDS,
    pause_seconds: float = 0.1,
) -> None:
    """Poll until the condition holds; the test fails, saying what did not come, where it does not."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {timeout_seconds:.0f} s"
        time.sleep(pause_seconds)


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """`vocalyx serve` on a state folder of its own, and its output."""

    process: subprocess.Popen[bytes]
    state: StateFolder
    port: int
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def login(self) -> FirstLogin:
        login = self.state.read_first_login()
        assert login is not None
        return login

    def token(self) -> str:
        login = self.login()
        answer = requests.post(
            f"{self.url}/api/auth/token",
            json={"username": login.username, "password": login.password},
            timeout=10,
        )
        assert answer.status_code == requests.codes.ok, answer.text
        return str(answer.json()["access_token"])

    def child(self, marker: str) -> psutil.Process | None:
        """Return the child whose command line holds the marker."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if any(marker in word for word in child.cmdline()) and "leash.py" not in " ".join(child.cmdline()):
                    return child
            except psutil.NoSuchProcess:
                continue
        return None

    def worker(self, name: str) -> psutil.Process | None:
        """Return the worker that calls itself so."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if child.environ().get("VOCALYX_WORKER_NAME") == name and "leash.py" not in " ".join(child.cmdline()):
                    return child
            except psutil.NoSuchProcess:
                continue
        return None

    def everyone(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_SECONDS)


@contextmanager
def running_instance(
    folder: Path, models: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[RunningInstance]:
    """Start an instance, wait until its API answers and its workers run, and end it whatever happens.

    `settings` are environment variables that it has beside this process's.
    """
    port = port or free_port()
    output = folder.with_suffix(".output")
    environment = {
        **os.environ,
        "VOCALYX_STATE": str(folder),
        "VOCALYX_PORT": str(port),
        "VOCALYX_MODELS_DIR": str(models),
        **(settings or {}),
    }
    command = leash.command([sys.executable, "-m", "app.cli.main", "serve"], orphan_signal=signal.SIGTERM)
    with output.open("ab") as file:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    instance = RunningInstance(process, StateFolder(folder), port, output)
    try:
        wait_until(lambda: process.poll() is not None or answers(instance.url), "the API")
        wait_until(lambda: process.poll() is not None or "enrichment has joined" in output.read_text(), "the workers")
        assert process.poll() is None, output.read_text()
        yield instance
    finally:
        if process.poll() is None:
            try:
                instance.stop()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
