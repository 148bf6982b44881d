"""A secret that changed in the inventory comes to everything that reads it, with the release that runs."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook
from tests.playbooks.releases import site

PLAYBOOKS = CHECKOUT / "playbooks"
# The roles that start a process anew which began before its files were written: a run cut off may have left it.
READING = ["queue_dashboard", "redis", "metrics_exporters"]
ALL = ["first", "second", "third"]
WIRING = sorted((PLAYBOOKS / "group_vars" / "all").glob("wiring_*.yml"))


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        # Gone back to the second; the page's host has no current release.
        ({"a": ("api", ALL, "second"), "t": ("transcription", ALL, "second"), "p": ("dashboard", ALL, "")},
         "Going on with second"),
        ({"a": ("api", ALL, "third"), "b": ("api", ALL, "second")},
         "second and third are current on different hosts. Finish that deployment first"),
        ({"a": ("api", ["first"], "")}, "No release is current. Finish that deployment first"),
    ],
)  # fmt: skip
def test_it_goes_on_with_the_release_that_runs(
    ansible_playbook: Playbook, tmp_path: Path, hosts: dict[str, tuple[str, list[str], str]], said: str
) -> None:
    ended = ansible_playbook(PLAYBOOKS / "running_release.yml", site(tmp_path, hosts))
    assert said in re.sub(r"\s+", " ", ended.stdout), ended.stdout + ended.stderr
    assert (ended.returncode == 0) is said.startswith("Going on")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def imported(playbook: str) -> list[str]:
    return [play["import_playbook"] for play in read(PLAYBOOKS / playbook)]


def roles(playbook: str) -> Iterator[str]:
    for play in read(PLAYBOOKS / playbook):
        if "import_playbook" in play:
            yield from roles(play["import_playbook"])
        yield from (role["role"] for role in play.get("roles", ()))


def secret_variables(*files: Path) -> set[str]:
    """Return the variables that have a secret of the inventory, and the prefix of those secrets; later files win."""
    variables: dict[str, Any] = {}
    for path in files:
        variables |= read(path) or {}
    # Some have them by way of another variable.
    having = {"vocalyx_secret_"}
    while more := {name for name, value in variables.items() if any(word in str(value) for word in having)} - having:
        having |= more
    return having


def environments(part: object) -> Iterator[object]:
    """Yield the environment of each play, block and task in a file of them."""
    if isinstance(part, list):
        for entry in part:
            yield from environments(entry)
    elif isinstance(part, dict):
        if "environment" in part:
            yield part["environment"]
        for nested in ("tasks", "pre_tasks", "post_tasks", "handlers", "roles", "block", "rescue", "always"):
            yield from environments(part.get(nested))


def test_every_role_that_has_a_secret_is_run() -> None:
    having = secret_variables(*WIRING)
    known = [path.name for path in (CHECKOUT / "roles").iterdir()]
    needed = {role for role in known for name in having if name.startswith(f"{role}_")}
    assert {"postgresql", "redis", "api", "enrichment_worker", "queue_dashboard", "haproxy"} <= needed
    # A hub's token is on no host: it is written down for a pull, and gone after it.
    assert needed - {"models"} <= set(roles("secrets.yml"))


def test_no_environment_has_a_secret() -> None:
    roles_variables = [*(CHECKOUT / "roles").glob("*/vars/*.yml"), *(CHECKOUT / "roles").glob("*/defaults/*.yml")]
    having = secret_variables(*roles_variables, *WIRING)
    assert {"redis_application_password", "redis_monitoring_password", "models_hub_token", "__redis_users"} <= having
    files = [*(CHECKOUT / "roles").glob("*/*/*.yml"), *PLAYBOOKS.rglob("*.yml")]
    found = [(path, environment) for path in files for environment in environments(read(path))]
    assert found
    # Ansible writes them on the command line of sudo, which is logged.
    for path, environment in found:
        assert not [name for name in having if name in str(environment)], path


def test_nothing_comes_between_the_servers_and_those_who_use_them() -> None:
    order = imported("secrets.yml")
    servers = order.index("data.yml")
    assert order[servers : servers + 4] == ["data.yml", "api.yml", "workers.yml", "dashboards.yml"]


@pytest.mark.parametrize("role", READING)
def test_a_process_is_started_anew_that_began_before_its_files_were_written(role: str, tmp_path: Path) -> None:
    script = read(CHECKOUT / "roles" / role / "vars" / "main.yml")[f"__{role}_read_script"]
    unit, secret = tmp_path / "unit.service", tmp_path / "secret"
    # Only a host has a systemd to ask: this one says that the process began now.
    begun = time.clock_gettime(time.CLOCK_MONOTONIC)
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\necho {begun * 1e6:.0f}\n")
    (tmp_path / "systemctl").chmod(0o755)

    def says() -> str:
        ended = subprocess.run(
            [sys.executable, "-c", script, unit.name, str(unit), str(secret)],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return ended.stdout.strip()

    for path in (unit, secret):
        path.touch()
        os.utime(path, (time.time() - 60,) * 2)
    assert says() == "read"
    for path in (secret, unit):
        os.utime(path, (time.time() + 60,) * 2)
        assert says() == "unread"
        os.utime(path, (time.time() - 60,) * 2)


@pytest.mark.parametrize("role", READING)
def test_each_file_that_asks_for_a_restart_is_held_against_the_process(role: str) -> None:
    tasks = CHECKOUT / "roles" / role / "tasks"
    written = {
        module["dest"]
        for name in ("install.yml", "configure.yml")
        for task in read(tasks / name)
        if "notify" in task and (module := task.get("ansible.builtin.template") or task.get("ansible.builtin.copy"))
    }
    assert written
    run = read(tasks / "run.yml")
    (asking,) = (place for place, task in enumerate(run) if f"__{role}_read_script" in str(task))
    for path in written:
        assert path in str(run[asking]), path
    restart = run[asking + 1]
    assert restart["ansible.builtin.systemd_service"]["state"] == "restarted"
    assert "'unread'" in restart["when"]
    # What proves that a new secret holds comes after it.
    handlers = next(place for place, task in enumerate(run) if task.get("ansible.builtin.meta") == "flush_handlers")
    assert handlers < asking
    assert all("until" not in task for task in run[:asking])
