"""Workers are killed at each stage of a recording, or in the middle of an enrichment, that is spread over them.

The text and the speakers stay the same, and so do the answers.
"""

import contextlib
import itertools
import signal
import subprocess
import sys
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
from app.standalone import leash
from app.standalone.site import CHECKOUT
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
ASKED = {"tasks": ["topics", "corrected"]}
LINES, WORDS_A_LINE = 65, 2
"""More lines than one job writes anew."""
ENRICHED_SECONDS = 240

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


def test_an_enrichment_worker_killed_in_the_middle_of_a_part(spread_site: SpreadSite, tmp_path: Path) -> None:
    site = spread_site
    sent = site.send(AUDIO / "jfk.ogg", language="en", diarization=False, enrichment=False)
    assert site.finished(sent)["state"] == "done"
    write_lines(site, sent)
    with another_enrichment_worker(site, tmp_path / "output") as (name, worker):
        ask(site, sent)
        undisturbed, before = enriched(site, sent), parts_of(site, sent)
        assert Counter(job["kind"] for job in before.values()) == {"reading": 1, "rewriting": 2}

        ask(site, sent)
        struck: list[str] = []

        def is_in_the_middle() -> bool:
            parts = parts_of(site, sent)
            struck.extend(each for each, job in parts.items() if job["worker"] == name and 0 < job["percent"] < 100)
            return bool(struck)

        wait_until(is_in_the_middle, "a part that the second worker is in the middle of", pause_seconds=0.02)
        worker.kill()
        disturbed = enriched(site, sent)

    after = {identifier: job for identifier, job in parts_of(site, sent).items() if identifier not in before}
    assert len(after) == len(before)
    assert {job["state"] for job in after.values()} == {"done"}
    assert {identifier: job["attempt"] for identifier, job in after.items()} == dict.fromkeys(after, 1) | {struck[0]: 2}
    assert after[struck[0]]["worker"] == f"enrichment-{site.instance.port}"
    # Each block of lines was drawn once, and is there once.
    assert len(disturbed["sampling"]["corrected"]) > 1
    for told in ("answers", "failures", "sampling", "windows", "dropped"):
        assert disturbed[told] == undisturbed[told], told


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


def write_lines(site: SpreadSite, transcription: str) -> None:
    """Have the first segment say what the recording says again and again, and cut it into `LINES` segments."""
    words = text_of(site.read(transcription)).split() * LINES
    segments = f"{site.instance.url}/api/transcriptions/{transcription}/segments"
    text = {"text": " ".join(words[: LINES * WORDS_A_LINE])}
    answer = site.session.patch(f"{segments}/0", json=text, headers={"If-Match": "*"}, timeout=10)
    assert answer.status_code == requests.codes.ok, answer.text
    for position in range(LINES - 1):
        cut = f"{segments}/{position}/split"
        answer = site.session.post(cut, json={"word": WORDS_A_LINE}, headers={"If-Match": "*"}, timeout=10)
        assert answer.status_code == requests.codes.ok, answer.text


@contextlib.contextmanager
def another_enrichment_worker(site: SpreadSite, output: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start one beside the instance's own, set up as that is, on cores that it takes no turns for."""
    own = site.instance.child("app.workers.enrichment")
    assert own is not None
    name = f"another-{site.instance.port}"
    environment = own.environ() | {"VOCALYX_WORKER_NAME": name}
    environment.pop("VOCALYX_COMPUTE_LOCK", None)
    command = leash.command([sys.executable, "-m", "app.workers.enrichment"])
    with output.open("wb") as file:
        worker = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: worker.poll() is not None or "Engines ready" in output.read_text(), "the second worker")
        assert worker.poll() is None, output.read_text()
        yield name, worker
    finally:
        worker.kill()
        worker.wait()


def ask(site: SpreadSite, transcription: str) -> None:
    address = f"{site.instance.url}/api/transcriptions/{transcription}/enrichments"
    answer = site.session.post(address, json=ASKED, timeout=10)
    assert answer.status_code == requests.codes.accepted, answer.text


def enriched(site: SpreadSite, transcription: str) -> dict[str, Any]:
    """Wait for the end of the enrichment that was asked for last, and return it."""
    wait_until(
        lambda: site.read(transcription)["enrichment"]["state"] in ("done", "error"), "the answers", ENRICHED_SECONDS
    )
    found = site.read(transcription)["enrichment"]
    assert found["state"] == "done", found["error"]
    address = f"{site.instance.url}/api/transcriptions/{transcription}/enrichments"
    version: dict[str, Any] = site.session.get(address, timeout=10).json()["items"][0]
    return version


def parts_of(site: SpreadSite, transcription: str) -> dict[str, dict[str, Any]]:
    """Return the jobs over which enrichments were spread, by their ids."""
    return {job["id"]: job for job in site.jobs(transcription) if job["kind"] in ("reading", "rewriting", "folding")}
