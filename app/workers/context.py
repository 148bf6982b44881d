"""What a job sees of the world: where it reports, and where it learns that it is to stop.

A job's lease is kept by a thread of its own, which also carries the reports, so that an engine never waits for the
network and a job that stands still does not keep its lease.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from app.core.errors import JobSuperseded, NotFound, VocalyxError
from app.core.transcript import Segment
from app.workers.api_client import InternalApi, Progress
from app.workers.control import JobControl, JobStopped, StopReason
from app.workers.orders import WorkOrder

REPORT_INTERVAL_SECONDS = 1.0
RENEWALS_A_LEASE = 3
_JOIN_SECONDS = 5.0

logger = logging.getLogger(__name__)

__all__ = ["Checkpoint", "JobContext", "JobStopped", "StopReason"]


class Checkpoint(Protocol):
    """What an engine needs of the world."""

    def checkpoint(self) -> None:
        """Raise `JobStopped` where the job is to stop. To be called as often as can be."""

    def report(
        self,
        stage: str,
        percent: float,
        *,
        segments: Sequence[Segment] = (),
        answers: Mapping[str, object] = {},
    ) -> None:
        """Say where the job stands: the stage, 0 to 100 percent of the job, and what is newly finished."""


class JobContext:
    """The context of one job; as a context manager it holds the job's lease.

    Reports leave at most once a second. Of stage and percent the latest wins; segments and answers are kept until the
    API has taken them. A report that fails costs nothing but its delay. (After a lost answer segments may be sent
    twice: whoever stores them tells them apart by their times.)
    """

    def __init__(
        self, order: WorkOrder, api: InternalApi, control: JobControl, *, stall_timeout_seconds: float
    ) -> None:
        self._order, self._api, self._control = order, api, control
        self._pending = _PendingProgress()
        self._keeper = _LeaseKeeper(order, api, control, self._pending, stall_timeout_seconds)
        self._begun = time.monotonic()
        self._percent = 0.0
        self._stage: str | None = None
        self._stage_begun = self._begun
        self._seconds_by_stage: dict[str, float] = {}
        self._engine_metrics: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._keeper.stop()

    def report(
        self,
        stage: str,
        percent: float,
        *,
        segments: Sequence[Segment] = (),
        answers: Mapping[str, object] = {},
    ) -> None:
        """Say where the job stands; returns at once."""
        self._control.touch()
        if stage != self._stage:
            self._enter_stage(stage)
        self._percent = max(self._percent, percent)  # engines count by stage; a bar that goes back frightens people
        self._pending.put(Progress(stage=stage, percent=self._percent, segments=tuple(segments), answers=dict(answers)))
        self._keeper.wake()

    def checkpoint(self) -> None:
        """Raise `JobStopped` where the job is to stop."""
        self._control.checkpoint()

    def measured(self, metrics: Mapping[str, float]) -> None:
        """Add an engine's own figures to the job's."""
        self._engine_metrics.update(metrics)

    def voices(self, position: int) -> dict[str, Any]:
        """Fetch what other jobs found out of the voices in one stretch of this job's recording.

        Raises `JobStopped` where the job is no longer this worker's.
        """
        return self._fetched(self._api.voices, position)

    def findings(self, number: int) -> dict[str, Any]:
        """Fetch what another job found out in one part of the enrichment that this job is of.

        Raises `JobStopped` where the job is no longer this worker's.
        """
        return self._fetched(self._api.findings, number)

    def finish(self) -> None:
        """The work is done: nothing is reported any more, but the lease is kept until the result is delivered."""
        self._enter_stage(None)
        self._keeper.only_keep()

    @property
    def metrics(self) -> dict[str, float]:
        """Seconds by stage (`transcribing_seconds`, …), what engines measured, and seconds in all (`total_seconds`)."""
        seconds = dict(self._seconds_by_stage)
        if self._stage is not None:
            seconds[self._stage] = seconds.get(self._stage, 0.0) + time.monotonic() - self._stage_begun
        named = {f"{stage.replace('-', '_')}_seconds": round(spent, 3) for stage, spent in seconds.items()}
        total = round(time.monotonic() - self._begun, 3)
        return {**named, **self._engine_metrics, "total_seconds": total}

    def _fetched(self, fetch: Callable[[str, str, int], dict[str, Any]], number: int) -> dict[str, Any]:
        try:
            return fetch(self._order.job_id, self._order.lease, number)
        except (JobSuperseded, NotFound) as error:
            # Cancelled, deleted or leased to another: the end of the job, as at a checkpoint, and not a failure of it.
            raise JobStopped(StopReason.SUPERSEDED) from error

    def _enter_stage(self, stage: str | None) -> None:
        now = time.monotonic()
        if self._stage is not None:
            spent = now - self._stage_begun
            self._seconds_by_stage[self._stage] = self._seconds_by_stage.get(self._stage, 0.0) + spent
        self._stage, self._stage_begun = stage, now
        if stage is not None:
            logger.info("%s", stage)


class _PendingProgress:
    """What is still to be reported, merged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: Progress | None = None

    def put(self, newer: Progress) -> None:
        with self._lock:
            self._progress = newer if self._progress is None else _merged(self._progress, newer)

    def put_back(self, older: Progress) -> None:
        with self._lock:
            self._progress = older if self._progress is None else _merged(older, self._progress)

    def take(self) -> Progress | None:
        with self._lock:
            taken, self._progress = self._progress, None
            return taken

    @property
    def there(self) -> bool:
        return self._progress is not None


def _merged(older: Progress, newer: Progress) -> Progress:
    return replace(newer, segments=older.segments + newer.segments, answers={**older.answers, **newer.answers})


class _LeaseKeeper:
    """The thread that carries a job's reports and renews its lease in between, while the job moves."""

    def __init__(
        self,
        order: WorkOrder,
        api: InternalApi,
        control: JobControl,
        pending: _PendingProgress,
        stall_timeout_seconds: float,
    ) -> None:
        self._order, self._api, self._control, self._pending = order, api, control, pending
        self._stall_timeout_seconds = stall_timeout_seconds
        self._renewal_seconds = order.lease_seconds / RENEWALS_A_LEASE
        self._lost = self._stalled = self._only_keep = self._unheard = False
        self._closing = threading.Event()
        self._parting = threading.Lock()
        self._awake = threading.Event()
        # The job's log context goes with the thread, so that its lines name the job too.
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; where it still waits for an answer, that answer is nobody's business any more."""
        with self._parting:
            self._closing.set()
        self._awake.set()
        self._thread.join(_JOIN_SECONDS)

    def wake(self) -> None:
        self._awake.set()

    def only_keep(self) -> None:
        self._only_keep = True

    def _run(self) -> None:
        next_renewal = time.monotonic() + self._renewal_seconds
        next_report = 0.0
        while not self._closing.is_set() and not self._lost:
            moves = self._job_moves()
            if moves and self._reportable and time.monotonic() >= next_report:
                if self._report():
                    next_renewal = time.monotonic() + self._renewal_seconds
                next_report = time.monotonic() + REPORT_INTERVAL_SECONDS
            if time.monotonic() >= next_renewal:
                if moves:
                    self._attempt(self._renew)
                next_renewal = time.monotonic() + self._renewal_seconds
            due = min(next_renewal, next_report) if moves and self._reportable else next_renewal
            self._awake.wait(max(0.0, due - time.monotonic()))
            self._awake.clear()

    @property
    def _reportable(self) -> bool:
        return self._pending.there and not self._only_keep

    def _report(self) -> bool:
        progress = self._pending.take()
        if progress is None or self._attempt(partial(self._send, progress)):
            return progress is not None
        self._pending.put_back(progress)
        return False

    def _job_moves(self) -> bool:
        """Tell whether the job moves. One that stands still loses its lease, and another worker gets the job."""
        stalled = not self._only_keep and self._control.silent_seconds > self._stall_timeout_seconds
        if stalled and not self._stalled:
            logger.error(
                "The job has not moved for %.0f s (VOCALYX_STALL_TIMEOUT): its lease is not renewed any more.",
                self._stall_timeout_seconds,
            )
        self._stalled = stalled
        return not stalled

    def _send(self, progress: Progress) -> None:
        self._api.progress(self._order.job_id, self._order.lease, progress)

    def _renew(self) -> None:
        granted = self._api.heartbeat(self._order.job_id, self._order.lease)
        if granted > 0:
            self._renewal_seconds = granted / RENEWALS_A_LEASE

    def _attempt(self, call: Callable[[], None]) -> bool:
        """Call the API once; tell whether it took it. A lost lease stops the job; any other trouble does not."""
        try:
            call()
        except (JobSuperseded, NotFound):
            self._lost = True
            # The control is the whole process's: a late answer must not stop the job after this one.
            with self._parting:
                if not self._closing.is_set():
                    self._control.request_stop(StopReason.SUPERSEDED)
        except VocalyxError as error:
            if not self._unheard:
                logger.warning("%s The job goes on; what it reports is kept until the API takes it.", error.detail)
            self._unheard = True
            return False
        if self._unheard:
            logger.info("The API takes reports again.")
        self._unheard = False
        return True
