"""Workers on shared cores take turns; one that is stopped or killed gives its turn up."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.core.transcript import Segment
from app.workers.control import JobStopped, StopReason
from app.workers.turn import WAITING_STAGE, Turn

HOLDER = """
import sys, time
from pathlib import Path
from app.workers.turn import Turn
with Turn(Path(sys.argv[1])).taken(None):
    print("taken", flush=True)
    time.sleep(600)
"""


class Watched:
    """A job that says when it begins to wait, and can be asked to stop."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.stop = threading.Event()
        self.done = threading.Event()

    def checkpoint(self) -> None:
        if self.stop.is_set():
            raise JobStopped(StopReason.CANCELLED)

    def report(
        self, stage: str, percent: float, *, segments: Sequence[Segment] = (), answers: Mapping[str, object] = {}
    ) -> None:
        assert (stage, percent, segments, answers) == (WAITING_STAGE, 0.0, (), {})
        self.waiting.set()


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def work(turn: Turn, job: Watched) -> threading.Thread:
    def run() -> None:
        try:
            with turn.taken(job):
                job.done.set()
        except JobStopped:
            pass

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_the_second_waits_until_the_first_is_through(lock_file: Path) -> None:
    first, second = Watched(), Watched()
    with Turn(lock_file).taken(first):
        waiting = work(Turn(lock_file), second)
        assert second.waiting.wait(5)
        assert not second.done.is_set()
    assert second.done.wait(5)
    waiting.join()
    assert not first.waiting.is_set()


def test_a_job_that_waits_can_be_stopped(lock_file: Path) -> None:
    job = Watched()
    with Turn(lock_file).taken(Watched()):
        waiting = work(Turn(lock_file), job)
        assert job.waiting.wait(5)
        job.stop.set()
        waiting.join(5)
        assert not waiting.is_alive()
    assert not job.done.is_set()


def test_a_killed_worker_gives_its_turn_up(lock_file: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock_file)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "taken\n"
        job = Watched()
        waiting = work(Turn(lock_file), job)
        assert job.waiting.wait(5)
    finally:
        holder.kill()
        holder.communicate()
    assert job.done.wait(5)
    waiting.join()


def test_workers_with_cores_of_their_own_never_wait() -> None:
    with Turn(None).taken(Watched()), Turn(None).taken(Watched()):
        pass
