"""Workers are killed at each stage of a recording that is spread over them. The text and the speakers stay the same."""

import contextlib
import itertools
import signal
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import requests

from app.media.decode import SAMPLE_RATE, decode_span
from tests.e2e.conftest import AUDIO, Site, text_of
from tests.servers.instance import running_instance, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

WORKERS = 2
CHUNKS = 4
SETTINGS = {
    "VOCALYX_TRANSCRIPTION_WORKERS": str(WORKERS),
    "VOCALYX_TRANSCRIPTION_THREADS": "1",
    "VOCALYX_DEFAULT_MODEL": "tiny.en",
    # A silent worker is given up sooner than on a real site: each kill is waited for.
    "VOCALYX_LEASE": "8",
    "VOCALYX_RECONCILE_INTERVAL": "1",
}
OPTIONS = {"language": "en", "enrichment": False}
STAGES = ("plan", "chunk", "voices", "diarization")
RUN_SECONDS, REST_SECONDS = 0.01, 0.002
"""How long workers run and rest while they are watched step by step: a job takes longer than one such step."""


@dataclass
class SpreadSite(Site):
    """A site with several transcription workers."""

    def jobs(self, transcription: str) -> list[dict[str, Any]]:
        answer = self.session.get(f"{self.instance.url}/api/transcriptions/{transcription}/jobs", timeout=10)
        assert answer.status_code == requests.codes.ok, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def workers(self) -> list[psutil.Process]:
        names = [f"transcriber-{number}-{self.instance.port}" for number in range(1, WORKERS + 1)]
        return [worker for name in names if (worker := self.instance.worker(name)) is not None]

    def kill_worker_of(self, job: dict[str, Any]) -> None:
        worker = self.instance.worker(job["worker"])
        assert worker is not None, job
        worker.kill()


@pytest.fixture(scope="module")
def spread_site(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[SpreadSite]:
    folder = tmp_path_factory.mktemp("spread")
    with running_instance(folder / "var", models_dir, settings=SETTINGS) as instance:
        site = SpreadSite(instance)
        site.log_in()
        wait_until(lambda: site.said().count("Engines ready") > WORKERS, "all engines")
        yield site


def test_workers_killed_at_each_stage(spread_site: SpreadSite, tmp_path: Path) -> None:
    site = spread_site
    recording = tmp_path / "long.wav"
    write_recording(recording)
    undisturbed = site.send(recording, **OPTIONS)
    expected = site.finished(undisturbed)
    assert expected["state"] == "done", expected["error"]
    assert Counter(job["kind"] for job in site.jobs(undisturbed))["chunk"] >= CHUNKS

    sent = site.send(recording, **OPTIONS)
    struck = []
    for stage in STAGES:
        job = strike(site, sent, stage)
        site.kill_worker_of(job)
        resume(site)
        struck.append(job["id"])

    found = site.finished(sent)
    assert found["state"] == "done", found["error"]
    assert found["diarization"]["state"] == "done", found["diarization"]
    jobs = {job["id"]: job for job in site.jobs(sent)}
    assert {jobs[identifier]["kind"] for identifier in struck} == set(STAGES)
    assert all(job["state"] == "done" for job in jobs.values())
    assert all(jobs[identifier]["attempt"] > 1 for identifier in struck)
    assert text_of(found) == text_of(expected)
    assert spoken(found) == spoken(expected)
    assert len({segment["speaker"] for segment in found["segments"]}) >= 2
    assert site.said().count("killed by SIGKILL") == len(STAGES)


def strike(site: SpreadSite, transcription: str, kind: str) -> dict[str, Any]:
    """Return a job of this kind as soon as a worker has it. The last kind is over in a moment: nobody runs past it."""
    found: list[dict[str, Any]] = []

    def is_in_hand() -> bool:
        jobs = site.jobs(transcription)
        assert not all(job["state"] == "done" for job in jobs), f"all is done and no {kind} job was seen"
        found.extend(job for job in jobs if job["kind"] == kind and job["state"] == "running")
        return bool(found)

    if kind == STAGES[-1]:
        wait_until(lambda: is_near_the_end(site.jobs(transcription)), "the last voices", pause_seconds=0.02)
        step_by_step(site, is_in_hand)
    else:
        wait_until(is_in_hand, f"a {kind} job", pause_seconds=0.01)
    return found[-1]


def is_near_the_end(jobs: list[dict[str, Any]]) -> bool:
    """Tell whether nothing but what workers have in hand is left to do before the speakers can be told apart."""
    return all(job["state"] in ("running", "done") for job in jobs if job["kind"] in ("plan", "voices"))


def step_by_step(site: SpreadSite, condition: Callable[[], bool]) -> None:
    """Let the workers run a little at a time until the condition holds, and leave them stopped then."""
    for _ in itertools.takewhile(lambda _: not condition(), itertools.count()):
        resume(site)
        time.sleep(RUN_SECONDS)
        for worker in site.workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.send_signal(signal.SIGSTOP)
        time.sleep(REST_SECONDS)


def resume(site: SpreadSite) -> None:
    for worker in site.workers():
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.send_signal(signal.SIGCONT)


def spoken(found: dict[str, Any]) -> list[tuple[float, float, str | None]]:
    return [(segment["start"], segment["end"], segment["speaker"]) for segment in found["segments"]]


def write_recording(path: Path) -> None:
    """Two readers in turns, twice over: long enough for `CHUNKS` chunks with so many workers."""
    speech = decode_span(AUDIO / "two-speakers.ogg")
    pause = np.zeros(SAMPLE_RATE, dtype=np.float32)
    samples = np.concatenate([speech, pause, speech, pause])
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
