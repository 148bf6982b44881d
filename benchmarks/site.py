"""An API instance on servers of its own, without workers, and a plain aiohttp server beside it under the same settings."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.core.access import Role
from app.core.jobs import JobKind, JobState
from app.core.options import TranscriptionOptions
from app.core.states import PartState, TranscriptionState
from app.db import accounts, api_keys, projects
from app.db.database import Database
from app.db.migrate import migrate
from app.db.tables import Chunk, Enrichment, Job, Project, Segment, Speaker, Transcription, now
from app.settings import Settings
from app.standalone import leash
from app.standalone.site import CHECKOUT
from app.standalone.state import free_port
from tests.servers.running import running_postgres, running_valkey

PROJECT = "Measured"
_DATABASE = "site"
_START_SECONDS = 60
_STOP_SECONDS = 30
_MOST_FILES = 65_536
_SEGMENTS = 20
_WORDS = 15


@dataclass(frozen=True)
class Server:
    """One gunicorn with one worker process."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def worker(self) -> int:
        """The process id of the one that serves requests."""
        [child] = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(child)

    def resident_bytes(self) -> int:
        pages = Path(f"/proc/{self.worker}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Site:
    """The API, what it runs on, and headers that prove to it who sends them: a user's, and a project key's."""

    settings: Settings
    api: Server
    user: dict[str, str]
    key: dict[str, str]
    folder: Path

    def in_database(self, unit: Callable[..., Any], *args: Any) -> Any:
        """Run one unit of work in this process."""
        return _once(self.settings.database_url.get_secret_value(), unit, *args)


@contextmanager
def running_site(**settings: Any) -> Iterator[Site]:
    """Start PostgreSQL, Valkey and an API instance in a temporary folder, and stop them afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="vocalyx-bench-") as place,
        running_postgres(_open(Path(place))) as postgres,
        running_valkey(Path(place)) as valkey,
    ):
        folder = Path(place)
        postgres.ensure_database(_DATABASE)
        url = postgres.url(_DATABASE)
        migrate(url)
        wanted = Settings(
            database_url=SecretStr(url),
            redis_url=SecretStr(valkey.url()),
            uploads_dir=folder / "uploads",
            models_dir=Path(os.environ.get("VOCALYX_MODELS_DIR", CHECKOUT / "models")),
            internal_key=SecretStr(uuid.uuid4().hex),
            log_level="WARNING",
            **settings,
        )
        token, key = _once(url, _make_credentials)
        with serving("app.api.application:application", wanted, folder / "api.log") as api:
            user = {"Authorization": f"Bearer {token}"}
            yield Site(wanted, api, user, {"X-API-Key": key}, folder)


@contextmanager
def serving(application: str, settings: Settings, log: Path, **environment: str) -> Iterator[Server]:
    """Serve an application as production does."""
    port = free_port()
    values = {
        f"VOCALYX_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings
        if value is not None
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:app.api.gunicorn_config", application]
    with log.open("wb") as output:
        process = subprocess.Popen(
            leash.command(command),
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **values,
                 "VOCALYX_BIND": f"127.0.0.1:{port}", **environment},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _await_life(server, log)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def allow_many_files(wanted: int) -> int:
    """Raise this process's and its children's limit of open files as far as is permitted; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < max(wanted, most):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def finished_transcription(segments: int = _SEGMENTS) -> str:
    """Add a transcription that is done, with speakers, words and a summary; return its id. A unit of work."""
    project = Project.get(Project.name == PROJECT)
    options = TranscriptionOptions(language="en", model="base", llm_model="none").to_dict()
    row = Transcription.create(
        project=project, name="meeting.wav", audio_path="00/none/source", sha256="0" * 64, size_bytes=2_000_000,
        media={"duration_seconds": segments * 4.0}, options=options, state=TranscriptionState.DONE, language="en",
        duration_seconds=segments * 4.0, started_at=now(), finished_at=now(),
        survey={"by_channel": False},
    )  # fmt: skip
    for position, kind in enumerate((JobKind.PLAN, JobKind.CHUNK, JobKind.DIARIZATION, JobKind.ENRICHMENT)):
        Job.create(id=uuid.uuid4(), transcription=row, kind=kind, state=JobState.DONE, percent=100, position=position)
    Chunk.create(transcription=row, position=0, start_seconds=0, end_seconds=segments * 4.0, told=None)
    for label in ("SPEAKER_00", "SPEAKER_01"):
        Speaker.create(transcription=row, label=label, seconds=segments * 2.0)
    for position in range(segments):
        words = [
            {
                "start": position * 4 + n / 5,
                "end": position * 4 + n / 5 + 0.19,
                "text": f" word{n}",
                "probability": 0.98,
            }
            for n in range(_WORDS)
        ]
        Segment.create(
            transcription=row, position=position, start_seconds=position * 4.0, end_seconds=position * 4.0 + 3.5,
            text=" ".join(f"word{n}" for n in range(_WORDS)), speaker=f"SPEAKER_0{position % 2}", words=words,
            search_configuration="english",
        )  # fmt: skip
    answers = {"title": "A meeting", "summary": "Somebody met somebody. " * 10, "points": ["One point"] * 5}
    Enrichment.create(transcription=row, state=PartState.DONE, answers=answers, model="none")
    return str(row.id)


def _make_credentials() -> tuple[str, str]:
    user = accounts.create_user("measuring", uuid.uuid4().hex)
    project = projects.create_project(PROJECT, None)
    projects.set_member(project, "measuring", Role.EDITOR)
    _, key = api_keys.create_key(project.id, "measuring", Role.EDITOR)
    return accounts.open_session("measuring", user.password_hash, 24 * 3600), key


def _once(url: str, unit: Callable[..., Any], *args: Any) -> Any:
    database = Database(url, connections=1)
    try:
        return database.run_here(unit, *args)
    finally:
        database.close()


def _open(folder: Path) -> Path:
    # PostgreSQL does not run as root, and has to reach its own folder in here.
    folder.chmod(0o755)
    return folder


def _await_life(server: Server, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/health/live", timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server does not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
