"""The one host, however it was deployed: a recording goes in and comes out as text, and each port gives what it is for."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from client import Client, basic
from testinfra.host import Host

CHECKOUT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
RECORDING = CHECKOUT / "tests" / "audio" / "two-speakers.ogg"
SITE = yaml.safe_load((CHECKOUT / "molecule/single/host_vars/vocalyx-1.yml").read_text(encoding="utf-8"))
LOGGED = ("vocalyx-api", "vocalyx-transcription", "vocalyx-enrichment", "vocalyx-dashboard", "rq-dashboard")


@pytest.fixture(scope="module")
def address(host: Host) -> str:
    return str(host.check_output("hostname -I").split()[0])


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    found = Client(f"http://{address}:8000")
    found.log_in("admin", SITE["vocalyx_secret_administrator_password"])
    return found


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_a_recording_comes_out_with_speakers_and_a_summary(client: Client) -> None:
    found = client.transcribe(RECORDING, num_speakers="2")
    assert found["state"] == "done", found
    assert len(found["speakers"]) == 2
    assert len(client.call("GET", f"/api/transcriptions/{found['id']}.txt").split()) > 20
    assert found["enrichment"]["state"] == "done", found["enrichment"]
    assert found["enrichment"]["summary"]


def test_the_page_and_all_that_it_asks_for_come_through_one_port(address: str) -> None:
    page = Client(f"http://{address}:8080")
    text = page.call("GET", "/").decode()
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', text)
    assert files
    for file in files:
        assert page.call("GET", file)
    page.log_in("admin", SITE["vocalyx_secret_administrator_password"])
    assert page.call_json("GET", "/api/transcriptions")["items"]


@pytest.mark.parametrize(
    ("port", "name", "secret", "shown"),
    [
        (8404, "admin", "vocalyx_secret_haproxy_stats_password", "vocalyx-1-01"),
        (5555, "admin", "vocalyx_secret_queue_dashboard_password", "RQ"),
    ],
)
def test_statistics_and_queues_are_shown_to_those_with_credentials(
    address: str, port: int, name: str, secret: str, shown: str
) -> None:
    client = Client(f"http://{address}:{port}")
    assert client.status("/") == 401
    assert client.status("/", Authorization=basic(name, "not-the-password")) == 401
    assert shown in client.call("GET", "/", Authorization=basic(name, SITE[secret])).decode()


def test_every_service_writes_its_lines_to_a_file_too(host: Host) -> None:
    with host.sudo():
        for unit in LOGGED:
            lines = host.check_output(f"cat /srv/vocalyx/logs/{unit}/vocalyx-1*.json").splitlines()
            assert {"time", "level", "message"} <= json.loads(lines[-1]).keys()
