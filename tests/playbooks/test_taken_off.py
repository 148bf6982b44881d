"""What a host that is retired, or that leaves a group, leaves behind: nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook

ROLES = CHECKOUT / "roles"
RETIRE = CHECKOUT / "playbooks" / "retire.yml"
RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
OURS = re.compile(r"^/(etc/systemd/system|etc/default|etc/logrotate\.d|etc/keepalived|etc/haproxy|usr/local)/")
STAYING = {
    "base": "the account's number is that of the files on the volumes",
    "firewall": "a host without its rules would be open",
    "postgresql": "a host with the site's data is not retired",
    "redis": "a host with the site's data is not retired",
    "nfs_server": "a host with the site's data is not retired",
}


def paths(role: Path, *, removed: bool) -> Iterator[str]:
    """Yield the paths of ours that a role's tasks write, or remove, with their expressions as they stand."""
    for file in role.glob("tasks/*.yml"):
        if (file.name == "remove.yml") is not removed:
            continue
        for task in yaml.safe_load(file.read_text()) or []:
            module = task.get("ansible.builtin.file" if removed else "ansible.builtin.template", {})
            where = str(module.get("path" if removed else "dest", ""))
            if "loop" in task and re.fullmatch(r"\{\{ \w+ \}\}", where):
                yield from map(str, task["loop"])
            elif where:
                yield where


def test_every_role_that_writes_units_and_settings_takes_them_off_again() -> None:
    taken = yaml.safe_load((CHECKOUT / "playbooks/tasks/take_off.yml").read_text())
    roles = next(task["loop"] for task in taken if "ansible.builtin.include_role" in task)
    tiers = "{{ tier }}"
    assert tiers in (CHECKOUT / "playbooks/tasks/retire_tier.yml").read_text()
    for role in sorted(ROLES.iterdir()):
        written = {path for path in paths(role, removed=False) if OURS.match(path)}
        if not written or role.name in STAYING or role.name in {"api", "transcription_worker", "enrichment_worker"}:
            continue
        assert role.name in {part["role"] for part in roles}, f"{role.name} is never taken off"
        removed = [re.sub(r"\{\{.*?\}\}", "X", path) for path in paths(role, removed=True)]
        for path in written:
            plain = re.sub(r"\{\{.*?\}\}", "X", path)
            assert any(plain == gone or plain.startswith(f"{gone}/") for gone in removed), (
                f"{role.name} leaves {path} behind: {removed}"
            )


def test_the_server_exports_nothing_to_a_host_that_is_retired(
    ansible_playbook: Playbook, example: Path, tmp_path: Path
) -> None:
    seen = {}
    for retired in ("", "api-2"):
        ended = ansible_playbook(
            RENDER, example, "--limit", "volumes-1", "-e", f"folder={tmp_path}", "-e", "certificate=", "-e", f"retire={retired}"
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        seen[retired] = (tmp_path / "volumes-1" / "vocalyx.exports").read_text()
    assert all(line.count("10.20.0.32(") == 1 for line in seen[""].splitlines() if line.startswith("/"))
    assert "10.20.0.32" not in seen["api-2"]
    assert seen["api-2"].count("10.20.0.31(") == 3


@pytest.mark.parametrize("host", ["database-1", "volumes-1", "lb-1", "nobody"])
def test_a_host_that_cannot_be_done_without_is_not_retired(
    ansible_playbook: Playbook, example: Path, host: str
) -> None:
    ended = ansible_playbook(RETIRE, example, "-e", f"retire={host}")
    assert ended.returncode != 0
    said = re.sub(r"\s+", " ", ended.stdout)
    assert ("Name a host of the inventory" if host == "nobody" else "Put another in its place first") in said
    assert "Take everything of ours off a host" not in said, "no host was touched"
