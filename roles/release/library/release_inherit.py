#!/usr/bin/python
"""Fill the environment of a new release from that of an older one which was installed from the same wheels."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: release_inherit
short_description: Fill the environment of a new release from one which was installed from the same wheels
description:
  - What packages hold is hard-linked, so that releases with the same packages take the room of one, and are there in
    seconds. Whoever replaces such a file or removes it, as pip does, leaves the older release as it was.
  - Nothing is done where no other whole release has just these wheels and the same Python.
options:
  home: {description: "The folder with releases, wheels and current.", type: path, required: true}
  version: {description: The new release; its environment is made and empty., type: str, required: true}
  wheels: {description: The names of the folders of wheels that it is to be installed from., type: list, elements: str, required: true}
"""

EXAMPLES = r"""
- release_inherit: {home: /opt/vocalyx, version: 1.2.0, wheels: [tools-0123, core-4567]}
"""

RETURN = r"""
inherited_from: {description: The older release; empty where there is none., type: str, returned: always}
"""

STEPS = {"source", "vocalyx", "speech"}
"""Marks that name a step of the installation, and not the wheels that were installed."""

NEVER_INHERITED = {"bin", "pyvenv.cfg"}


def marks(release: Path) -> set[str]:
    return {mark.name for mark in release.glob(".installed/*")}


def python_of(release: Path) -> str:
    """Return what the environment says of the Python that it was made with."""
    try:
        lines = (release / "venv" / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    said = dict(line.partition("=")[::2] for line in lines)
    return "".join(value.strip() for name, value in said.items() if name.strip() in {"home", "version"})


def older(release: Path, wheels: set[str]) -> Path | None:
    """Return the newest whole release with just these wheels and the same Python."""
    others = sorted(release.parent.glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for other in others:
        there = marks(other)
        if (
            other != release
            and "vocalyx" in there
            and there - STEPS == wheels
            and python_of(other) == python_of(release)
        ):
            return other
    return None


def inherit(source: Path, target: Path) -> None:
    """Link all that `source` holds into `target`; programs are copied, and lead to the Python of `target`."""
    for entry in source.iterdir():
        if entry.name in NEVER_INHERITED or entry.is_symlink():
            continue
        shutil.rmtree(target / entry.name, ignore_errors=True)
        shutil.copytree(entry, target / entry.name, symlinks=True, copy_function=os.link)
    for program in (source / "bin").iterdir():
        here = target / "bin" / program.name
        if program.is_symlink() or here.exists():
            continue
        here.write_bytes(program.read_bytes().replace(os.fsencode(source), os.fsencode(target)))
        shutil.copymode(program, here)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "wheels": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    release = Path(module.params["home"]) / "releases" / module.params["version"]
    wheels = set(module.params["wheels"])
    found = older(release, wheels) if release.is_dir() else None
    if found and not module.check_mode:
        inherit(found / "venv", release / "venv")
        for name in wheels:
            (release / ".installed" / name).touch(mode=0o644)
    module.exit_json(changed=bool(found), inherited_from=found.name if found else "")


if __name__ == "__main__":
    main()
