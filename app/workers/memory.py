"""How much memory and how many cores this process may use: the machine's, or less where its control group says so."""

import os
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.catalog.installed import InstalledModel, installed
from app.catalog.needs import memory_needed
from app.core.errors import VocalyxError

PROCESS_BYTES = 150 * 1024**2
"""A worker before it loads its first model: Python, the engine's libraries, the connections."""

_CGROUPS = Path("/sys/fs/cgroup")
_KIBIBYTE = 1024
_GIGABYTE = 1e9


class ModelTooLarge(VocalyxError):
    """What has to be loaded together needs more memory than this worker may ever use."""

    status = 422  # the same request would end the same way
    code = "model-too-large"
    title = "The model does not fit into the worker's memory"


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """What this process may use at most, and who says so."""

    bytes: int
    source: str


def memory_limit(configured: int | None = None, cgroups: Path = _CGROUPS) -> MemoryLimit:
    """Return the least of all limits: `VOCALYX_MEMORY_LIMIT`, control groups, the process's own, the machine's memory.

    A control group of version 2 limits by `memory.max` (systemd's MemoryMax=) and slows down from `memory.high`
    (MemoryHigh=) on, its own and those around it; of version 1 by `memory.limit_in_bytes`.
    """
    limits = [MemoryLimit(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "the machine's memory")]
    if configured is not None:
        limits.append(MemoryLimit(configured, "VOCALYX_MEMORY_LIMIT"))
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(MemoryLimit(address_space, "its limit of address space (ulimit -v, LimitAS=)"))
    for group in _own_groups(cgroups):
        for name, setting in (("memory.max", "MemoryMax="), ("memory.high", "MemoryHigh=")):
            limit = _number(group / name)
            if limit is not None:
                limits.append(MemoryLimit(limit, f"{setting} of {_group_name(group, cgroups)}"))
    for group in _own_memory_groups(cgroups / "memory"):
        limit = _number(group / "memory.limit_in_bytes")
        if limit is not None:
            limits.append(MemoryLimit(limit, f"the control group {_group_name(group, cgroups / 'memory')}"))
    return min(limits, key=lambda limit: limit.bytes)


def room_needed(models: Sequence[InstalledModel]) -> int:
    """Return how many bytes a worker needs that keeps all `models` loaded and works with one at a time."""
    needs = [memory_needed(model) for model in models]
    return PROCESS_BYTES + sum(need.loaded for need in needs) + max((need.working for need in needs), default=0)


def has_room(models: Sequence[InstalledModel], limit: MemoryLimit) -> bool:
    """Tell whether a worker with that limit can keep all `models` loaded and work with any of them."""
    return room_needed(models) <= limit.bytes


def require_room(models: Sequence[InstalledModel], limit: MemoryLimit, models_dir: Path | None = None) -> None:
    """Raise `ModelTooLarge`, with the numbers, where `models` do not fit together.

    The last of them is the one that others could stand in for: those of its kind in `models_dir` that would fit are
    named.
    """
    if not models or has_room(models, limit):
        return
    *others, asked = models
    detail = (
        f"{' and '.join(f'{model.kind}/{model.name}' for model in models)} need about"
        f" {room_needed(models) / _GIGABYTE:.1f} GB; this worker's limit is {limit.bytes / _GIGABYTE:.1f} GB"
        f" ({limit.source})."
    )
    fitting = [
        model.name
        for model in (installed(models_dir, asked.kind) if models_dir is not None else ())
        if has_room((*others, model), limit)
    ]
    instead = f"Choose a smaller model ({', '.join(fitting)})" if fitting else "Install and choose a smaller model"
    raise ModelTooLarge(detail, remedy=f"{instead}, or give the worker more memory.")


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


def resident_bytes() -> int:
    """Return how much of the memory this process has is in RAM; 0 where the system does not say."""
    pages = _text(Path("/proc/self/statm")).split()
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if len(pages) > 1 else 0


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


def _own_memory_groups(cgroups: Path) -> Iterator[Path]:
    """Yield the process's group of version 1's memory controller and those that contain it."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            group = cgroups / path.strip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(cgroups))


def _group_name(group: Path, cgroups: Path) -> str:
    return group.name if group != cgroups else "the root control group"


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
