"""How much memory and how many cores this process may use: the machine's, or less where its control group says so."""

import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_KIBIBYTE = 1024


def available_bytes(cgroups: Path = _CGROUPS) -> int:
    """Return how many bytes can still be used before the kernel kills or swaps.

    Pages of files count as free, as the kernel gives them up first. Control groups version 2, as on Debian 12.
    """
    rooms = [_machine_bytes()]
    for group in _own_groups(cgroups):
        limit = _number(group / "memory.max")
        used = _number(group / "memory.current")
        if limit is not None and used is not None:
            rooms.append(max(0, limit - used + _inactive_file_bytes(group)))
    return min(rooms)


def usable_cores(cgroups: Path = _CGROUPS) -> int:
    """Return on how many cores this process can run at the same time, at least 1."""
    cores = float(len(os.sched_getaffinity(0)))
    for group in _own_groups(cgroups):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        if quota.isdigit() and period.strip().isdigit():
            cores = min(cores, int(quota) / int(period))
    return max(1, int(cores))


def _machine_bytes() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * _KIBIBYTE
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _own_groups(cgroups: Path) -> Iterator[Path]:
    """Yield the process's control group and those that contain it: each may set a limit."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        number, _, path = line.split(":", 2)
        if number == "0":
            group = cgroups / path.strip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(cgroups))


def _inactive_file_bytes(group: Path) -> int:
    for line in _text(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    """Return the file's number; None where there is none or it says `max`."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
