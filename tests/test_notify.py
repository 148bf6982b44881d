"""What a worker tells systemd."""

import socket
from pathlib import Path

import pytest

from app.notify import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_every_message(tmp_path: Path, *, abstract: bool) -> None:
    path = f"@vocalyx-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path.replace("@", "\0") if abstract else path)
        service = ServiceManager({"NOTIFY_SOCKET": path})
        service.status("loading models")
        service.ready()
        service.alive()
        service.stopping()
        heard = [manager.recv(100) for _ in range(4)]
    assert heard == [b"STATUS=loading models", b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_a_manager_or_with_a_dead_one_nothing_happens(tmp_path: Path) -> None:
    ServiceManager({}).ready()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
