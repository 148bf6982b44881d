"""What is done to the site, one after the other: services killed, hosts rebooted, cables cut, a disk filled, NFS stopped."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hosts

LAB = Path(__file__).resolve().parent.parent / "lab" / "lab"
_ASK_SECONDS = 20
CUT_SECONDS = 60.0
_STAYING = (
    "-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/vocalyx-faults-%C", "-o", "ControlPersist=60",
    "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=2",
)  # fmt: skip
"""Connections stay, as hosts with kernels of their own take long to begin one, and are given up soon."""

SERVICES = {
    "lb1": ["haproxy.service", "vocalyx-dashboard.service", "rq-dashboard.service"],
    "data1": ["postgresql@15-main.service", "redis-server.service"],
    "nfs1": ["nfs-server.service"],
    "api1": ["vocalyx-api@01.service"],
    "api2": ["vocalyx-api@01.service"],
    "transcription1": ["vocalyx-transcription@01.service"],
    "transcription2": ["vocalyx-transcription@01.service"],
    "enrichment1": ["vocalyx-enrichment@01.service"],
}
"""The site of inventory/lab: what has to be active on each host."""

_APIS, _WORKERS = ["api1", "api2"], ["transcription1", "transcription2", "enrichment1"]


@dataclass(frozen=True)
class Fault:
    """`strike` does it, `heal` undoes it after `seconds`, and `passed` says whether what was struck is back."""

    name: str
    strike: Callable[[], None]
    passed: Callable[[], bool]
    heal: Callable[[], None] | None = None
    seconds: float = 0.0


def ask(host: str, *words: str, stdin: str = "") -> str:
    """Return what a command says on a host, run as root; nothing where the host does not answer."""
    ssh, *rest = hosts.find(host).command(*words)
    try:
        done = subprocess.run(
            [ssh, *_STAYING, *rest], input=stdin, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip()


def all_active(host: str) -> bool:
    services = SERVICES[host]
    return ask(host, "systemctl", "is-active", *services).split() == ["active"] * len(services)


def faults(addresses: dict[str, str]) -> Iterator[Fault]:
    """Yield all of them, the mild ones first."""
    for host, service in (
        ("api1", "vocalyx-api@01.service"),
        ("transcription1", "vocalyx-transcription@01.service"),
        ("enrichment1", "vocalyx-enrichment@01.service"),
        ("data1", "postgresql@15-main.service"),
        ("data1", "redis-server.service"),
        ("lb1", "haproxy.service"),
        ("lb1", "vocalyx-dashboard.service"),
    ):
        yield _killed(host, service)
    for near, far in (
        (["lb1"], _APIS),
        (_APIS, ["data1"]),
        (_APIS, ["nfs1"]),
        (_WORKERS, ["data1"]),
        (_WORKERS, ["lb1"]),
        (_WORKERS, ["nfs1"]),
    ):
        yield _cut(near, far, addresses)
    yield _stopped_nfs()
    yield _filled()
    for host in SERVICES:
        yield _rebooted(host)
    yield _crashed("data1")


def _killed(host: str, service: str) -> Fault:
    """Every process of a service ends at once, as when memory runs out."""
    invocation = ("systemctl", "show", "--value", "--property=InvocationID", service)
    before = ""

    def strike() -> None:
        nonlocal before
        before = ask(host, *invocation)
        ask(host, "systemctl", "kill", "--signal=SIGKILL", service)

    def passed() -> bool:
        return ask(host, "systemctl", "is-active", service) == "active" and ask(host, *invocation) not in {"", before}

    return Fault(f"kill {service.removesuffix('.service')} on {host}", strike, passed)


def _rebooted(host: str) -> Fault:
    return Fault(f"reboot {host}", *_started_anew(host, lambda: ask(host, "systemctl", "reboot")))


def _crashed(host: str) -> Fault:
    def strike() -> None:
        for verb in ("crash", "boot"):
            subprocess.run([LAB, verb, host], check=True, timeout=_ASK_SECONDS * 3)

    return Fault(f"cut the power of {host}", *_started_anew(host, strike))


def _started_anew(host: str, end: Callable[[], object]) -> tuple[Callable[[], None], Callable[[], bool]]:
    boot = ("cat", "/proc/sys/kernel/random/boot_id")
    before = ""

    def strike() -> None:
        nonlocal before
        before = ask(host, *boot)
        end()

    def passed() -> bool:
        return ask(host, *boot) not in {"", before} and all_active(host)

    return strike, passed


def _cut(near: list[str], far: list[str], addresses: dict[str, str]) -> Fault:
    """Between some hosts nothing passes, and nobody is told so: packets are dropped on the way."""
    others = ", ".join(addresses[host] for host in far)
    rules = f"""table inet cut {{
        chain arriving {{ type filter hook input priority -300; ip saddr {{ {others} }} drop; }}
        chain leaving {{ type filter hook output priority -300; ip daddr {{ {others} }} drop; }}
    }}"""

    def strike() -> None:
        for host in near:
            ask(host, "nft", "--file", "-", stdin=rules)

    def heal() -> None:
        for host in near:
            ask(host, "nft", "delete", "table", "inet", "cut")

    def passed() -> bool:
        return all(all_active(host) for host in near)

    return Fault(f"no way between {_together(near)} and {_together(far)}, 60 s", strike, passed, heal, CUT_SECONDS)


def _stopped_nfs() -> Fault:
    return Fault(
        "stop NFS, 60 s",
        lambda: _do("nfs1", "systemctl", "stop", "nfs-server"),
        lambda: all(all_active(host) for host in SERVICES),
        lambda: _do("nfs1", "systemctl", "start", "nfs-server"),
        CUT_SECONDS,
    )


def _filled() -> Fault:
    file = "/srv/vocalyx/uploads/.filled"
    # All but what the file system keeps for root: the application has no byte left.
    fill = f"fallocate -l $(($(stat -f -c '%a*%S' /srv/vocalyx/uploads))) {file}"
    return Fault(
        "fill the disk of the uploads, 60 s",
        lambda: _do("nfs1", "sh", "-c", fill),
        lambda: all(all_active(host) for host in SERVICES),
        lambda: _do("nfs1", "rm", file),
        CUT_SECONDS,
    )


def _do(host: str, *words: str) -> None:
    ask(host, *words)


def _together(hosts: list[str]) -> str:
    return " + ".join(hosts)
