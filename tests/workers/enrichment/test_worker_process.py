"""The real worker process with the real engine: a model that cannot be used ends its job in words, and nothing else."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from app.core.jobs import JobKind
from app.core.options import TranscriptionOptions
from app.queueing.queues import QueueName, enqueue
from app.workers.enrichment.llama import LlamaModel
from app.workers.process import EXIT_MISCONFIGURED
from tests.workers.conftest import StartWorker
from tests.workers.enrichment.conftest import LANGUAGE_MODEL, MEETING, segments_of
from tests.workers.enrichment.model_server import KEY, NAME, running_model_server
from tests.workers.enrichment.test_model_file import install
from tests.workers.internal_server import InternalServer

pytestmark = pytest.mark.engine

MODULE = "app.workers.enrichment"


@pytest.fixture
def shelf(models_dir: Path, tmp_path: Path) -> Path:
    """A models directory with the demo language model, and a copy of it for each way to be unusable."""
    shelf = tmp_path / "models"
    good = models_dir / "llm" / LANGUAGE_MODEL
    for name in (LANGUAGE_MODEL, "missing", "corrupt", "truncated"):
        shutil.copytree(good, shelf / "llm" / name)
        description = shelf / "llm" / name / "model.json"
        description.write_text(description.read_text().replace(f'"{LANGUAGE_MODEL}"', f'"{name}"'))
    [missing] = (shelf / "llm" / "missing").glob("*.gguf")
    missing.unlink()
    [corrupt] = (shelf / "llm" / "corrupt").glob("*.gguf")
    with corrupt.open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"\x00\x01\x02\x03")
    [truncated] = (shelf / "llm" / "truncated").glob("*.gguf")
    os.truncate(truncated, 2000)
    install(
        shelf, "mistral-7b", 4_368_439_584, "llama",
        block_count=32, context_length=32768, embedding_length=4096, attention__head_count=32,
        attention__head_count_kv=8,
    )  # fmt: skip
    return shelf


def give(server: InternalServer, connection: Redis, model: str | None) -> str:
    job = server.give(JobKind.ENRICHMENT)
    server.orders[job]["options"] = TranscriptionOptions(llm_model=model).to_dict()
    server.orders[job]["segments"] = [segment.to_dict() for segment in segments_of(MEETING)]
    enqueue(connection, QueueName.ENRICHMENT, job)
    return job


def test_each_unusable_model_is_told_of_and_the_worker_goes_on(
    start_worker: StartWorker, server: InternalServer, connection: Redis, shelf: Path
) -> None:
    worker = start_worker(module=MODULE, models_dir=str(shelf), memory_limit=str(4 * 10**9), threads="2")
    told = {
        "unknown": ("unknown-model", "No llm model is called 'unknown'", False),
        "missing": ("model-damaged", r"The folder of missing holds 0 .gguf files", True),
        "corrupt": ("model-damaged", "SHA-256 differs", True),
        "truncated": ("model-damaged", "not a whole GGUF file", True),
        "mistral-7b": ("model-too-large", "needs at least 5.06 GB", False),
    }
    for name, (code, detail, retryable) in told.items():
        failure = server.wait_for("failure", give(server, connection, name), timeout=60)
        assert (failure["code"], failure["retryable"]) == (code, retryable), failure
        assert detail in failure["detail"]
        assert failure["remedy"]

    # The same worker is as good as before, once its client asks for a model that there is.
    result = server.wait_for("result", give(server, connection, LANGUAGE_MODEL), timeout=120)
    assert result["enrichment"]["model"] == LANGUAGE_MODEL
    assert result["enrichment"]["summary"]
    assert "limit is 4.00 GB (VOCALYX_MEMORY_LIMIT)" in worker.log


def test_a_worker_whose_default_model_does_not_fit_says_so_and_does_not_start(
    start_worker: StartWorker, shelf: Path
) -> None:
    worker = start_worker(
        module=MODULE, models_dir=str(shelf), memory_limit=str(4 * 10**9), default_llm_model="mistral-7b"
    )

    assert worker.end(60) == EXIT_MISCONFIGURED
    assert "needs at least 5.06 GB" in worker.log
    assert (
        f"Choose a smaller model (corrupt, {LANGUAGE_MODEL})" in worker.log
    )  # by their headers; contents are read later
    assert "Traceback" not in worker.log


def test_a_model_server_that_is_away_ends_the_job_in_words_and_one_that_is_back_is_used(
    start_worker: StartWorker, server: InternalServer, connection: Redis, shelf: Path, model: LlamaModel
) -> None:
    with running_model_server(model) as away:
        url = away.url
    worker = start_worker(
        module=MODULE,
        models_dir=str(shelf),
        default_llm_model=f"remote/{NAME}",
        llm_server_url=url,
        llm_server_models=NAME,
        llm_server_key=KEY,
        llm_server_patience="0",
    )
    failure = server.wait_for("failure", give(server, connection, None), timeout=60)
    assert (failure["code"], failure["retryable"]) == ("model-server-down", True)

    with running_model_server(model, port=urlsplit(url).port or 0):
        result = server.wait_for("result", give(server, connection, f"remote/{NAME}"), timeout=120)
    assert result["enrichment"]["model"] == f"remote/{NAME}"
    assert KEY not in worker.log
