"""The hosts of a lab: what is known of each, and starting, asking and stopping them."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path

import base
import container
import network
import places
import uml
from commands import last_lines
from places import LabError

_UP_SECONDS, _DOWN_SECONDS, _PAUSE_SECONDS = 240, 20, 0.1
_SETTLED = ("running", "degraded")


class Kind(StrEnum):
    NSPAWN = "nspawn"
    UML = "uml"


@dataclass(frozen=True)
class Host:
    """One host; `memory` and `processors` count for those with a kernel of their own."""

    name: str
    address: str
    kind: Kind = Kind.NSPAWN
    memory: str = "768M"
    processors: int = 1

    @property
    def folder(self) -> Path:
        return places.state() / "hosts" / self.name

    @property
    def process(self) -> int | None:
        """The process that the host is, while it runs."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            process = int((self.folder / "pid").read_text(encoding="ascii"))
            if _is_alive(process):
                return process
        return None

    def start(self) -> None:
        """Boot the host. Raises LabError where the address is not the network's."""
        if IPv4Address(self.address) not in places.network():
            raise LabError(f"{self.address} is not in the lab's network {places.network()}.")
        if self.process:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "host.json").write_text(json.dumps(asdict(self)), encoding="ascii")
        if self.kind is Kind.UML:
            process = uml.start(self.folder, self.name, self.address, self.memory, self.processors)
        else:
            process = container.start(self.folder, self.name, self.address)
        (self.folder / "pid").write_text(str(process), encoding="ascii")
        write_known_hosts()

    def wait(self) -> str:
        """Return systemd's word for the host's state once it has started everything. Raises LabError after a time."""
        end, word = time.monotonic() + _UP_SECONDS, "not reachable"
        while time.monotonic() < end:
            if not self.process:
                raise LabError(f"{self.name} ended:\n{last_lines(self.folder / 'console.log')}")
            word = self._ask("systemctl", "is-system-running") or word
            if word in _SETTLED and self._answers_ssh():
                return word
            time.sleep(_PAUSE_SECONDS)
        raise LabError(f"{self.name} is {word} after {_UP_SECONDS} s:\n{last_lines(self.folder / 'console.log')}")

    def command(self, *words: str) -> list[str]:
        """Return the command that runs one as root on the host."""
        if self.kind is Kind.UML:
            return ["ssh", *ssh_options(), f"ansible@{self.address}", shlex.join(["sudo", *words])]
        if not self.process:
            raise LabError(f"{self.name} is not running; start it: lab up {self.name} {self.address}")
        return container.enter(self.process, *words)

    def crash(self) -> None:
        """End the host as a power cut does; `start` boots it from the disk that it left."""
        if process := self.process:
            if self.kind is Kind.UML:
                with contextlib.suppress(OSError):
                    uml.order(self.folder, self.name, "halt")
                _wait_for_end(process, 2)
            _kill_group(process)

    def stop(self, *, keep: bool = False) -> None:
        """End the host and take away all that it had; `keep` leaves its disk."""
        if process := self.process:
            if self.kind is Kind.NSPAWN:
                container.ask_to_stop(process)
                _wait_for_end(process, _DOWN_SECONDS)
            self.crash()
        (self.folder / "pid").unlink(missing_ok=True)
        (uml if self.kind is Kind.UML else container).clean(self.folder, self.name)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, *words: str) -> str:
        if self.kind is Kind.UML and not self._answers_ssh():
            return ""
        if self.kind is Kind.NSPAWN and not container.leader(self.process or 0):
            return ""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip()

    def _answers_ssh(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.address, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
        return False


def ssh_options() -> list[str]:
    return [
        "-o", f"UserKnownHostsFile={places.known_hosts()}", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
        "-i", str(places.key()),
    ]  # fmt: skip


def known() -> list[Host]:
    """Return the hosts of this lab, running or not."""
    files = sorted((places.state() / "hosts").glob("*/host.json"))
    read = [json.loads(file.read_text(encoding="ascii")) for file in files]
    return [Host(**{**fields, "kind": Kind(fields["kind"])}) for fields in read]


def find(name: str) -> Host:
    for host in known():
        if host.name == name:
            return host
    names = ", ".join(host.name for host in known()) or "none"
    raise LabError(f"The lab has no host {name}; there are: {names}.")


def write_known_hosts() -> None:
    """Let ssh know the key of every host: all have the base's."""
    key = base.host_key(base.prepare())
    lines = (f"{host.address},{host.name} {key}\n" for host in known())
    places.known_hosts().write_text("".join(lines), encoding="ascii")


class ProxyProcess:
    """The lab's proxy, which runs while there is a lab."""

    def __init__(self) -> None:
        self.file = places.state() / "proxy.pid"

    def start(self, *, closed: bool = False) -> None:
        network.bring_up()
        if self._process():
            return
        command = [sys.executable, str(places.HERE / "proxy.py"), *(["--closed"] if closed else [])]
        with (places.state() / "proxy.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.file.write_text(str(process.pid), encoding="ascii")
        end = time.monotonic() + _DOWN_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection((str(places.gateway()), places.PROXY_PORT), 1):
                return
            time.sleep(_PAUSE_SECONDS)
        raise LabError(f"The proxy does not listen:\n{last_lines(places.state() / 'proxy.log')}")

    def stop(self) -> None:
        if process := self._process():
            _kill_group(process)
        self.file.unlink(missing_ok=True)

    def _process(self) -> int | None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            process = int(self.file.read_text(encoding="ascii"))
            if _is_alive(process):
                return process
        return None


def _is_alive(process: int) -> bool:
    try:
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        )
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _wait_for_end(process: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while _is_alive(process) and time.monotonic() < end:
        time.sleep(_PAUSE_SECONDS)


def _kill_group(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    _wait_for_end(process, _DOWN_SECONDS)
