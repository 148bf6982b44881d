"""An API instance as production runs it: one gunicorn with one worker process."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.standalone import leash
from app.standalone.state import free_port

_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Instance:
    url: str
    process: subprocess.Popen[bytes]

    def worker_process(self) -> int:
        """Return the process id of the one that serves requests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        [child] = [int(child) for child in children]
        return child


@contextmanager
def running_instance(settings: Settings, log: Path) -> Iterator[Instance]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "VOCALYX_BIND": f"127.0.0.1:{port}",
    } | {
        f"VOCALYX_{name.upper()}": value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in settings
        if name != "bind" and value is not None
    }
    command = [
        sys.executable, "-m", "gunicorn", "-c", "python:app.api.gunicorn_config", "app.api.application:application",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(leash.command(command), env=environment, stdout=output, stderr=subprocess.STDOUT)
    instance = Instance(f"http://127.0.0.1:{port}", process)
    try:
        _await_life(instance, log)
        yield instance
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()


def _await_life(instance: Instance, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{instance.url}/health/live", timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert instance.process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
