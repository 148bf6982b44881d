"""Volumes over real NFS: who gets them, what a restart, a crash and an unmount do to those who write."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

UPLOADS, MODELS = "/srv/vocalyx/uploads", "/srv/vocalyx/models"
LAB = str(Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "molecule" / "lab" / "lab")
PROGRAM = f"""import os, time
file, number = open("{UPLOADS}/written", "a"), 0
while True:
    file.write(f"{{number}}\\n")
    file.flush()
    os.fsync(file.fileno())
    number += 1
    with open("/run/writer/arriving", "w") as acknowledged:
        acknowledged.write(str(number))
    os.replace("/run/writer/arriving", "/run/writer/acknowledged")
    time.sleep(0.05)
"""
UNIT = """[Unit]
BindsTo=vocalyx-volumes.target
After=vocalyx-volumes.target
[Service]
User=vocalyx
ExecStart=/usr/bin/python3 /usr/local/lib/writer.py
RuntimeDirectory=writer
[Install]
WantedBy=vocalyx-volumes.target
"""

testinfra_hosts = ["ansible://app1"]


@pytest.fixture
def server(find: Callable[[str], Host]) -> Host:
    return find("nfs1")


@pytest.fixture
def writer(host: Host, server: Host) -> Host:
    """Start a service on app1 that appends numbered lines to a volume, each on the disk before the next."""
    host.run_expect([0], "systemctl stop writer.service || true")
    server.run_expect([0], f"rm -f {UPLOADS}/written")
    host.run_expect([0], "printf %%s %s > /usr/local/lib/writer.py", PROGRAM)
    host.run_expect([0], "printf %%s %s > /etc/systemd/system/writer.service", UNIT)
    host.run_expect([0], "systemctl daemon-reload && systemctl enable --now writer.service")
    until(host, "test -s /run/writer/acknowledged")
    return host


def until(host: Host, condition: str, seconds: int = 180) -> None:
    host.run_expect([0], f"timeout {seconds} sh -c %s", f"until {condition}; do sleep 0.2; done 2>/dev/null")


def acknowledged(host: Host) -> int:
    return int(host.check_output("cat /run/writer/acknowledged"))


def lab(*words: str) -> None:
    subprocess.run([LAB, *words], check=True, timeout=300)


def written(server: Host) -> list[int]:
    return [int(line) for line in server.check_output(f"cat {UPLOADS}/written").split()]


def test_volumes_are_mounted_with_the_options_that_lose_nothing(host: Host) -> None:
    options = host.check_output(f"findmnt --noheadings --output OPTIONS {UPLOADS}").split(",")
    for option in ("rw", "hard", "vers=4.2", "nosuid", "nodev", "noexec"):
        assert option in options
    assert "ro" in host.check_output(f"findmnt --noheadings --output OPTIONS {MODELS}").split(",")


def test_what_one_host_writes_another_reads(host: Host, find: Callable[[str], Host]) -> None:
    host.run_expect([0], f"runuser -u vocalyx -- sh -c 'echo here > {UPLOADS}/note'")
    assert find("app2").check_output(f"runuser -u vocalyx -- cat {UPLOADS}/note") == "here"
    assert find("nfs1").file(f"{UPLOADS}/note").user == "vocalyx"


def test_a_clients_root_is_nobody(host: Host) -> None:
    refused = host.run(f"touch {UPLOADS}/by-root")
    assert "Permission denied" in refused.stderr


def test_a_volume_for_reading_takes_no_writing(host: Host) -> None:
    refused = host.run(f"runuser -u vocalyx -- touch {MODELS}/file")
    assert "Read-only file system" in refused.stderr


@pytest.mark.parametrize(("who", "volume"), [("stranger", UPLOADS), ("stranger", MODELS), ("app2", MODELS)])
def test_the_server_refuses_a_host_that_is_not_listed(
    find: Callable[[str], Host], address: Callable[[str], str], who: str, volume: str
) -> None:
    found = find(who)
    refused = found.run(f"mount -t nfs4 -o vers=4.2,retry=0 {address('nfs1')}:{volume} /mnt")
    assert refused.rc != 0
    assert "denied" in refused.stderr or "No such file" in refused.stderr, refused.stderr


def test_older_versions_and_the_port_mapper_are_not_there(server: Host) -> None:
    assert server.check_output("cat /proc/fs/nfsd/versions") == "-3 +4 -4.0 -4.1 +4.2"
    assert not server.socket("tcp://0.0.0.0:111").is_listening


def test_a_restart_of_the_server_costs_a_wait_and_nothing_else(writer: Host, server: Host) -> None:
    before = acknowledged(writer)
    server.run_expect([0], "systemctl restart nfs-server")
    until(writer, f'[ "$(cat /run/writer/acknowledged)" -gt {before + 20} ]')
    assert writer.check_output("systemctl show --value --property NRestarts writer.service") == "0"
    lines = written(server)
    assert lines == list(range(len(lines)))


def test_a_crash_of_the_server_loses_nothing_that_was_acknowledged(writer: Host, find: Callable[[str], Host]) -> None:
    before = acknowledged(writer)
    lab("crash", "nfs1")
    lab("boot", "nfs1")
    lab("wait", "nfs1")
    until(writer, f'[ "$(cat /run/writer/acknowledged)" -gt {before + 20} ]')
    after = acknowledged(writer)
    lines = written(find("nfs1"))
    assert lines[:after] == list(range(after))


def test_services_end_before_their_volume_goes_and_are_back_with_it(writer: Host) -> None:
    writer.run_expect([0], "systemctl stop srv-vocalyx-uploads.mount")
    assert writer.run("systemctl is-active writer.service vocalyx-volumes.target").stdout.split() == ["inactive"] * 2
    assert writer.run("journalctl -u writer.service").stdout.count("Deactivated successfully") >= 1
    writer.run_expect([0], "systemctl start srv-vocalyx-uploads.mount")
    until(writer, "systemctl is-active --quiet writer.service")


def test_volumes_come_back_with_the_host_even_if_the_server_comes_later(
    writer: Host, find: Callable[[str], Host], address: Callable[[str], str]
) -> None:
    at = address("app1")
    lab("crash", "nfs1")
    lab("crash", "app1")
    lab("boot", "app1")
    until(find("stranger"), "timeout 1 bash -c '</dev/tcp/" + at + "/22' 2>/dev/null")
    assert find("app1").run("systemctl is-active writer.service").stdout.strip() != "active"
    lab("boot", "nfs1")
    lab("wait", "nfs1", "app1")
    until(find("app1"), "systemctl is-active --quiet writer.service")
    find("app1").run_expect([0], "systemctl disable --now writer.service")
