"""One job from its claim to its end: the function that RQ calls."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.core.errors import JobSuperseded, NotFound, VocalyxError
from app.core.jobs import JobKind
from app.logs import named_in_log
from app.media.recordings import UploadsVolumeAway
from app.workers.api_client import ApiUnreachable, InternalApi
from app.workers.card import Card
from app.workers.context import JobContext
from app.workers.control import JobControl, JobStopped, StopReason
from app.workers.orders import WorkOrder
from app.workers.turn import Turn

Handler = Callable[[WorkOrder, JobContext], Mapping[str, object]]
"""Works one kind of job. Returns what the API's result route takes for it: `{"plan": …}`, `{"segments": …}`, …"""

_FIRST_SERVER_ERROR = 500
VOLUME_PAUSE_SECONDS = 10.0

logger = logging.getLogger(__name__)


class WorkerFault(VocalyxError):
    """An error that no engine foresaw; another worker, or another moment, may do better."""

    code = "worker-fault"
    title = "The worker met an error that it did not expect"
    default_remedy = "It is tried again by itself; if it stays, send the worker's log to your administrator."


class OutOfMemory(VocalyxError):
    code = "out-of-memory"
    title = "The worker ran out of memory"
    default_detail = "The worker ran out of memory over this recording."
    default_remedy = "Choose a smaller model, or give the workers more memory."


class WrongQueue(VocalyxError):
    """A job arrived at a worker that has no engine for its kind."""

    status = 422
    code = "wrong-queue"
    title = "The job came to a worker of the other kind"
    default_remedy = "Bring the API and the workers to the same release."


@dataclass(frozen=True, slots=True)
class Engines:
    """The loaded engines: what works each kind of job with them, and which models they keep, as `kind/name`."""

    handlers: Mapping[JobKind, Handler]
    models: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a worker process works with, made once at its start."""

    worker: str
    api: InternalApi
    control: JobControl
    handlers: Mapping[JobKind, Handler]
    stall_timeout_seconds: float
    turn: Turn
    card: Card = field(default_factory=Card)


class _Furnished:
    """The process's workplace. RQ calls a function by its name, so what it works with is found here."""

    workplace: ClassVar[Workplace | None] = None


def furnish(workplace: Workplace) -> None:
    """Set the workplace that `perform` uses from now on."""
    _Furnished.workplace = workplace


def perform(job_id: str) -> None:
    """Claim a job, work it, and report its end. A job that is no longer wanted is dropped.

    Raises only where the API answers what it should not: then the job is shown as failed in the queue dashboard.
    """
    workplace = _Furnished.workplace
    if workplace is None:
        message = "No workplace: jobs are worked by `python -m app.workers.transcription` or `….enrichment` only."
        raise RuntimeError(message)
    with named_in_log(job=job_id, worker=workplace.worker):
        try:
            order = workplace.api.claim(job_id, workplace.worker)
        except (JobSuperseded, NotFound) as error:
            logger.info("Dropped: %s", error.detail)
        except JobStopped as stopped:
            logger.info("Put down before it was begun: %s.", stopped.reason)
        else:
            with named_in_log(transcription=order.transcription_id, origin=order.request_id):
                _work(workplace, order)


def _work(workplace: Workplace, order: WorkOrder) -> None:
    article = "an" if order.kind is JobKind.ENRICHMENT else "a"
    logger.info("Took %s %s job, attempt %d.", article, order.kind, order.attempt)
    stall_timeout = workplace.stall_timeout_seconds
    with JobContext(order, workplace.api, workplace.control, stall_timeout_seconds=stall_timeout) as context:
        try:
            context.checkpoint()
            handler = _handler_for(workplace, order)
            with workplace.turn.taken(context):
                outcome = handler(order, context)
        except JobStopped as stopped:
            _put_down(workplace, order, stopped)
        except UploadsVolumeAway as away:
            # Not the recording's fault, nor an attempt at it; the pause keeps a broken host from emptying the queue.
            logger.error("Put back: %s %s", away.detail, away.remedy)  # noqa: TRY400 - the sentences say it all
            workplace.control.pause(VOLUME_PAUSE_SECONDS)
            _hand_back(workplace, order)
        except Exception as error:  # noqa: BLE001 - whatever an engine throws is an end of the job to be reported
            _give_up(workplace, order, error)
        else:
            _deliver(workplace, order, context, outcome)


def _handler_for(workplace: Workplace, order: WorkOrder) -> Handler:
    try:
        return workplace.handlers[order.kind]
    except KeyError:
        raise WrongQueue(f"This worker has no engine for {order.kind} jobs.") from None


def _deliver(workplace: Workplace, order: WorkOrder, context: JobContext, outcome: Mapping[str, object]) -> None:
    context.finish()
    seconds = context.metrics
    try:
        accepted = workplace.api.result(order.job_id, order.lease, outcome, seconds)
    except (JobSuperseded, NotFound) as error:
        logger.info("Finished, and not wanted any more: %s", error.detail)
    except ApiUnreachable:
        return  # said by the client; the lease runs out and the job is worked again
    except VocalyxError as error:
        _give_up(workplace, order, error)
    else:
        workplace.card.count_done(order)
        remark = "" if accepted else "; another worker was first"
        logger.info("Finished the %s job in %.1f s%s.", order.kind, seconds["total_seconds"], remark)


def _put_down(workplace: Workplace, order: WorkOrder, stopped: JobStopped) -> None:
    if stopped.reason is StopReason.HANDED_BACK:
        _hand_back(workplace, order)
    else:
        logger.info("Stopped: %s.", stopped.reason)


def _hand_back(workplace: Workplace, order: WorkOrder) -> None:
    try:
        workplace.api.release(order.job_id, order.lease)
    except VocalyxError as error:
        logger.warning("Could not hand the job back; it is queued again when its lease runs out. %s", error.detail)
    else:
        logger.info("Handed back.")


def _give_up(workplace: Workplace, order: WorkOrder, error: Exception) -> None:
    workplace.card.count_failed()
    told, retryable = _as_told(error)
    trace = error if isinstance(told, WorkerFault) else None
    logger.error("The %s job failed (%s): %s", order.kind, told.code, told.detail, exc_info=trace)
    try:
        workplace.api.failure(order.job_id, order.lease, told, retryable=retryable)
    except VocalyxError as unsaid:
        logger.warning("The failure could not be reported; the lease will run out. %s", unsaid.detail)


def _as_told(error: Exception) -> tuple[VocalyxError, bool]:
    """Return the error as a person may read it, and whether another try may help.

    What lies in the recording or in the request (a status below 500) is as it is: damaged media, a missing file, an
    unknown model. What lies in the machine may pass.
    """
    if isinstance(error, VocalyxError):
        return error, error.status >= _FIRST_SERVER_ERROR
    if isinstance(error, MemoryError):
        return OutOfMemory(), True
    return WorkerFault(f"{type(error).__name__}: {error}"), True
