"""How a running job is stopped from outside, and how others see that it is alive."""

import time
from enum import StrEnum

_SLICE_SECONDS = 0.2


class StopReason(StrEnum):
    """Why a job is to stop: its client cancelled it, another worker has it, or this worker was asked to exit."""

    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    HANDED_BACK = "handed-back"


class JobStopped(Exception):
    """Raised at a checkpoint, through the engine, by a job that was asked to stop."""

    def __init__(self, reason: StopReason) -> None:
        self.reason = reason
        super().__init__(f"The job was stopped: {reason}.")


class JobControl:
    """One a worker process: signal handlers and threads ask the job at work to stop; the job shows that it is alive.

    It has no lock: a signal handler runs between two instructions of the main thread, and would wait for ever for a
    lock that this thread holds. Every operation is one assignment of an attribute, which is atomic.
    """

    def __init__(self) -> None:
        self._reason: StopReason | None = None
        self._alive_at = time.monotonic()

    def begin(self) -> None:
        """Forget what was asked of the job before."""
        self._reason = None
        self.touch()

    def request_stop(self, reason: StopReason) -> None:
        """Ask the job to stop at its next checkpoint. The first reason stands."""
        if self._reason is None:
            self._reason = reason

    @property
    def reason(self) -> StopReason | None:
        """Why the job is to stop; None while it may go on."""
        return self._reason

    def touch(self) -> None:
        """Show that the job moves."""
        self._alive_at = time.monotonic()

    @property
    def silent_seconds(self) -> float:
        """How long ago the job last showed that it moves."""
        return time.monotonic() - self._alive_at

    def checkpoint(self) -> None:
        """Show that the job moves, and raise `JobStopped` where it is to stop."""
        self.touch()
        if self._reason is not None:
            raise JobStopped(self._reason)

    def pause(self, seconds: float) -> None:
        """Sleep, shorter where a stop is asked for meanwhile."""
        end = time.monotonic() + seconds
        asked_before = self._reason is not None
        while (left := end - time.monotonic()) > 0 and (asked_before or self._reason is None):
            self.touch()
            time.sleep(min(left, _SLICE_SECONDS))
