"""The folder that a one-machine instance lives in: everything it knows between two starts, and nothing elsewhere.

state/                 0700
  lock                 held while an instance runs; holds its process id
  ports.json           the ports of the servers inside, chosen once
  address              where the API of the last start is, for who borrows the instance
  credentials/         0600 each, by the names that `app.settings` reads, as systemd's LoadCredential= lays them out
  first-login.json     0600, the administrator's first login
  postgres/ valkey/    the servers' data
  uploads/             recordings
  logs/vocalyx.log     what the terminal shows
"""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.standalone.errors import AlreadyRunning, CannotStart
from app.standalone.files import write_private

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """Where the API is and how the administrator logs in the first time."""

    url: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The layout of one state folder. `root` is absolute."""

    root: Path

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials"

    def turn(self, name: str) -> Path:
        """Return what the workers that share cores lock while they use them."""
        return self.root / f"{name}.lock"

    @property
    def log(self) -> Path:
        return self.root / "logs" / "vocalyx.log"

    @property
    def first_login(self) -> Path:
        return self.root / "first-login.json"

    def create(self) -> None:
        """Make the folders that are missing and close them to others. Raises CannotStart where that is refused."""
        try:
            for folder in (self.root, self.uploads, self.credentials, self.log.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
        except OSError as error:
            raise CannotStart(
                f"The state folder {self.root} cannot be made: {error.strerror}.",
                remedy="Set VOCALYX_STATE to a folder of yours.",
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; the kernel lets go of it however the process ends.

        Raises AlreadyRunning where another process holds it.
        """
        with (self.root / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise AlreadyRunning(
                    f"An instance is running on {self.root} (process {file.read().strip() or 'unknown'}).",
                    remedy="Use that one, stop it with Ctrl-C, or start a second one beside it with its own folder and "
                    "port: VOCALYX_STATE=./var-2 VOCALYX_PORT=8010 make run",
                ) from error
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield
            file.truncate(0)

    def is_in_use(self) -> bool:
        """Tell whether an instance runs on the folder, or is starting."""
        try:
            with (self.root / "lock").open(encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def secret(self, name: str) -> str:
        """Return the secret of that name, made at its first use: 256 bits, hexadecimal."""
        path = self.credentials / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text(encoding="ascii")

    def write_credential(self, name: str, value: str) -> None:
        """Lay out a value where `app.settings` finds it under `VOCALYX_<NAME>`."""
        write_private(self.credentials / f"vocalyx_{name}", value)

    def port(self, name: str) -> int:
        """Return the port of one of the servers inside: the one of the last start if it is free, else a new one."""
        path = self.root / "ports.json"
        ports: dict[str, int] = {}
        with suppress(FileNotFoundError, ValueError):
            ports = json.loads(path.read_text(encoding="utf-8"))
        if name not in ports or not is_free(ports[name]):
            ports[name] = free_port()
            write_private(path, json.dumps(ports, indent=2) + "\n")
        return ports[name]

    def read_address(self) -> str | None:
        """Return the address of the API of the last start, or None where there was none."""
        try:
            return self._address.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None

    def write_address(self, url: str) -> None:
        write_private(self._address, f"{url}\n")

    def forget_address(self) -> None:
        self._address.unlink(missing_ok=True)

    @property
    def _address(self) -> Path:
        return self.root / "address"

    def read_first_login(self) -> FirstLogin | None:
        """Return the administrator's first login, or None where the file was removed or was never written."""
        try:
            values = json.loads(self.first_login.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return FirstLogin(url=values["url"], username=values["username"], password=values["password"])

    def write_first_login(self, login: FirstLogin) -> None:
        values = {"url": login.url, "username": login.username, "password": login.password}
        write_private(self.first_login, json.dumps(values, indent=2) + "\n")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a former run that are still being closed are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """Return a port that nobody listens on. Another program may take it at once: try again where a start fails."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
