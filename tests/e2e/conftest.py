"""One whole platform for all end-to-end tests: every server, the API, both workers, the real engines."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from app.standalone.state import free_port
from tests.servers.instance import RunningInstance, running_instance, wait_until

AUDIO = Path(__file__).resolve().parent.parent / "audio"
DONE_TIMEOUT_SECONDS = 240
STOPPED = ("done", "error", "cancelled")

SENT_WITH = {"reuse": "false", "project": "default"}
"""The tests share an instance, and some make projects of their own."""


@dataclass
class Site:
    """A running instance and a client that is logged in to it."""

    instance: RunningInstance
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.instance.token()}"

    def send(self, recording: Path, **options: object) -> str:
        with recording.open("rb") as file:
            answer = self.session.post(
                f"{self.instance.url}/api/transcriptions",
                data={name: str(value) for name, value in (SENT_WITH | options).items()},
                files={"file": (recording.name, file)},
                timeout=60,
            )
        assert answer.status_code == requests.codes.created, answer.text
        return str(answer.json()["id"])

    def read(self, transcription: str) -> dict[str, Any]:
        """Read a transcription, through whatever outage there may be."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.session.get(f"{self.instance.url}/api/transcriptions/{transcription}", timeout=10)
                if answer.status_code == requests.codes.ok:
                    found: dict[str, Any] = answer.json()
                    return found
                assert answer.status_code == requests.codes.service_unavailable, answer.text
                assert answer.json()["remedy"]
            except requests.ConnectionError:
                pass
            assert time.monotonic() < deadline, "the API did not come back"
            time.sleep(0.2)

    def until(
        self, transcription: str, condition: Any, what: str, timeout_seconds: float = DONE_TIMEOUT_SECONDS
    ) -> None:
        wait_until(lambda: condition(self.read(transcription)), what, timeout_seconds)

    def finished(self, transcription: str) -> dict[str, Any]:
        self.until(transcription, lambda found: found["state"] in STOPPED, "the end of the transcription")
        return self.read(transcription)

    def kill(self, marker: str) -> None:
        child = self.instance.child(marker)
        assert child is not None, marker
        child.kill()

    def said(self) -> str:
        """Everything in the instance's log so far."""
        return self.instance.state.log.read_text()


def text_of(found: dict[str, Any]) -> str:
    return " ".join(segment["text"] for segment in found["segments"])


@pytest.fixture(scope="session")
def receiver_port() -> int:
    """The one port of this machine that webhooks may lead to."""
    return free_port()


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, models_dir: Path, receiver_port: int
) -> Iterator[RunningInstance]:
    settings = {"VOCALYX_WEBHOOK_ALLOWED": "127.0.0.1/32", "VOCALYX_WEBHOOK_PORTS": str(receiver_port)}
    with running_instance(tmp_path_factory.mktemp("e2e") / "var", models_dir, settings=settings) as instance:
        yield instance


@pytest.fixture
def site(running: RunningInstance) -> Site:
    site = Site(running)
    site.log_in()
    return site
