"""Control groups for hosts in containers: one a host, below this process's own, on machines of either version."""

import os
from collections.abc import Iterator
from pathlib import Path

import places

_ROOT = Path("/sys/fs/cgroup")


def folders(host: str) -> Iterator[Path]:
    """Yield the host's group in each hierarchy there is."""
    if (_ROOT / "cgroup.controllers").exists():
        yield _ROOT / "vocalyx-lab" / places.name() / host
        return
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        number, controllers, path = line.split(":", 2)
        hierarchy = "unified" if number == "0" else controllers.removeprefix("name=")
        if (_ROOT / hierarchy).is_dir():
            # Whoever calls may itself be in a group of ours: hosts are siblings, never one another's children.
            own = path.split("/vocalyx-lab")[0].strip("/")
            yield _ROOT / hierarchy / own / "vocalyx-lab" / places.name() / host


def make(host: str) -> None:
    for folder in folders(host):
        folder.mkdir(parents=True, exist_ok=True)
        chain = [folder.parent.parent, folder.parent, folder]
        for group in chain:
            # A new group of version 1 has no processors and no memory nodes until it is told.
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if (group / setting).exists() and not (group / setting).read_text().strip():
                    (group / setting).write_text((group.parent / setting).read_text())
        if (_ROOT / "cgroup.controllers").exists():
            for group in chain[:2]:
                controllers = (group / "cgroup.controllers").read_text().split()
                (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))


def join(host: str) -> None:
    """Move this process into the host's groups; between fork and exec."""
    for folder in folders(host):
        (folder / "cgroup.procs").write_text(str(os.getpid()))


def remove(host: str) -> None:
    for folder in folders(host):
        for group, _, _ in os.walk(folder, topdown=False):
            Path(group).rmdir()
