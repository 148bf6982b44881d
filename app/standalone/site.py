"""Which programs an instance is made of, and what each is told: the wiring, in one place."""

import http.client
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.standalone import leash
from app.standalone.child import Program
from app.standalone.cores import CoreShare, CoreShares
from app.standalone.postgres import PostgresServer
from app.standalone.state import LOOPBACK, StateFolder
from app.standalone.valkey import ValkeyServer

CHECKOUT = Path(__file__).resolve().parent.parent.parent
INSTALLER = CHECKOUT / "requirements" / "install.py"

# A worker that was asked to stop hands its job back; between two looks at the flag lies one step of an engine.
WORKER_STOP_TIMEOUT_SECONDS = 30
PROBE_TIMEOUT_SECONDS = 2
SHARED_UMASK = 0o022  # models and the environment are nobody's secret, and several users may share them

# Settings that belong to this instance: the caller's must not shine through.
OWN_SETTINGS = (
    "DATABASE_URL", "REDIS_URL", "INTERNAL_KEY", "API_URL", "BIND", "UPLOADS_DIR", "WORKER_NAME", "THREADS",
    "COMPUTE_LOCK",
)  # fmt: skip


def usable_cores() -> int:
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One instance: its folder, its servers, the port of its API, the models it uses."""

    state: StateFolder
    postgres: PostgresServer
    valkey: ValkeyServer
    port: int
    models: Path
    cores: CoreShares

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def write_credentials(self) -> None:
        """Lay out the secrets for `app.settings`, as systemd does in production."""
        self.state.secret("vocalyx_internal_key")
        self.state.write_credential("database_url", self.postgres.url())
        self.state.write_credential("redis_url", self.valkey.url())

    def postgres_program(self) -> Program:
        return Program(
            name="postgres",
            command=tuple(self.postgres.command()),
            environment=_bare_environment(),
            folder=self.state.root,
            is_ready=self.postgres.is_ready,
            before_start=self.postgres.clear_the_way,
            stop_signal=self.postgres.STOP_SIGNAL,
            # Left alone it ends as it does when asked to, and its own children with it.
            orphan_signal=self.postgres.STOP_SIGNAL,
            stop_timeout_seconds=20,
            shed_root=leash.runs_as_root(),
            shown=_shown_of_postgres,
        )

    def valkey_program(self) -> Program:
        return Program(
            name="redis",
            command=tuple(self.valkey.command()),
            environment=_bare_environment(),
            folder=self.state.root,
            is_ready=self.valkey.is_ready,
            stop_signal=self.valkey.STOP_SIGNAL,
            orphan_signal=self.valkey.STOP_SIGNAL,
            shown=_shown_of_valkey,
        )

    def api_program(self) -> Program:
        return Program(
            name="api",
            command=(
                sys.executable, "-m", "gunicorn", "-c", "python:app.api.gunicorn_config",
                "app.standalone.web:application",
            ),
            environment=self.environment(threads=1),
            folder=CHECKOUT,
            is_ready=lambda: answers(self.url),
            stop_timeout_seconds=15,
        )  # fmt: skip

    def transcription_programs(self) -> list[Program]:
        shares = self.cores.transcription
        if len(shares) == 1:
            return [self._worker("transcription", "transcription", shares[0])]
        return [self._worker(f"transcriber-{n}", "transcription", share) for n, share in enumerate(shares, start=1)]

    def enrichment_program(self) -> Program:
        return self._worker("enrichment", "enrichment", self.cores.enrichment)

    def models_step(self) -> Program:
        """Fetch the demo models that are missing."""
        return Program(
            name="models",
            command=(sys.executable, "-m", "app.cli.main", "models", "fetch", "--models-dir", str(self.models)),
            environment=self.environment(threads=1),
            folder=CHECKOUT,
            umask=SHARED_UMASK,
        )

    def engine_step(self) -> Program:
        """Build the language model's engine, while everything else has the right of way."""
        return Program(
            name="engine",
            command=(sys.executable, str(INSTALLER), "enrichment"),
            environment=self.environment(threads=usable_cores()),
            folder=CHECKOUT,
            niceness=19,
            umask=SHARED_UMASK,
            orphan_signal=signal.SIGTERM,  # it ends the compilers that it has started
        )

    def _worker(self, name: str, package: str, share: CoreShare) -> Program:
        environment = self.environment(threads=share.threads)
        environment["VOCALYX_WORKER_NAME"] = f"{name}-{self.port}"
        if share.turn is not None:
            environment["VOCALYX_COMPUTE_LOCK"] = str(self.state.turn(share.turn))
        return Program(
            name=name,
            command=(sys.executable, "-m", f"app.workers.{package}"),
            environment=environment,
            folder=CHECKOUT,
            stop_timeout_seconds=WORKER_STOP_TIMEOUT_SECONDS,
        )

    def environment(self, *, threads: int) -> dict[str, str]:
        """Return what our own programs find in their environment; the secrets are in files."""
        values = dict(os.environ)
        for name in OWN_SETTINGS:
            values.pop(f"VOCALYX_{name}", None)
        values.update(
            CREDENTIALS_DIRECTORY=str(self.state.credentials),
            VOCALYX_STATE=str(self.state.root),
            VOCALYX_UPLOADS_DIR=str(self.state.uploads),
            VOCALYX_MODELS_DIR=str(self.models),
            VOCALYX_API_URL=self.url,
            VOCALYX_BIND=f"{LOOPBACK}:{self.port}",
            VOCALYX_THREADS=str(threads),
            PYTHONUNBUFFERED="1",
            # Nothing leaves the site: no library calls home or asks a model hub.
            PYANNOTE_METRICS_ENABLED="0",
            HF_HUB_OFFLINE="1",
            HF_HUB_DISABLE_TELEMETRY="1",
            DO_NOT_TRACK="1",
            **dict.fromkeys(_THREAD_SETTINGS, str(threads)),
        )
        return values


def answers(url: str) -> bool:
    """Tell whether an API is at this address, with all that it depends on; waits two seconds at most."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or LOOPBACK, address.port, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


_THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def _bare_environment() -> Mapping[str, str]:
    """Return what the servers find in their environment: where temporary files go, and nothing else of the caller's."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _shown_of_postgres(line: str) -> str | None:
    # LOG is routine (start, stop), but for recovery after a crash; what needs a person is WARNING and above. That it is
    # still starting up is the answer to our own probes.
    routine = line.startswith(("LOG:", "\t", "DETAIL:", "HINT:")) and "recover" not in line
    return None if routine or "the database system is starting up" in line else line


def _shown_of_valkey(line: str) -> str | None:
    # `PID:ROLE DATE TIME LEVEL MESSAGE`; the level '#' is a warning, '*' and '-' are routine. The advice on overcommitting
    # memory is for root, and for data larger than a queue's.
    warning = line.partition(" # ")[2]
    return None if not warning or "overcommit" in warning else warning
