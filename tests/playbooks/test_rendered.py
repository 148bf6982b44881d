"""What the roles write is good in the eyes of the programs that read it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.playbooks.conftest import CHECKOUT, Playbook, change

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
MOST_EXPOSED = 2.5
UNITS = ("vocalyx-api@01", "vocalyx-transcription@01", "vocalyx-enrichment@01", "vocalyx-dashboard", "rq-dashboard")
VOLUMES_AGAIN = CHECKOUT / "roles/nfs_client/templates/etc/systemd/system/vocalyx-volumes-again.service.j2"
DEBIANS_UNIT = Path("/lib/systemd/system/haproxy.service")
HAPROXY = shutil.which("haproxy", path=f"/usr/sbin:{os.environ.get('PATH', '')}")


@pytest.fixture
def rendered(ansible_playbook: Playbook, inventory: Path, tmp_path: Path) -> Path:
    """The folder of what is rendered for an inventory: a folder each host."""
    certificate = tmp_path / "host.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key"), "-out",
         str(tmp_path / "crt"), "-subj", "/CN=vocalyx.example.org", "-days", "1"],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate.write_text((tmp_path / "crt").read_text() + (tmp_path / "key").read_text())
    change(
        inventory / "group_vars" / "all" / "site.yml",
        vocalyx_client_networks=["10.30.0.0/16"],
        vocalyx_metrics_networks=["10.20.0.9"],
    )
    folder = tmp_path / "rendered"
    (tmp_path / "servers").write_text("1\n")
    ended = ansible_playbook(
        RENDER, inventory, "-e", f"folder={folder}", "-e", f"certificate={certificate}",
        "-e", f"haproxy_state_file={tmp_path / 'servers'}",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_haproxy_and_systemd_find_it_good(rendered: Path, inventory: Path) -> None:
    hosts = (inventory / "hosts.yml").read_text()
    balancers = sorted(rendered.glob("*/haproxy.cfg"))
    assert balancers
    assert HAPROXY, "HAProxy is not installed. Say: apt-get install haproxy"
    for configuration in balancers:
        # The program checks that its user is there, which it is where Debian's package is.
        checked = subprocess.run([HAPROXY, "-c", "-f", str(configuration)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr
        # The host itself asks the API at the end of a deployment.
        own = re.search(rf"\b{configuration.parent.name}:.*?vocalyx_address: ([\d.]+)", hosts, flags=re.DOTALL)
        assert own is not None
        networks = re.findall(r"acl from_80\d0 src (.+)", configuration.read_text())
        assert networks == [f"10.30.0.0/16 {own[1]}"] * 2
    units = systemd_folder(rendered)
    verify(units)
    for unit in UNITS:
        assert exposure(units, f"{unit}.service") <= MOST_EXPOSED
    # Debian's unit with what the role adds to it.
    for addition in rendered.glob("*/vocalyx.conf"):
        (units / "haproxy.service").write_text(DEBIANS_UNIT.read_text() + addition.read_text())
        assert exposure(units, "haproxy.service") <= MOST_EXPOSED


def systemd_folder(rendered: Path) -> Path:
    """Put the units of all hosts into one folder, with stand-ins for what other roles and packages bring."""
    folder = rendered.parent / "units"
    folder.mkdir()
    for unit in rendered.glob("*/*.*"):
        if unit.suffix in {".service", ".target"}:
            # What is started is not installed on this machine.
            text = re.sub(r"^ExecStart=\S+/python", "ExecStart=/usr/bin/env", unit.read_text(), flags=re.MULTILINE)
            (folder / unit.name).write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    (folder / "vocalyx-volumes.target").write_text("[Unit]\nDescription=Volumes\n")
    return folder


def verify(folder: Path) -> None:
    names = [f"{unit}.service" for unit in UNITS if (folder / re.sub(r"@\d+", "@", f"{unit}.service")).exists()]
    assert len(names) >= len(UNITS) - 1
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *names],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:/lib/systemd/system"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in ended.stderr.splitlines() if "vocalyx" in line or "rq-dashboard" in line]
    assert not ours, "\n".join(ours)


def exposure(folder: Path, unit: str) -> float:
    """Return the score of one of the rendered units; 0 where it is not among them."""
    path = folder / re.sub(r"@\d+", "@", unit)
    if not path.exists():
        return 0.0
    instance = folder.parent / unit
    # Judged with a user, which our units have and which was taken out for `verify`.
    instance.write_text(path.read_text().replace("[Service]\n", "[Service]\nUser=vocalyx\n", 1))
    return score(instance)


def test_what_tries_again_to_mount_volumes_may_do_nothing_else(tmp_path: Path) -> None:
    unit = tmp_path / "vocalyx-volumes-again.service"
    unit.write_text(re.sub(r"\{\{ \w+ \}\}", "vocalyx-volumes.target", VOLUMES_AGAIN.read_text()))
    assert score(unit) <= MOST_EXPOSED


def score(unit: Path) -> float:
    """Return what `systemd-analyze security` gives a unit file: 0 for not exposed, 10 for exposed."""
    ended = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", ended.stdout)
    assert found is not None, ended.stdout + ended.stderr
    return float(found[1])
