"""What every test may ask for: a database and a queue of its own, on real servers that start with the first asker."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

# Before any library is imported: nothing in a test speaks to the outside, and no engine takes more than two cores.
os.environ.update(
    PYANNOTE_METRICS_ENABLED="0",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    DO_NOT_TRACK="1",
    OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "2"),
)

import hypothesis
import pytest
import redis

from app.db.migrate import migrate
from app.settings import load_settings
from app.standalone.postgres import PostgresServer
from app.standalone.valkey import ValkeyServer
from tests.servers.running import quick_folder, running_postgres, running_valkey

TEMPLATE = "vocalyx_template"

# How long an example takes, and how long it takes to think one up, says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let what a test wrote go from one process of pytest to another: no half characters do, and some tests write them."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The PostgreSQL server of this run."""
    with quick_folder(tmp_path_factory.mktemp("postgres")) as folder, running_postgres(folder) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """The name of a database with every migration applied, to copy from: 40 ms instead of a second a test."""
    postgres.ensure_database(TEMPLATE)
    migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database that nobody else uses; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.ensure_database(name, template=migrated_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without any table; dropped afterwards."""
    name = f"empty_{uuid.uuid4().hex}"
    postgres.ensure_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The Redis-compatible server of this run."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> Iterator[str]:
    """The URL of the server, emptied before and after."""
    with redis.Redis.from_url(valkey.url()) as client:
        client.flushall()
        yield valkey.url()
        client.flushall()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of the demo models, which `make test` fetches."""
    return Path(os.environ.get("VOCALYX_MODELS_DIR", Path(__file__).resolve().parent.parent / "models"))


@pytest.fixture(autouse=True)
def _settings_of_this_test() -> Iterator[None]:
    """Forget settings that another test's environment gave."""
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()
