"""A host that a firewalled site does not know yet: hosts in networks of their own, with a real nftables between them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import ANSIBLE, CHECKOUT, Playbook

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
PREFLIGHT = CHECKOUT / "playbooks" / "preflight_hosts.yml"
HOSTS = CHECKOUT / "playbooks" / "hosts.yml"
PATH = f"/usr/sbin:{os.environ.get('PATH', '')}"
STANDING = {"data": "10.20.0.21", "api-1": "10.20.0.31"}
NEW = {"api-2": "10.20.0.32", "transcription-1": "10.20.0.41", "enrichment-1": "10.20.0.51", "pages-1": "10.20.0.61"}
# Each host's network, on one bridge. Ansible comes in by a Python that runs there.
SCRIPT = """
set -eu
mount -t tmpfs none /run
mkdir /run/netns
ip link add bridge type bridge
ip link set bridge up
while read -r host address; do
    ip netns add "$host"
    ip link add "to-$address" type veth peer name eth0 netns "$host"
    ip link set "to-$address" master bridge up
    ip -n "$host" link set lo up
    ip -n "$host" link set eth0 up
    ip -n "$host" address add "$address/24" dev eth0
done <"$1"
there() { nsenter --net="/run/netns/$1" "${@:2}"; }
. "$2"
shift 2
exec "$@"
"""


def inventory(folder: Path, hosts: dict[str, str]) -> Path:
    """Write an inventory with these hosts, each reached in the network of its name."""
    shutil.copytree(CHECKOUT / "inventory" / "example" / "group_vars", folder / "group_vars")
    for host in hosts:
        python = folder / f"python-{host}"
        python.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{host} /usr/bin/python3 "$@"\n')
        python.chmod(0o755)
    groups = {
        **dict.fromkeys(("loadbalancer", "postgresql", "redis", "nfs_server"), "data"),
        "api": "api-",
        "transcription": "transcription-",
        "enrichment": "enrichment-",
        "dashboard": "pages-",
        "queue_dashboard": "pages-",
    }
    site = {group: {"hosts": {host: {} for host in hosts if host.startswith(name)}} for group, name in groups.items()}
    sizes = {"postgresql_memory_mb": 64, "redis_memory_mb": 64, "vocalyx_high_availability_address": ""}
    known = {
        host: sizes | {"vocalyx_address": address, "ansible_python_interpreter": str(folder / f"python-{host}")}
        for host, address in hosts.items()
    }
    said = {"all": {"hosts": known, "children": {"site": {"children": site}}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(said))
    return folder


@pytest.fixture(scope="module")
def site(ansible_playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site before and after it has new hosts: an inventory of each, and the rules of its hosts."""
    assert shutil.which("nft", path=PATH), "nftables is not installed. Say: apt-get install nftables"
    folder = tmp_path_factory.mktemp("site")
    for name, hosts in (("before", STANDING), ("after", STANDING | NEW)):
        (folder / name).mkdir()
        ended = ansible_playbook(
            RENDER, inventory(folder / name, hosts), "--tags", "firewall", "-e", f"folder={folder / name / 'rules'}",
            "-e", "ansible_python_interpreter=/usr/bin/python3",
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def unreached(site: Path, state: str, playbook: Path, *words: str) -> set[tuple[str, str, int]]:
    """Return which hosts of the new inventory do not reach which others, at which port, in networks of this state."""
    (site / "hosts").write_text("".join(f"{host} {address}\n" for host, address in (STANDING | NEW).items()))
    (site / "state").write_text(state)
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", "-c", SCRIPT, "bash", str(site / "hosts"),
         str(site / "state"), str(ANSIBLE), "-i", str(site / "after"), str(playbook), "-e", "ansible_connection=local",
         "-e", "ansible_become=false", *words],
        cwd=CHECKOUT, env={**os.environ, "PATH": PATH, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = re.sub(r"\s+", " ", ended.stdout)
    assert "See whom the host lets in" in said, ended.stdout + ended.stderr
    assert "does not answer" not in said, said
    found = re.findall(r"([\w-]+): does not reach ([\w-]+) at [\d.]+, port (\d+)", said)
    return {(host, other, int(port)) for host, other, port in found}


def load(site: Path, when: str, *hosts: str) -> str:
    return "".join(f"there {host} nft --file {site / when / 'rules' / host / 'nftables.conf'}\n" for host in hosts)


def cut(host: str, port: int) -> str:
    """Have nobody answer a host at a port."""
    rule = f"oif eth0 tcp dport {port} drop"
    return f"there {host} nft 'table inet cut {{ chain output {{ type filter hook output priority 0; {rule}; }}; }}'\n"


def test_rules_that_do_not_name_a_host_yet_are_no_finding_and_ways_that_are_cut_are(site: Path) -> None:
    # What stood before, and is cut now; and a new host whose own network is not there.
    state = load(site, "before", *STANDING) + cut("api-1", 5432) + "ip -n enrichment-1 link set eth0 down\n"
    assert unreached(site, state, PREFLIGHT) == {
        ("api-1", "data", 5432),
        *(("enrichment-1", "data", port) for port in (6379, 8010, 2049)),
    }


def test_once_all_rules_name_it_a_new_host_has_to_reach_the_others(site: Path) -> None:
    state = load(site, "after", *STANDING, *NEW) + cut("api-2", 5432) + cut("transcription-1", 2049)
    assert unreached(site, state, HOSTS, "--tags", "firewall_reach") == {
        ("api-2", "data", 5432),
        ("transcription-1", "data", 2049),
    }
