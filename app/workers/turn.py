"""One engine at a time on a host whose workers share its cores.

Two engines that spin on the same cores do not take twice as long but ten times. Where workers have cores of their own
there is no lock file, and nobody waits.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.workers.context import Checkpoint

WAITING_STAGE = "waiting"
# Shorter than what a worker does between two jobs, so that whoever waits comes before whoever was just at it.
_LOOK_SECONDS = 0.005


class Turn:
    """A worker's share in the host's cores, by a lock that ends with the process, however it ends."""

    def __init__(self, lock_file: Path | None) -> None:
        self._lock_file = lock_file

    @contextmanager
    def taken(self, context: Checkpoint) -> Iterator[None]:
        """Wait for the turn and hold it. Raises `JobStopped` where the job is to stop while it waits."""
        if self._lock_file is None:
            yield
            return
        with self._lock_file.open("a") as file:
            if not _locked(file):
                context.report(WAITING_STAGE, 0.0)
                while not _locked(file):
                    context.checkpoint()
                    time.sleep(_LOOK_SECONDS)
            yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
