"""Hosts that are folders of this machine, with releases in them."""

import os
from pathlib import Path

import yaml

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
