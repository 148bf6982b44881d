"""What leaves a host that stays in the site is drained before the others shut it out.

The playbook runs in an /etc of its own, with systemd told to be offline, for two hosts that are both this machine: one that
is for nothing any more, and another, in the groups that the first one left.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import ANSIBLE, CHECKOUT

LEAVING = CHECKOUT / "playbooks" / "leaving.yml"
SCRIPT = 'mount --bind "$1" /etc && shift && exec "$@"'
TIERS = ("api", "transcription", "enrichment")
VOLUMES = ("vocalyx-volumes.target", "vocalyx-volumes-again.service")
OTHERS = ("haproxy.service.d", "vocalyx-dashboard.service", "rq-dashboard.service", "logrotate.timer.d")
UNIT = "[Service]\nExecStart=/bin/true\n"


def host(folder: Path, *tiers: str) -> None:
    """Make an /etc with an instance of each of these tiers, the volumes and all else."""
    units = folder / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for name in ("passwd", "group", "nsswitch.conf"):
        shutil.copy(Path("/etc") / name, folder / "etc")
    for tier in tiers:
        settings = folder / "etc" / "vocalyx" / tier
        settings.mkdir(parents=True)
        (settings / "01.env").touch()
        (units / f"vocalyx-{tier}@.service").write_text(UNIT)
        (units / f"vocalyx-{tier}.target").write_text("[Install]\nWantedBy=multi-user.target\n")
    for name in (*VOLUMES, *OTHERS):
        (units / name).mkdir() if name.endswith(".d") else (units / name).write_text(UNIT)
    shutil.copytree(CHECKOUT / "inventory" / "example" / "group_vars", folder / "group_vars")


def drain(folder: Path, *arguments: str, leaver_is: tuple[str, ...] = ()) -> set[str]:
    """Run the playbook for a host that is in these groups alone; returns which of its units are there afterwards."""
    known = {"ansible_connection": "local", "vocalyx_address": "127.0.0.1"}
    groups = {tier: {"hosts": {"successor": {}}} for tier in TIERS}
    groups |= {name: {"hosts": {"leaver": {}}} for name in leaver_is}
    groups |= {name: {"hosts": {}} for name in ("loadbalancer", "nfs_server")}
    hosts = {"leaver": known, "successor": known}
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"children": {"site": {"hosts": hosts, "children": groups}}}}))
    # Of what a tier has beside its units, nothing of this machine is touched.
    variables = {"ansible_become": False, "vocalyx_group": "root", "retire_own": {}}
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", SCRIPT, "bash", str(folder / "etc"),
         str(ANSIBLE), "-i", str(inventory), str(LEAVING), "-e", json.dumps(variables), *arguments],
        cwd=CHECKOUT, env={**os.environ, "ANSIBLE_NOCOLOR": "1", "SYSTEMD_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {path.name for path in (folder / "etc" / "systemd" / "system").iterdir()}


@pytest.mark.parametrize("playbook", ["site", "scale"])
def test_it_comes_before_the_rules_and_the_exports_change(playbook: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text())
    order = [play["import_playbook"] for play in plays]
    steps = ["preflight.yml", "leaving.yml", "hosts.yml", "volumes.yml", "leftovers.yml"]
    assert [name for name in order if name in steps] == steps


def test_workers_and_an_api_that_others_have_are_drained_and_the_volumes_unmounted(tmp_path: Path) -> None:
    host(tmp_path, "api", "transcription")
    assert drain(tmp_path) == set(OTHERS)
    assert list((tmp_path / "etc" / "vocalyx").iterdir()) == []


def test_the_only_api_stays_until_another_is_there(tmp_path: Path) -> None:
    host(tmp_path, "api", "transcription")
    # As far as the playbook is told, the other host has none yet.
    left = drain(tmp_path, "--limit", "leaver")
    assert left == {*OTHERS, *VOLUMES, "vocalyx-api@.service", "vocalyx-api.target"}


def test_pages_keep_the_volume_that_they_write_their_log_files_on(tmp_path: Path) -> None:
    host(tmp_path, "enrichment")
    assert drain(tmp_path, leaver_is=("dashboard",)) == {*OTHERS, *VOLUMES}
