"""What a network that Prometheus scrapes from can read is open to it, and answers it: one host, or many."""

import re
from pathlib import Path

from tests.playbooks.conftest import CHECKOUT, Playbook, change

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
PROMETHEUS = "10.20.9.9"


def test_what_is_open_to_prometheus_answers_it(ansible_playbook: Playbook, inventory: Path, tmp_path: Path) -> None:
    change(inventory / "group_vars/all/site.yml", vocalyx_metrics_networks=[PROMETHEUS], vocalyx_exporters=True)
    change(inventory / "group_vars/all/secrets.yml", vocalyx_secret_redis_monitoring_password="of-nobody-" * 3)
    many = inventory.name == "example"
    balancer, api = ("lb-1", "api-1") if many else ("vocalyx-1", "vocalyx-1")
    ended = ansible_playbook(
        RENDER, inventory, "--limit", f"{balancer},{api}", "-e", f"folder={tmp_path}", "-e", "certificate="
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    exporters = {9100, 9121, 9187}
    assert opened(tmp_path / balancer) == {8404} | exporters | (set() if many else {8001})
    assert opened(tmp_path / api) >= {8001} | exporters

    settings = dict(re.findall(r'^(\w+)="(.*)"$', (tmp_path / api / "01.env").read_text(), flags=re.MULTILINE))
    assert PROMETHEUS in settings["VOCALYX_METRICS_NETWORKS"].split(", ")
    assert "127.0.0.0/8" in settings["VOCALYX_METRICS_NETWORKS"].split(", ")
    assert settings["VOCALYX_BIND"] == ("10.20.0.31:8001" if many else "0.0.0.0:8001")


def opened(host: Path) -> set[int]:
    """Return the ports that a host's firewall opens to Prometheus."""
    rules = [line for line in (host / "nftables.conf").read_text().splitlines() if PROMETHEUS in line]
    return {int(port) for rule in rules for port in re.findall(r"\d+", rule.partition("dport {")[2].partition("}")[0])}
