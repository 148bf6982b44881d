"""The kernel of User-Mode Linux hosts: Debian's own source, with what the lab needs built in, once into the cache.

Debian's ready packages do not serve: those of 6.1 and 6.12 panic on processors with wide vector registers, that of 7.2
has no nftables of the family `inet`. A kernel that was built before can be named in `VOCALYX_LAB_KERNEL`.
"""

import fcntl
import hashlib
import os
import platform
from pathlib import Path

import places
from commands import need, run

_BUILD, _CONFIGURATION = places.HERE / "build-kernel.sh", places.HERE / "kernel.config"


def prepare() -> Path:
    """Return the kernel's path; without a ready one it is built, which takes two processors about 15 minutes."""
    if chosen := os.environ.get("VOCALYX_LAB_KERNEL"):
        return Path(chosen).absolute()
    recipe = hashlib.sha256(_BUILD.read_bytes() + _CONFIGURATION.read_bytes()).hexdigest()[:12]
    built = places.cache() / f"linux-{platform.machine()}-{recipe}"
    if built.exists():
        return built
    for folder in places.HERE.parents:
        if (ready := folder / "shared" / "lab" / "umlc" / "linux").exists():
            return ready
    with (places.cache() / "kernel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            need({"flex": "flex", "bison": "bison", "bc": "bc", "gcc": "gcc", "make": "make", "xz": "xz-utils"})
            log = built.with_suffix(".log")
            print(f"building a kernel for the lab's hosts (many minutes; the log: {log})", flush=True)
            run(_BUILD, _CONFIGURATION, built, log=log)
    return built
