"""The deployed site: every service is up and within its limits, and a recording goes in and comes out as text."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from client import Client
from testinfra.host import Host

CHECKOUT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
RECORDING = CHECKOUT / "tests" / "audio" / "two-speakers.ogg"
SECRETS = yaml.safe_load((CHECKOUT / "inventory/lab/group_vars/all/secrets.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def client(address: Callable[[str], str]) -> Client:
    found = Client(f"http://{address('lb1')}:8000")
    found.log_in("admin", SECRETS["vocalyx_secret_administrator_password"])
    return found


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("lb1", "haproxy"),
        ("api1", "vocalyx-api@01"),
        ("api2", "vocalyx-api@01"),
        ("transcription1", "vocalyx-transcription@01"),
        ("transcription2", "vocalyx-transcription@01"),
        ("enrichment1", "vocalyx-enrichment@01"),
        ("lb1", "vocalyx-dashboard"),
        ("lb1", "rq-dashboard"),
    ],
)
def test_limits_are_in_force(find: Callable[[str], Host], name: str, unit: str) -> None:
    host = find(name)
    assert host.service(unit).is_running
    group = "/sys/fs/cgroup" + host.check_output(f"systemctl show --value --property ControlGroup {unit}")
    limit = host.check_output("cat %s", f"{group}/memory.max")
    assert limit.isdecimal(), (unit, limit)
    assert int(host.check_output("cat %s", f"{group}/memory.current")) <= int(limit)
    assert host.check_output("cat %s", f"{group}/pids.max").isdecimal()


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
    found = client.transcribe(RECORDING, num_speakers="2")
    assert found["state"] == "done", found
    assert len({segment["speaker"] for segment in found["segments"]}) == 2
    assert len(found["speakers"]) == 2
    assert found["enrichment"]["state"] == "done", found["enrichment"]
    assert found["enrichment"]["summary"]
    assert len(client.call("GET", f"/api/transcriptions/{found['id']}.txt").split()) > 20
