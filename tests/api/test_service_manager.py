"""The API under gunicorn tells the service manager when it can answer, that it is alive, and when it stops."""

import http.client
import os
import socket
import subprocess
import sys
from pathlib import Path

PATIENCE_SECONDS = 120


def test_it_says_ready_once_it_answers_and_stopping_when_asked_to(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket() as bound:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        bound.close()
        environment = os.environ | {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "VOCALYX_BIND": f"127.0.0.1:{port}",
            "VOCALYX_DATABASE_URL": database_url,
            "VOCALYX_REDIS_URL": redis_url,
            "VOCALYX_INTERNAL_KEY": "k" * 32,
            "VOCALYX_UPLOADS_DIR": str(tmp_path / "uploads"),
            "VOCALYX_STATE": str(tmp_path),
        }
        command = ["-m", "gunicorn", "-c", "python:app.api.gunicorn_config", "app.api.application:application"]
        process = subprocess.Popen([sys.executable, *command], env=environment)
        try:
            # Nothing comes before it: gunicorn itself is kept from saying so when it has bound the socket.
            assert manager.recv(1024) == b"READY=1"
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            connection.request("GET", "/health/ready")
            assert connection.getresponse().status == http.HTTPStatus.OK
            connection.close()
            assert manager.recv(1024) == b"WATCHDOG=1"
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        said = [b"WATCHDOG=1"]
        while said[-1] == b"WATCHDOG=1":
            said.append(manager.recv(1024))
        assert said[-1] == b"STOPPING=1"
