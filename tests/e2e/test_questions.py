"""A question to a real recording, answered by the real model; and the plug pulled while it is answered."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from app.standalone.site import CHECKOUT
from tests.e2e.conftest import AUDIO, Site
from tests.servers.instance import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

TAKEN_OVER_SECONDS = 90
ANSWERED_SECONDS = 240
QUESTION = "What should my fellow Americans ask?"


@pytest.fixture(scope="module")
def speech(running: object) -> str:
    """The id of a short speech that is written down."""
    site = Site(running)  # type: ignore[arg-type]
    site.log_in()
    sent = site.send(AUDIO / "jfk.ogg", language="en", diarization=False, enrichment=False)
    assert site.finished(sent)["state"] == "done"
    return sent


def test_the_command_line_prints_the_answer_with_the_times_of_what_it_rests_on(
    site: Site, speech: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "ask", speech, QUESTION],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VOCALYX_STATE": str(site.instance.state.root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSWERED_SECONDS,
        check=False,
    )

    text, *sources = done.stdout.splitlines()
    assert text, done.stderr
    # A small model may not find it; then it says so, and quotes nothing.
    assert done.returncode == (0 if sources else 3), done.stderr
    for source in sources:
        assert source.startswith("  00:00:")
        assert source.endswith("”")
    listed = site.session.get(f"{site.instance.url}/api/transcriptions/{speech}/questions", timeout=10).json()["items"]
    assert listed[0]["answer"]["text"] == text


def test_enrichment_worker_killed_at_a_question(site: Site, speech: str) -> None:
    sent = len(site.said())
    asked = site.session.post(
        f"{site.instance.url}/api/transcriptions/{speech}/questions", json={"question": "Who is asked?"}, timeout=10
    )
    assert asked.status_code == requests.codes.accepted, asked.text
    address = f"{site.instance.url}{asked.headers['Location']}"

    def read() -> dict[str, object]:
        found: dict[str, object] = site.session.get(address, timeout=10).json()
        return found

    # A short answer is written within the second: its first words may never be seen alone.
    wait_until(lambda: "Took a question job, attempt 1" in site.said()[sent:], "the first attempt", ANSWERED_SECONDS)
    before = len(site.said())
    site.kill("app.workers.enrichment")

    wait_until(
        lambda: "Took a question job, attempt 2" in site.said()[before:], "the second attempt", TAKEN_OVER_SECONDS
    )
    wait_until(lambda: read()["state"] in ("done", "error"), "the answer", ANSWERED_SECONDS)
    found = read()
    assert found["state"] == "done", found["error"]
    assert found["answer"]
    assert site.read(speech)["state"] == "done"
