"""Instances of a host that an operator has drained: changed by a deployment, and given no work.

The role runs in an /etc of its own, with systemd told to be offline: it enables units there, starts none, and says of each
that it does not run. What the role would start is read from Ansible's words.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import ANSIBLE, CHECKOUT

RUN = CHECKOUT / "tests" / "playbooks" / "drained.yml"
WIRING = CHECKOUT / "playbooks" / "group_vars" / "all" / "wiring_application.yml"
SCRIPT = 'mount --bind "$1" /etc && shift && exec "$@"'
STARTED = "TASK [instances : Start it anew]"
UNITS = {
    "trial-{kind}@.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=trial-{kind}.target\n",
    "trial-{kind}.target": "[Install]\nWantedBy=multi-user.target\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a host has before: units, what else Ansible needs of /etc, and tasks that say that they came."""
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for name in ("passwd", "group", "nsswitch.conf"):
        shutil.copy(Path("/etc") / name, tmp_path / "etc")
    for kind in ("worker", "api"):
        for name, text in UNITS.items():
            (units / name.format(kind=kind)).write_text(text.format(kind=kind))
    for name in ("take_out", "give_back"):
        (tmp_path / f"{name}.yml").write_text(json.dumps([{"name": f"Now {name}", "ansible.builtin.debug": {}}]))
    return tmp_path


def deploy(folder: Path, change: str) -> tuple[str, str]:
    """Return what Ansible does with an instance that has no traffic to be out of, and with one that has."""
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", SCRIPT, "bash", str(folder / "etc"),
         str(ANSIBLE), str(RUN), "-e", json.dumps({"folder": str(folder), "change": change})],
        cwd=CHECKOUT, env={**os.environ, "ANSIBLE_NOCOLOR": "1", "SYSTEMD_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    worker, _, api = ended.stdout.partition("TASK [Run one that has]")
    return worker, api


def test_a_drained_host_is_given_what_changed_and_no_work(folder: Path) -> None:
    mark = folder / "drained"
    mark.touch()
    worker, api = deploy(folder, "first")
    assert "is drained" in worker
    assert STARTED not in worker
    assert STARTED in api
    assert "Now take_out" in api
    assert "Now give_back" not in api
    for kind in ("worker", "api"):
        assert 'CHANGE="first"' in (folder / kind / "01.env").read_text()
        assert (folder / "etc/systemd/system" / f"trial-{kind}.target.wants" / f"trial-{kind}@01.service").is_symlink()

    mark.unlink()
    worker, api = deploy(folder, "second")
    assert "is drained" not in worker + api
    assert STARTED in worker
    assert "Now give_back" in api


@pytest.mark.parametrize("tier", ["transcription", "enrichment"])
def test_no_boot_and_no_volume_starts_a_drained_worker(tier: str) -> None:
    mark = yaml.safe_load(WIRING.read_text())
    role = CHECKOUT / "roles" / f"{tier}_worker"
    assert mark[f"{tier}_worker_drained_mark"] == "{{ __vocalyx_drained_mark }}"
    for unit in (f"vocalyx-{tier}@.service.j2", f"vocalyx-{tier}.target.j2"):
        text = (role / "templates" / unit).read_text()
        # systemd passes over conditions that stand in another section.
        conditions = text.partition("[Unit]\n")[2].partition("\n[")[0].splitlines()
        assert f"ConditionPathExists=!{{{{ {tier}_worker_drained_mark }}}}" in conditions, unit
