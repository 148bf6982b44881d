#!/usr/bin/python
"""Say how the instances of a template unit stand, against what they ought to be."""

from __future__ import annotations

import re
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: instance_state
short_description: Say how the instances of a template unit stand, against what they ought to be
description:
  - Reads only. An instance is stale where its settings differ from those that wait beside them, or where it was started
    before a file changed that it reads at its start. So a run that was cut off between a change and the restart is made
    good by the next one, which no handler would be.
options:
  unit: {description: "The template unit, without the @ and what follows.", type: str, required: true}
  wanted: {description: The names of the instances that ought to run., type: list, elements: str, required: true}
  settings: {description: "The folder of the instances' settings (NAME.env, and NAME.next beside it).", type: path, required: true}
  watched: {description: Files that an instance reads at its start., type: list, elements: path, default: []}
"""

EXAMPLES = r"""
- instance_state: {unit: vocalyx-api, wanted: ["01", "02"], settings: /etc/vocalyx/api}
"""

RETURN = r"""
stale: {description: Instances that ought to run and have to be started anew., type: list, returned: always}
leftover: {description: Instances that are there and ought not to be., type: list, returned: always}
"""

_INSTANCE = re.compile(r"^[A-Za-z0-9_.-]+$")


def show(module: AnsibleModule, unit: str) -> dict[str, str]:
    names = "ActiveState,UnitFileState,ActiveEnterTimestampMonotonic,NeedDaemonReload,InactiveExitTimestampMonotonic"
    status, out, err = module.run_command(["systemctl", "show", unit, f"--property={names}"])
    if status != 0:
        module.fail_json(msg=f"systemctl says nothing of {unit}: {err.strip()}")
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def started_at(state: dict[str, str]) -> float:
    """Return when the unit's start began, in seconds of the wall clock; 0 where it does not run."""
    if state.get("ActiveState") not in {"active", "reloading"}:
        return 0.0
    monotonic = int(state.get("InactiveExitTimestampMonotonic") or 0) / 1e6
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + monotonic if monotonic else 0.0


def is_stale(module: AnsibleModule, unit: str, name: str, settings: Path, watched: list[Path]) -> bool:
    begun = started_at(show(module, f"{unit}@{name}.service"))
    if not begun:
        return True
    current, following = settings / f"{name}.env", settings / f"{name}.next"
    if not current.exists() or (following.exists() and following.read_bytes() != current.read_bytes()):
        return True
    return any(path.exists() and path.stat().st_mtime > begun for path in watched)


def known(module: AnsibleModule, unit: str, settings: Path) -> set[str]:
    """Return the instances that have settings, are loaded, or are enabled."""
    names = {path.stem for path in settings.glob("*.env")}
    for command in ("list-units", "list-unit-files"):
        _, out, _ = module.run_command(
            ["systemctl", command, "--all", "--plain", "--no-legend", "--type=service", f"{unit}@*"]
        )
        for line in out.splitlines():
            loaded = line.split()[0] if line.split() else ""
            if loaded.startswith(f"{unit}@") and loaded.endswith(".service"):
                names.add(loaded.removeprefix(f"{unit}@").removesuffix(".service"))
    wants = Path(f"/etc/systemd/system/{unit}.target.wants")
    names |= {path.name.removeprefix(f"{unit}@").removesuffix(".service") for path in wants.glob(f"{unit}@*.service")}
    return {name for name in names if name and _INSTANCE.match(name)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "wanted": {"type": "list", "elements": "str", "required": True},
            "settings": {"type": "path", "required": True},
            "watched": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    unit, wanted = module.params["unit"], module.params["wanted"]
    settings = Path(module.params["settings"])
    watched = [Path(path) for path in module.params["watched"]]
    stale = [name for name in wanted if is_stale(module, unit, name, settings, watched)]
    leftover = sorted(known(module, unit, settings) - set(wanted))
    module.exit_json(changed=False, stale=stale, leftover=leftover)


if __name__ == "__main__":
    main()
