#!/usr/bin/python
"""Remove old releases, and the wheels that no kept release was installed from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: release_prune
short_description: Remove old releases, and the wheels that no kept release was installed from
description:
  - The release that C(current) leads to, those that processes run from, and the newest C(keep) are never removed.
options:
  home: {description: "The folder with releases, wheels and current.", type: path, required: true}
  keep: {description: How many releases to keep., type: int, required: true}
"""

EXAMPLES = r"""
- release_prune: {home: /opt/vocalyx, keep: 3}
"""

RETURN = r"""
removed: {description: What was removed., type: list, returned: always}
"""


def in_use(releases: Path) -> set[str]:
    """Return the releases from which something runs."""
    used = set()
    for program in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = program.read_bytes().split(b"\0")
        except OSError:
            continue
        for word in words:
            path = Path(os.fsdecode(word))
            if releases in path.parents:
                used.add(path.relative_to(releases).parts[0])
    return used


def main() -> None:
    module = AnsibleModule(
        argument_spec={"home": {"type": "path", "required": True}, "keep": {"type": "int", "required": True}},
        supports_check_mode=True,
    )
    home = Path(module.params["home"])
    releases = home / "releases"
    present = sorted((path for path in releases.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    kept = {path.name for path in present[-module.params["keep"] :]} | in_use(releases)
    current = home / "current"
    if current.is_symlink():
        kept.add(current.resolve().name)
    doomed = [path for path in present if path.name not in kept]
    installed = {mark.name for path in present if path.name in kept for mark in path.glob(".installed/*")}
    doomed += [path for path in sorted((home / "wheels").glob("*")) if path.name not in installed]
    if not module.check_mode:
        for path in doomed:
            shutil.rmtree(path)
    module.exit_json(changed=bool(doomed), removed=[str(path) for path in doomed])


if __name__ == "__main__":
    main()
