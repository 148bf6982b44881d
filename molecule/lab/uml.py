"""A host with a kernel of its own: User-Mode Linux is a program, so it needs no virtualisation and no rights to it.

It has what a container lacks: NFS client and server, every sysctl, control groups of version 2, a reboot, a crash.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import base
import kernel
import network
import places
from commands import need, run, succeeds

_DISK_SIZE = "12G"
_TAP_DESCRIPTOR = 9
_MAPS = Path("/proc/sys/vm/max_map_count")
_MOST_MAPS = 1_048_576


def start(folder: Path, host: str, address: str, memory: str, processors: int) -> int:
    """Boot the host whose disk is in `folder`, and return the kernel's process id."""
    disk = folder / "root.cow"
    if not disk.exists():
        disk_of_base = image()
        (folder / "image").unlink(missing_ok=True)
        (folder / "image").symlink_to(disk_of_base)
    allow_maps()
    tap = network.attach_tap(host)
    mac = "52:54:" + ":".join(f"{part:02x}" for part in socket.inet_aton(address))
    netmask = places.network().netmask
    # Directories are not delegated: this kernel's client asks for that with every look at one, and to be refused it, as root
    # is on a volume, fails the look. Debian's kernels know nothing of it.
    arguments = [
        f"umid={host}", f"uml_dir={folder / 'uml'}", f"mem={memory}", f"ncpus={processors}", "seccomp=on",
        f"ubd0={disk},{folder / 'image'}", "root=/dev/ubda", "rw",
        f"vec0:transport=fd,fd={_TAP_DESCRIPTOR},vec=0,mac={mac}", f"ip={address}::{places.gateway()}:{netmask}:{host}:vec0:off",
        f"systemd.hostname={host}", "nfsv4.directory_delegations=N", "con=null", "con0=null,fd:2", "con1=null", "ssl=null",
        "quiet", "loglevel=4",
    ]  # fmt: skip
    # The machine's memory of the guest is a file; in /dev/shm it is never written to a disk.
    environment = {**os.environ, "TMPDIR": "/dev/shm"}  # noqa: S108
    with (folder / "console.log").open("ab") as console:
        process = subprocess.Popen(
            [sys.executable, __file__, tap, str(kernel.prepare()), *arguments],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, env=environment,
        )  # fmt: skip
    return process.pid


def allow_maps() -> None:
    """Let a process have as many maps as a guest's process of gigabytes takes: one for nearly every page of 4 KiB.

    At the limit a page cannot be given, and is asked for again without end: the guest's process stands still and is busy.
    """
    if int(_MAPS.read_text(encoding="ascii")) < _MOST_MAPS:
        _MAPS.write_text(f"{_MOST_MAPS}\n", encoding="ascii")


def image() -> Path:
    """Return the disk image of the base, made if there is none yet; hosts write beside it, never into it."""
    need({"mke2fs": "e2fsprogs"})
    tree = base.prepare()
    file = places.cache() / f"{tree.name}-{places.gateway()}.ext4"
    with (places.cache() / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists() or file.stat().st_mtime < tree.stat().st_ctime:
            for older in places.cache().glob(f"base-*-{places.gateway()}.ext4"):
                older.unlink()
            root = places.cache() / "tree-of-image"
            run("rm", "-rf", root)
            run("cp", "--archive", tree, root)
            # On a kernel of their own udev runs, and networkd takes the address that the command line brought.
            run("chroot", root, "systemctl", "enable", "systemd-networkd", "systemd-network-generator")
            # Unlike a container's, its network is not there from the first moment: units wait for it as on a real host.
            (root / "etc/systemd/system/systemd-networkd-wait-online.service").unlink()
            run("chroot", root, "systemctl", "enable", "systemd-networkd-wait-online")
            (root / "etc/fstab").write_text("")
            base.point_to_proxy(root)
            (root / "var/lib/apt/lists").touch()
            # With a journal, as real hosts have: without one, a crash loses files that were synchronised.
            run("mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", root, f"{file}.new", _DISK_SIZE)
            run("rm", "-rf", root)
            Path(f"{file}.new").rename(file)
    return file


def order(folder: Path, host: str, command: str) -> str:
    """Give the kernel an order by its management console (`cad`, `halt`, `version`) and return its answer.

    The protocol: one datagram with a magic number, the version, the length and the command; the answer has an error
    flag, whether more follows, the length and the text (Linux, arch/um/drivers/mconsole.h).
    """
    there = folder / "uml" / host / "mconsole"
    here = folder / f"asking-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(here))
        try:
            channel.settimeout(5)
            data = command.encode()
            channel.sendto(struct.pack("=III512s", 0xCAFEBABE, 2, len(data), data), str(there))
            _, _, length = struct.unpack_from("=III", answer := channel.recv(4096))
            return answer[12 : 12 + length].decode(errors="replace").rstrip("\0")
        finally:
            here.unlink()


def clean(folder: Path, host: str) -> None:
    network.detach(host)
    succeeds("rm", "-rf", folder / "uml")


def _become_kernel(tap: str, program: str, *arguments: str) -> None:
    """Open the tap as a descriptor that stays open over `exec`: a kernel that reboots executes itself anew."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    set_interface, kind_tap, no_packet_information = 0x400454CA, 0x0002, 0x1000
    fcntl.ioctl(descriptor, set_interface, struct.pack("16sH22x", tap.encode(), kind_tap | no_packet_information))
    os.dup2(descriptor, _TAP_DESCRIPTOR, inheritable=True)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    _become_kernel(*sys.argv[1:])
