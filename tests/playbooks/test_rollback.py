"""Which release a site goes back to, on hosts that are folders of this machine."""

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook

CHOOSE = CHECKOUT / "playbooks" / "rollback_choose.yml"
AGES = {"first": 1_000, "second": 2_000, "third": 3_000}


def site(folder: Path, hosts: dict[str, tuple[str, list[str], str]]) -> Path:
    """Make hosts: by name the group, the whole releases and the current one (none: no link), and their inventory."""
    groups: dict[str, dict[str, object]] = {}
    for name, (group, releases, current) in hosts.items():
        home = folder / name
        for release in releases:
            mark = home / "releases" / release / ".installed" / "vocalyx"
            mark.parent.mkdir(parents=True)
            mark.touch()
            os.utime(mark, (AGES[release], AGES[release]))
        (home / "releases" / "half" / ".installed").mkdir(parents=True)
        if current:
            (home / "current").symlink_to(home / "releases" / current)
        groups.setdefault(group, {})[name] = {"vocalyx_home": str(home)}
    inventory = folder / "hosts.yml"
    children = {group: {"hosts": members} for group, members in groups.items()}
    local = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": "/usr/bin/python3"}
    inventory.write_text(yaml.safe_dump({"all": {"children": children, "vars": local}}))
    return inventory


@pytest.mark.parametrize(
    ("hosts", "chosen"),
    [
        # The page's host has no current release, and one host was there before the first.
        ({"a": ("api", ["first", "second", "third"], "third"), "t": ("transcription", ["second", "third"], "third"),
          "p": ("dashboard", ["first", "second", "third"], "")}, "second"),
        # An upgrade to the third stopped half-way.
        ({"a": ("api", ["first", "second", "third"], "third"), "b": ("api", ["first", "second", "third"], "second")}, "second"),
        # It was gone back already.
        ({"a": ("api", ["first", "second", "third"], "second"), "b": ("api", ["first", "second"], "second")}, "first"),
        # A host that came with the third has nothing else.
        ({"a": ("api", ["second", "third"], "third"), "b": ("api", ["third"], "third")}, None),
    ],
)  # fmt: skip
def test_it_is_the_newest_before_the_current_one_that_every_host_has(
    ansible_playbook: Playbook, tmp_path: Path, hosts: dict[str, tuple[str, list[str], str]], chosen: str | None
) -> None:
    ended = ansible_playbook(CHOOSE, site(tmp_path, hosts))
    said = re.sub(r"\s+", " ", ended.stdout)
    if chosen is None:
        assert ended.returncode != 0
        assert "there is none that every host has" in said
    else:
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert f"Going back to {chosen}" in said
