"""A host in a container: systemd as PID 1 over a copy-on-write view of the base, up in about two seconds.

It shares the machine's kernel: no NFS, no sysctls but net.*, no clock. Those need a host of the other kind (`uml.py`).
"""

import os
import signal
import subprocess
from pathlib import Path

import base
import cgroups
import network
import places
from commands import need, run, succeeds

_CAPABILITIES = "CAP_NET_ADMIN,CAP_NET_RAW"


def start(folder: Path, host: str, address: str) -> int:
    """Boot the host whose disk is in `folder`, and return the process id of its systemd-nspawn."""
    need({"systemd-nspawn": "systemd-container", "nsenter": "util-linux", "pgrep": "procps"})
    root = folder / "root"
    for part in (folder / "changes", folder / "work", root):
        part.mkdir(parents=True, exist_ok=True)
    if not root.is_mount():
        layers = f"lowerdir={base.prepare()},upperdir={folder / 'changes'},workdir={folder / 'work'}"
        run("mount", "-t", "overlay", f"{places.bridge()}-{host}", "-o", layers, root)
    base.mask(root)
    base.settle_in(root, host)
    (root / "lab-init").write_bytes((places.HERE / "lab-init").read_bytes())
    (root / "lab-init").chmod(0o755)
    network.attach_namespace(host, address)
    cgroups.make(host)
    command = [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--kill-signal=SIGRTMIN+3", f"--machine={host}",
        f"--directory={root}", f"--network-namespace-path={network.namespace_path(host)}",
        f"--capability={_CAPABILITIES}", "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
        "/lab-init",
    ]  # fmt: skip
    with (folder / "console.log").open("wb") as console:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            preexec_fn=lambda: cgroups.join(host),  # noqa: PLW1509 - there are no threads here
        )  # fmt: skip
    return process.pid


def leader(process: int) -> int | None:
    """Return the process id of the host's PID 1, as this machine numbers it."""
    answer = subprocess.run(["pgrep", "--parent", str(process)], capture_output=True, text=True, check=False)
    return int(answer.stdout.split()[0]) if answer.stdout.strip() else None


def enter(process: int, *command: str) -> list[str]:
    """Return the command that runs a command inside the host."""
    return ["nsenter", f"--target={leader(process)}", "--all", *command]


def ask_to_stop(process: int) -> None:
    if inside := leader(process):
        os.kill(inside, signal.SIGRTMIN + 3)


def clean(folder: Path, host: str) -> None:
    """Take away what the stopped host had: network, control groups, its view of the base."""
    network.detach(host)
    if (folder / "root").is_mount() and not succeeds("umount", folder / "root"):
        run("umount", "--lazy", folder / "root")
    cgroups.remove(host)
