"""The real servers for tests: the code that `make run` starts them with, without its care for durability."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.standalone import leash
from app.standalone.postgres import PostgresServer
from app.standalone.state import free_port
from app.standalone.valkey import ValkeyServer

# Files in memory, where Linux has a place for them: copying a database takes 40 ms there, and up to 200 on a disk.
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
MEMORY_FREE_BYTES = 2 * 1024**3

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 15


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory, gone afterwards; `otherwise` where memory has no room for files."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_FREE_BYTES:
        yield otherwise
        return
    with TemporaryDirectory(prefix="vocalyx-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server with data of its own in `folder`, stopped at the end."""
    server = PostgresServer(data=folder / "postgres", port=free_port(), password="tests", durable=False)
    server.initialise()
    program = leash.command(server.command(), shed_root=leash.runs_as_root())
    with _running(program, folder / "postgres.log", server.is_ready, server.STOP_SIGNAL):
        yield server


@contextmanager
def running_valkey(folder: Path) -> Iterator[ValkeyServer]:
    """A Valkey server without persistence, stopped at the end."""
    server = ValkeyServer(data=folder / "valkey", port=free_port(), password="tests", durable=False)
    server.initialise()
    with _running(leash.command(server.command()), folder / "valkey.log", server.is_ready, server.STOP_SIGNAL):
        yield server


@contextmanager
def _running(program: list[str], log: Path, is_ready: Callable[[], bool], stop_signal: int) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(program, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not is_ready():
            assert process.poll() is None, f"the server ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{log.read_text()}"
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
