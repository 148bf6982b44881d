"""The deployed site: every service is up and within its limits, and a recording goes in and comes out as text."""

import json
import os
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from testinfra.host import Host

CHECKOUT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
RECORDING = CHECKOUT / "tests" / "audio" / "two-speakers.ogg"
SECRETS = yaml.safe_load((CHECKOUT / "inventory/lab/group_vars/all/secrets.yml").read_text(encoding="utf-8"))
RESTS = ("done", "error", "cancelled")
LONGEST_SECONDS = 1800


class Client:
    """A client of the API, through HAProxy, as an integrator's program is one."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.headers: dict[str, str] = {}

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, body, self.headers | named, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def call_json(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        return json.loads(self.call(method, path, body, Content_Type="application/json"))

    def send(self, path: str, recording: Path, **fields: str) -> Any:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{recording.name}"\r\n\r\n'.encode()
        body = b"".join([*parts, head, recording.read_bytes(), f"\r\n--{mark}--\r\n".encode()])
        return json.loads(self.call("POST", path, body, Content_Type=f"multipart/form-data; boundary={mark}"))


@pytest.fixture(scope="session")
def client(address: Callable[[str], str]) -> Client:
    found = Client(f"http://{address('lb1')}:8000")
    password = SECRETS["vocalyx_secret_administrator_password"]
    token = found.call_json("POST", "/api/auth/token", {"username": "admin", "password": password})
    found.headers["Authorization"] = f"Bearer {token['access_token']}"
    return found


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_limits_are_in_force(find: Callable[[str], Host]) -> None:
    for name, unit in (
        ("api1", "vocalyx-api@01"),
        ("transcription1", "vocalyx-transcription@01"),
        ("enrichment1", "vocalyx-enrichment@01"),
    ):
        limit = find(name).check_output(f"systemctl show --value --property MemoryMax {unit}")
        assert limit.isdecimal(), (unit, limit)
        assert find(name).service(unit).is_running


def test_volumes_are_real_ones(find: Callable[[str], Host]) -> None:
    for name in ("api1", "transcription1", "enrichment1"):
        assert find(name).check_output("findmnt --noheadings --output FSTYPE /srv/vocalyx/models") == "nfs4"


@pytest.mark.parametrize("port", [5432, 6379, 2049, 8001])
def test_only_the_balancer_is_open_to_others(address: Callable[[str], str], port: int) -> None:
    import socket

    for name in ("data1", "nfs1", "api1"):
        with (
            pytest.raises(OSError, match=r"timed out|refused"),
            socket.create_connection((address(name), port), timeout=2),
        ):
            pass


def test_a_recording_goes_in_and_its_text_comes_out(client: Client) -> None:
    projects = client.call_json("GET", "/api/projects")["items"]
    if not projects:
        client.call_json("POST", "/api/projects", {"name": "default"})
    sent = client.send("/api/transcriptions", RECORDING, project="default", num_speakers="2")
    end = time.monotonic() + LONGEST_SECONDS
    while (found := client.call_json("GET", f"/api/transcriptions/{sent['id']}"))["state"] not in RESTS:
        assert time.monotonic() < end, found
        time.sleep(1)
    assert found["state"] == "done", found
    assert len(client.call("GET", f"/api/transcriptions/{sent['id']}.txt").split()) > 20
