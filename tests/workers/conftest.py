import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from app.queueing.connections import connect
from app.standalone import leash
from app.standalone.state import free_port
from app.standalone.valkey import ValkeyServer
from tests.workers.internal_server import KEY, InternalServer, running_internal_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def connection(redis_url: str) -> Iterator[Redis]:
    """A client as the API has it."""
    with connect(redis_url, name="tests") as client:
        yield client


@pytest.fixture
def server() -> Iterator[InternalServer]:
    """The API's end of the internal protocol."""
    with running_internal_server() as state:
        yield state


@contextmanager
def running(valkey: ValkeyServer) -> Iterator[None]:
    """Run a server of one test's own, killed at the end: it is the death that is tried, and nothing is kept."""
    with (valkey.data / "server.log").open("ab") as log:
        process = subprocess.Popen(leash.command(valkey.command()), stdout=log, stderr=log, start_new_session=True)
    try:
        while not valkey.is_ready():
            assert process.poll() is None, (valkey.data / "server.log").read_text()
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(valkey.STOP_SIGNAL)
        process.wait(20)


@pytest.fixture
def mortal_valkey(tmp_path: Path) -> ValkeyServer:
    """A server that is not started yet, and that forgets everything when it ends."""
    server = ValkeyServer(data=tmp_path / "valkey", port=free_port(), password="tests", durable=False)
    server.initialise()
    return server


@dataclass
class WorkerProcess:
    """A worker process and its log."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_until_logged(self, text: str, timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"{text!r} is not in\n{self.log}"
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 20) -> int:
        """Return the exit status once the process has ended by itself."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running:\n{self.log}") from None


StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(redis_url: str, server: InternalServer, tmp_path: Path) -> Iterator[StartWorker]:
    """Start `tests.workers.patient_worker`; keyword arguments are settings. What is left at the end is killed."""
    started: list[WorkerProcess] = []

    def start(*, module: str = "tests.workers.patient_worker", **settings: str) -> WorkerProcess:
        environment = {
            **os.environ,
            "VOCALYX_REDIS_URL": redis_url,
            "VOCALYX_API_URL": server.url,
            "VOCALYX_INTERNAL_KEY": KEY,
            "VOCALYX_STATE": str(tmp_path),
            **{f"VOCALYX_{name.upper()}": value for name, value in settings.items()},
        }
        log_file = tmp_path / f"worker{len(started)}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(WorkerProcess(process, log_file))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.process.kill()
        worker.process.wait()
