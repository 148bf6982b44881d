"""The root file system that every host begins with: bare Debian 12 with what an operator's machine has, and ssh.

It is made once a week at most (an older one names packages that the archives no longer have) and kept in the cache.
"""

import fcntl
import hashlib
import shutil
import time
from pathlib import Path

import places
import sources
from commands import need, run

PACKAGES = (
    "ca-certificates", "dbus", "iproute2", "iputils-ping", "kmod", "libnss-myhostname", "libpam-systemd", "netbase",
    "openssh-server", "procps", "python3", "python3-apt", "sudo", "systemd", "systemd-sysv", "udev",
)  # fmt: skip
_KEPT_SECONDS = 7 * 86400

# No host of the lab has a console, a clock of its own, or a route on which to wait for the network or for updates.
_MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "e2scrub_all.timer", "e2scrub_reap.service",
    "getty@tty1.service", "systemd-networkd-wait-online.service", "systemd-timesyncd.service",
)  # fmt: skip
_MASKED_IN_CONTAINERS = (
    "systemd-udev-trigger.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
)  # fmt: skip


def prepare() -> Path:
    """Return the base's folder, made if there is none yet, or none that is new enough."""
    make_key()
    with (places.cache() / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = places.cache() / f"base-{_recipe()}"
        if not folder.exists() or (time.time() - folder.stat().st_ctime > _KEPT_SECONDS and not _in_use()):
            make(folder)
    return folder


def make_key() -> None:
    need({"ssh-keygen": "openssh-client"})
    if not places.key().exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "vocalyx-lab", "-f", places.key())


def make(folder: Path) -> None:
    """Make the base with mmdebstrap, through the proxy, and let it take the place of an older one."""
    need({"mmdebstrap": "mmdebstrap"})
    print(f"making a bare Debian {sources.RELEASE} for the lab (about a minute; kept in {folder.parent})", flush=True)
    arriving, listed, log = folder.with_suffix(".new"), folder.with_suffix(".list"), folder.with_suffix(".log")
    shutil.rmtree(arriving, ignore_errors=True)
    listed.write_text("".join(f"{source.line()}\n" for source in sources.debian()), encoding="utf-8")
    options = [f"Acquire::http::Proxy {_quoted(places.proxy_url())}", *(s.rstrip(";") for s in sources.apt_settings())]
    log.unlink(missing_ok=True)
    run(
        "mmdebstrap", "--variant=minbase", "--mode=root", f"--include={','.join(PACKAGES)}", "--skip=cleanup/apt/lists",
        *(f"--aptopt={option}" for option in options), sources.RELEASE, arriving, listed, log=log,
    )  # fmt: skip
    _furnish(arriving)
    for older in places.cache().glob("base-*"):
        if older.is_dir() and older != arriving:
            shutil.rmtree(older)
    arriving.rename(folder)


def _recipe() -> str:
    """Return what the base is made of, as a short hash."""
    parts = [Path(__file__).read_bytes(), *(source.line().encode() for source in sources.debian())]
    parts += [places.key().with_suffix(".pub").read_bytes(), *(file.read_bytes() for file in sources.authorities())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _in_use() -> bool:
    return any((places.cache() / "labs").glob("*/hosts/*/pid"))


def _furnish(root: Path) -> None:
    """Make the bare tree one that Ansible reaches and that starts the same way every time."""
    for source in sources.authorities():
        shutil.copy(source, root / "usr/local/share/ca-certificates" / source.name)
    run("chroot", root, "update-ca-certificates")
    for written_by_mmdebstrap in (root / "etc/apt/sources.list.d").glob("0000*"):
        written_by_mmdebstrap.unlink()
    (root / "etc/apt/sources.list").write_text("".join(f"{source.line()}\n" for source in sources.debian()))
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    (root / "etc/apt/apt.conf.d/90lab").write_text("".join(f"{line}\n" for line in sources.apt_settings()))
    public = places.key().with_suffix(".pub").read_text(encoding="ascii")
    run("chroot", root, "useradd", "--create-home", "--shell=/bin/bash", "ansible")
    folder = root / "home/ansible/.ssh"
    folder.mkdir(mode=0o700)
    (folder / "authorized_keys").write_text(public)
    run("chroot", root, "chown", "--recursive", "ansible:", "/home/ansible/.ssh")
    (root / "etc/sudoers.d/ansible").write_text("ansible ALL=(ALL) NOPASSWD:ALL\n")
    (root / "etc/ssh/sshd_config.d/lab.conf").write_text("UseDNS no\nMaxStartups 100\nMaxSessions 100\n")
    (root / "etc/machine-id").write_text("")
    # There is no DNS; names are the hosts' own (libnss-myhostname) and those in /etc/hosts. With a server named here
    # that does not answer, sudo alone would wait for 20 seconds.
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("# no DNS in the lab\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (root / "etc/hostname").unlink(missing_ok=True)
    mask(root, _MASKED)
    for deb in (root / "var/cache/apt/archives").glob("*.deb"):
        deb.unlink()


def mask(root: Path, units: tuple[str, ...] = _MASKED_IN_CONTAINERS) -> None:
    """Let units never start in this tree; by default those that make no sense in a container."""
    for unit in units:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")


def settle_in(root: Path, host: str) -> None:
    """Write what differs from host to host, and from lab to lab."""
    (root / "etc/hostname").write_text(f"{host}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {host}\n")
    point_to_proxy(root)
    # The lists came with the base; `apt update` is for those that are older than a day.
    (root / "var/lib/apt/lists").touch()


def point_to_proxy(root: Path) -> None:
    proxy = places.proxy_url()
    (root / "etc/apt/apt.conf.d/91proxy").write_text(f"Acquire::http::Proxy {_quoted(proxy)};\n")
    pip = [
        "[global]",
        f"proxy = {proxy}",
        "cert = /etc/ssl/certs/ca-certificates.crt",
        "disable-pip-version-check = true",
    ]
    if sources.wheel_folders():
        pip += [f"find-links = {proxy}/wheels/", f"trusted-host = {places.gateway()}"]
    (root / "etc/pip.conf").write_text("\n".join([*pip, ""]))


def host_key(root: Path) -> str:
    """Return the public ssh key that every host of this base shows."""
    kind, key, *_ = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii").split()
    return f"{kind} {key}"


def _quoted(text: str) -> str:
    return f'"{text}"'
