"""`vocalyx admin workers`, `queues`, `failures` and `overview`, on real servers."""

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from app.db.database import Database
from app.db.tables import Job, Project, Transcription
from app.queueing.connections import connect
from app.queueing.queues import QueueName, enqueue
from tests.api.cards import put_card

ERROR = {"code": "worker-fault", "detail": "It broke.\x1b[31m", "remedy": "Mend it."}


@pytest.fixture
def failed_job(database_url: str) -> str:
    """One running job and one that failed, of a recording that is being worked on; returns the running one's id."""
    database = Database(database_url, connections=1)
    running, failed = uuid.uuid4(), uuid.uuid4()

    def make() -> None:
        project = Project.create(name="first")
        transcription = Transcription.create(
            project=project, name="a.wav", audio_path="a", sha256="x", size_bytes=1, state="processing"
        )
        Job.create(
            id=running, transcription=transcription, kind="plan", state="running", lease="l", stage="listening",
            percent=40, attempt=1, worker="busy",
        )  # fmt: skip
        Job.create(id=failed, transcription=transcription, kind="chunk", state="failed", error=ERROR, worker="busy")
        Job.create(id=uuid.uuid4(), transcription=transcription, kind="enrichment", state="queued")
        Job.update(finished_at=Job.queued_at).where(Job.id == failed).execute()

    try:
        database.run_here(make)
    finally:
        database.close()
    return str(running)


def run(*words: str, database_url: str, redis_url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VOCALYX_DATABASE_URL": database_url, "VOCALYX_REDIS_URL": redis_url}
    command = [sys.executable, "-m", "app.cli.main", "admin", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def admin(database_url: str, redis_url: str) -> Any:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return run(*words, database_url=database_url, redis_url=redis_url)

    return call


def found(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    shown: dict[str, Any] = json.loads(ended.stdout)
    return shown


def test_how_the_site_stands_is_shown(admin: Any, redis_url: str, failed_job: str) -> None:
    with connect(redis_url) as connection:
        put_card(connection, "busy", state="busy", current_job=failed_job, hostname="host\x1b[2J")
        put_card(connection, "silent", QueueName.ENRICHMENT, silent=40)
        enqueue(connection, QueueName.ENRICHMENT, str(uuid.uuid4()))
    busy, silent = sorted(found(admin("workers", "--json"))["items"], key=lambda worker: worker["name"])
    assert (busy["state"], busy["job"]["id"], busy["job"]["stage"]) == ("busy", failed_job, "listening")
    assert silent["state"] == "stale"
    table = admin("workers")
    assert table.returncode == 0, table.stderr
    for said in ("busy", "stale (", "whisper/base", "900 MB of 8.0 GB", "plan 0 of ", "listening, 40 %"):
        assert said in table.stdout

    by_name = {queue["name"]: queue for queue in found(admin("queues", "--json"))["items"]}
    assert (by_name["transcription"]["running"], by_name["enrichment"]["queued"]) == (1, 1)
    assert by_name["enrichment"]["delivery"]["waiting"] == 1
    assert "enrichment" in admin("queues").stdout

    [failure] = found(admin("failures", "--json"))["items"]
    assert (failure["kind"], failure["error"]) == ("chunk", ERROR)
    shown = admin("failures").stdout
    assert "worker-fault: It broke." in shown
    assert "\x1b" not in shown

    went = found(admin("overview", "--days", "2", "--json"))
    assert len(went["days"]) == 2
    assert went["unfinished"]["processing"] == 1
    assert went["total"]["failed_jobs"] == 1
    assert "On their way: 1 processing." in admin("overview").stdout


def test_an_empty_site_says_so(admin: Any) -> None:
    assert admin("workers").stdout == "No worker is registered.\n"
    assert admin("failures").stdout == "No part of any transcription has failed.\n"
    assert "On their way: none." in admin("overview").stdout


def test_what_does_not_answer_is_named(database_url: str) -> None:
    ended = run("workers", database_url=database_url, redis_url="redis://:secret@127.0.0.1:1/0")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Redis does not answer." in ended.stderr
    assert "secret" not in ended.stderr
    ended = run("overview", database_url="postgresql://me:secret@127.0.0.1:1/none", redis_url="redis://127.0.0.1:1/0")
    assert ended.returncode == 1
    assert "PostgreSQL does not answer." in ended.stderr
    assert "secret" not in ended.stderr
