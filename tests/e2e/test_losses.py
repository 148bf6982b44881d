"""The plug is pulled on each part in turn, while it works. Nothing is lost, and the end is the right one."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import redis

from app.media.decode import decode_span
from app.standalone.site import CHECKOUT
from tests.e2e.conftest import AUDIO, Site, text_of
from tests.servers.instance import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

TWO_SPEAKERS = AUDIO / "two-speakers.ogg"
SHORT = AUDIO / "jfk.ogg"
UPLOAD_BYTES = 400 * 1024 * 1024
TAKEN_OVER_SECONDS = 90
TEXT_ALONE = {"language": "en", "diarization": False, "enrichment": False}


@pytest.fixture(scope="session")
def undisturbed(running: object) -> dict[str, str]:
    """What the recordings say when nobody pulls a plug, by file name."""
    site = Site(running)  # type: ignore[arg-type]
    site.log_in()
    return {
        recording.name: text_of(site.finished(site.send(recording, **TEXT_ALONE)))
        for recording in (TWO_SPEAKERS, SHORT)
    }


def is_transcribing(found: dict[str, object]) -> bool:
    return found["stage"] == "transcribing"


def test_transcription_worker_killed_mid_chunk(site: Site, undisturbed: dict[str, str]) -> None:
    sent = site.send(TWO_SPEAKERS, **TEXT_ALONE)
    site.until(sent, is_transcribing, "the chunk")

    before = len(site.said())
    site.kill("app.workers.transcription")

    # With the lease of a real site (30 s) another worker must be at it within 90 s.
    wait_until(lambda: "Took a chunk job, attempt 2" in site.said()[before:], "the second attempt", TAKEN_OVER_SECONDS)
    assert "killed by SIGKILL" in site.said()[before:]
    assert "a worker fell silent, its job was taken back" in site.said()[before:]
    found = site.finished(sent)
    assert found["state"] == "done", found["error"]
    assert text_of(found) == undisturbed[TWO_SPEAKERS.name]


def test_enrichment_worker_killed_mid_answer(site: Site) -> None:
    sent = site.send(TWO_SPEAKERS, language="en", diarization=False)
    # The first answer stands, the second is being written.
    site.until(sent, lambda found: found["enrichment"]["title"] and not found["enrichment"]["summary"], "an answer")

    before = len(site.said())
    site.kill("app.workers.enrichment")

    wait_until(
        lambda: "Took an enrichment job, attempt 2" in site.said()[before:], "the second attempt", TAKEN_OVER_SECONDS
    )
    assert "a worker fell silent, its job was taken back" in site.said()[before:]
    found = site.finished(sent)
    assert found["state"] == "done"
    assert found["enrichment"]["state"] == "done", found["enrichment"]
    assert found["enrichment"]["title"]
    assert found["enrichment"]["summary"], found["enrichment"]
    assert found["enrichment"]["points"], found["enrichment"]


def test_redis_killed_with_the_loss_of_all_its_data(site: Site, undisturbed: dict[str, str]) -> None:
    running = site.send(TWO_SPEAKERS, **TEXT_ALONE)
    waiting = site.send(SHORT, **TEXT_ALONE)
    site.until(running, is_transcribing, "the chunk")

    url = (site.instance.state.credentials / "vocalyx_redis_url").read_text().strip()
    with redis.Redis.from_url(url) as client:
        client.flushall()
    before = len(site.said())
    site.kill("valkey-server")

    for sent, recording in ((running, TWO_SPEAKERS), (waiting, SHORT)):
        found = site.finished(sent)
        assert found["state"] == "done", found["error"]
        assert text_of(found) == undisturbed[recording.name]
    assert "put jobs back into their queues" in site.said()[before:]


def test_postgresql_killed(site: Site, undisturbed: dict[str, str]) -> None:
    running = site.send(TWO_SPEAKERS, **TEXT_ALONE)
    waiting = site.send(SHORT, **TEXT_ALONE)
    site.until(running, is_transcribing, "the chunk")

    before = len(site.said())
    site.kill("pginstall/bin/postgres")

    for sent, recording in ((running, TWO_SPEAKERS), (waiting, SHORT)):
        found = site.finished(sent)
        assert found["state"] == "done", found["error"]
        assert text_of(found) == undisturbed[recording.name]
    assert "killed by SIGKILL" in site.said()[before:]
    assert "the database does not answer" in site.said()[before:]


def test_api_killed_mid_upload(site: Site, tmp_path: Path) -> None:
    recording = tmp_path / "large.wav"
    write_large(recording)
    before = len(site.session.get(f"{site.instance.url}/api/transcriptions?limit=200", timeout=10).json()["items"])
    client = subprocess.Popen(
        [
            sys.executable, "-m", "app.cli.main", "transcribe", str(recording),
            "--language", "en", "--no-diarization", "--no-enrichment",
        ],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VOCALYX_STATE": str(site.instance.state.root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    incoming = site.instance.state.uploads / ".incoming"

    def is_under_way() -> bool:
        assert client.poll() is None, client.communicate()
        return any(file.stat().st_size > UPLOAD_BYTES // 8 for file in incoming.glob("*.part"))

    wait_until(is_under_way, "some of the upload", pause_seconds=0.005)
    site.kill("gunicorn")

    output, messages = client.communicate(timeout=240)
    assert client.returncode == 0, messages
    assert "fellow americans" in output.lower()
    assert "connection" in messages.lower()
    after = site.session.get(f"{site.instance.url}/api/transcriptions?limit=200", timeout=10).json()["items"]
    assert len(after) == before + 1


def write_large(path: Path) -> None:
    """A sentence, and behind it silence that takes no room on the disk: stereo at 48 kHz, `UPLOAD_BYTES` long."""
    speech = np.repeat(decode_span(SHORT), 3)
    samples = (np.column_stack([speech, speech]) * 32767).astype("<i2").tobytes()
    frames = UPLOAD_BYTES // 4
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.setnframes(frames)
        sound.writeframesraw(samples)
        # The header is patched on closing to what was written; the file is made as long as that says below.
    with path.open("r+b") as file:
        file.truncate(UPLOAD_BYTES + 44)
        file.seek(4)
        file.write((UPLOAD_BYTES + 36).to_bytes(4, "little"))
        file.seek(40)
        file.write(UPLOAD_BYTES.to_bytes(4, "little"))
