"""The worker that stays: one process, one job at a time, engines loaded once."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from redis import Redis
from redis.client import Pipeline, PubSub, PubSubWorkerThread
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job
from rq.job_lifecycle import format_exc_info
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.utils import now, utcformat
from rq.worker.base import WorkerStatus
from typing_extensions import override

from app.core.errors import Conflict
from app.notify import ServiceManager
from app.queueing.queues import QueueName, open_queue, take_instead
from app.workers.card import Card
from app.workers.control import JobControl, StopReason
from app.workers.signals import EXIT_FORCED, SignalWatch

BEAT_SECONDS = 5.0
HOLD_SECONDS = 30
"""How long Redis says that a silent worker still has its job: six beats, so that a native call that keeps the
interpreter's lock for seconds does not look like death."""
CARD_SECONDS = 60
"""How long the worker itself is still listed after its last beat."""
LISTEN_SECONDS = 20
"""RQ's `worker_ttl`; it blocks on the queue for 15 seconds less than that at a time. (A signal that comes in the very
instant before it blocks is obeyed after that.)"""
MAINTENANCE_SECONDS = 60
HANG_GRACE_SECONDS = 60
"""How long after its lease ran out for want of progress a job may still come to life."""
_BEATS_TO_PROVE_DEATH = 3
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5.0

# The entry is deleted only while it is this worker's: a job handed back or failed may be queued again already, under
# the same id, before the worker that had it comes to clear up.
_DELETE_IF_MINE = "if redis.call('HGET', KEYS[1], 'worker_name') == ARGV[1] then return redis.call('DEL', KEYS[1]) end"

Adviser = Callable[[], str | None]

logger = logging.getLogger(__name__)


class WorkerNameTaken(Conflict):
    code = "worker-name-taken"
    title = "Another worker has this name"
    default_remedy = "Stop the other one, or give this one its own VOCALYX_WORKER_NAME."


class NoDeathPenalty(BaseDeathPenalty):
    """No time limit. RQ's own would set SIGALRM to fire after `job_timeout`, which for -1 is arithmetic by luck."""

    def setup_death_penalty(self) -> None:
        """Set nothing."""

    def cancel_death_penalty(self) -> None:
        """Cancel nothing."""


class ResidentWorker(SimpleWorker):
    """A worker that keeps its models, and is still seen, stopped and replaced like one that does not.

    Why not RQ's `Worker`: it forks for each job. Models would be loaded anew each time, and a process that has loaded
    CTranslate2, torch or llama.cpp hangs in the forked child, for the libraries' threads stay behind in the parent.

    Why not its `SimpleWorker` as it is:

    - It sends no heartbeat while it works, and so takes the whole job timeout (for us: for ever) as its time to live;
      what a killed worker had stays "started". Here a thread beats every 5 seconds, and Redis drops the hold 30
      seconds after the last beat. Each beat writes the whole entry, so a wiped Redis knows the worker and its job
      again 5 seconds later.
    - It ignores the stop command, which kills a forked child that it does not have. Here the command, like SIGTERM and
      like the API's 410, sets a reason in `JobControl`, and the job stops at its next checkpoint.
    - Its loop ends on the first Redis error outside of the blocking pop. Here it waits, growing pauses, until Redis is
      back; a job at work notices nothing, for it only talks to the API.
    - When a job ends it deletes the job's entry even where the job was queued again meanwhile under the same id.
    - It waits for ever for a job that hangs. Here the worker ends itself when a job has shown no sign of life for long.
    - It takes what is at the head of the queue. Here the API may advise another job, for everyone to have a fair share.

    The first SIGTERM or SIGINT asks the job to hand itself back and ends the worker after that; a second one, a second
    or more later, ends it at once.
    """

    death_penalty_class = NoDeathPenalty
    max_connection_wait_time = _LONGEST_PAUSE_SECONDS

    def __init__(
        self,
        queue: QueueName,
        *,
        name: str,
        connection: Redis,
        control: JobControl,
        stall_timeout_seconds: float,
        manager: ServiceManager | None = None,
        adviser: Adviser | None = None,
        card: Card | None = None,
    ) -> None:
        """`adviser` names the job to begin in place of the one at the head of the queue; None: that one."""
        self._card = card or Card()
        super().__init__(
            [open_queue(connection, queue)],
            name=name,
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=0,
            worker_ttl=LISTEN_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        self._control = control
        self._stall_timeout_seconds = stall_timeout_seconds
        self._manager = manager or ServiceManager()
        self._adviser = adviser
        self._queue_name = queue
        self._delete_if_mine = connection.register_script(_DELETE_IF_MINE)
        self._bookkeeping = threading.Lock()
        self._in_hand: tuple[Job, Execution] | None = None
        self._listening = False
        self._registered = False
        self._closing = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    # The loop

    def serve(self, *, burst: bool = False) -> None:
        """Take jobs until asked to stop; with `burst`, until the queue is empty."""
        with SignalWatch(self._ask_to_stop, self._interrupt):
            try:
                self._insist(self._register)
                self._registered = True
                self._heart.start()
                self._manager.ready()
                logger.info("Waiting for jobs on the queue %s as %s.", ",".join(self.queue_names()), self.name)
                self._take_jobs(burst=burst)
            except StopRequested:
                pass
            finally:
                self._leave()

    def _take_jobs(self, *, burst: bool) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop_requested:
            try:
                self.check_for_suspension(burst)
                taken = self._next(burst=burst)
                if taken is None:
                    return
                self.execute_job(*taken)
                pause = _FIRST_PAUSE_SECONDS
            except RedisError as error:
                logger.warning("Redis does not answer (%s); trying again in %.1f s.", error, pause)
                time.sleep(pause)
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            except StopRequested:
                raise
            except Exception:
                # An entry that cannot be read was popped already: the next one may be better.
                logger.exception("A queue entry could not be worked; passing over it.")
                time.sleep(_FIRST_PAUSE_SECONDS)

    def _next(self, *, burst: bool) -> tuple[Job, Queue] | None:
        self._listening = True
        try:
            if self._stop_requested:
                raise StopRequested
            taken = self.dequeue_job_and_maintain_ttl(None if burst else self.dequeue_timeout)
        finally:
            self._listening = False
        return taken and self._fairest(*taken)

    def _fairest(self, taken: Job, queue: Queue) -> tuple[Job, Queue]:
        """Return the job that ought to be begun first, the one taken being put back; that one where there is doubt."""
        wanted = self._adviser() if self._adviser else None
        if wanted is None or wanted == taken.id:
            return taken, queue
        if not take_instead(self.connection, self._queue_name, taken.id, wanted):
            return taken, queue
        return Job.fetch(wanted, connection=self.connection, serializer=JSONSerializer), queue

    @override
    def execute_job(self, job: Job, queue: Queue) -> None:
        """Work one job in this very thread, the heart beating beside."""
        self._control.begin()
        if self._stop_requested:
            self._control.request_stop(StopReason.HANDED_BACK)
        execution = self.prepare_execution(job)
        with self._bookkeeping:
            self._in_hand = (job, execution)
        self._manager.status(f"working on job {job.id}")
        try:
            self.perform_job(job, queue, execution)
        finally:
            with self._bookkeeping:
                self._in_hand = None
            self.executions.pop(execution.id, None)
            self._stopped_job_id = None
            self._manager.status("waiting for jobs")
        self._insist(partial(self.set_state, WorkerStatus.IDLE))

    @override
    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run the job and clear up behind it, waiting for Redis to come back where it must."""
        self.prepare_job_execution(job, remove_from_intermediate_queue=True)
        ending: Callable[[], None]
        try:
            job.perform()
        except Exception as error:
            failure = format_exc_info((type(error), error, error.__traceback__))
            logger.exception("Job %s ended outside of its own error handling.", job.id)
            ending = partial(self.handle_job_failure, job, queue, exc_string=failure, execution=execution)
            succeeded = False
        else:
            ending = partial(self.handle_job_success, job, queue, queue.started_job_registry, execution)
            succeeded = True
        with self._bookkeeping:
            self._in_hand = None  # no beat may write the hold anew once it is given up
        job.ended_at = now()
        self._insist(ending)
        return succeeded

    @override
    def handle_job_success(
        self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry, execution: Execution
    ) -> None:
        """Clear the job away, unless it was queued again meanwhile. Nothing of its result was ever in Redis."""
        with self.connection.pipeline() as pipe:
            self._delete_if_mine(keys=[job.key], args=[self.name], client=pipe)
            pipe.zrem(FailedJobRegistry(queue=queue).key, job.id)
            self.cleanup_execution(job, pipe, execution)
            self.increment_successful_job_count(pipe)
            if job.started_at and job.ended_at:
                self.increment_total_working_time(job.ended_at - job.started_at, pipe)
            pipe.execute()

    # Being seen

    @override
    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return how long a silent worker is believed to be at its job, in seconds, however long the job may take."""
        return HOLD_SECONDS

    @override
    def serialize(self) -> dict[str, Any]:
        """Return what Redis holds of the worker; how long it may be silent is said, for readers to judge it by."""
        known = {name: value for name, value in super().serialize().items() if value is not None}
        return known | self._card.fields() | {"card_seconds": CARD_SECONDS, "hold_seconds": HOLD_SECONDS}

    def announce(self) -> None:
        """Write the worker, and the job that it has in hand, into Redis as if for the first time."""
        said: dict[Any, Any] = self.serialize()
        with self._bookkeeping, self.connection.pipeline() as pipe:
            self.last_heartbeat = now()
            said |= {"last_heartbeat": utcformat(self.last_heartbeat), "state": WorkerStatus(self.get_state()).value}
            if self._in_hand is not None:
                said["current_job"] = self._in_hand[0].id
            pipe.hset(self.key, mapping=said)
            pipe.expire(self.key, CARD_SECONDS)
            worker_registration.register(self, pipe)
            if self._in_hand is not None:
                self._hold(*self._in_hand, pipe)
            pipe.execute()

    def _hold(self, job: Job, execution: Execution, pipe: Pipeline) -> None:
        execution.last_heartbeat = now()
        execution.save(HOLD_SECONDS, pipe)
        ExecutionRegistry(job.id, self.connection).add(execution, HOLD_SECONDS, pipe)
        job.started_job_registry.add_execution(execution, pipe, ttl=HOLD_SECONDS)
        pipe.sadd(self.executions_key, execution.composite_key)
        pipe.expire(self.executions_key, CARD_SECONDS)

    def _beat(self) -> None:
        lost = False
        while not self._closing.wait(BEAT_SECONDS):
            try:
                self.announce()
            except RedisError as error:
                if not lost:
                    logger.warning("Redis does not answer (%s). A job at work goes on.", error)
                lost = True
            else:
                if lost:
                    logger.info("Redis is back, and knows this worker again.")
                lost = False
            self._judge_silence()

    def _judge_silence(self) -> None:
        """Feed the watchdog while the job moves; end the process where it hangs for good.

        The lease of a job that stands still is not renewed, so what it computes is for nothing. A thread that hangs in
        a native call cannot be stopped, and not every supervisor has a watchdog.
        """
        silent = self._control.silent_seconds if self._in_hand is not None else 0.0
        if silent < self._stall_timeout_seconds:
            self._manager.alive()
        elif silent > self._stall_timeout_seconds + HANG_GRACE_SECONDS:
            logger.critical("The job has hung for %.0f s: ending this worker, for another to take its place.", silent)
            os._exit(EXIT_FORCED)

    @override
    def register_birth(self) -> None:
        """Register, over the card that a killed predecessor of the same name may have left."""
        card = cast("dict[bytes, bytes]", self.connection.hgetall(self.key))
        if card and b"death" not in card:
            self._make_sure_it_is_dead(card)
            self.connection.delete(self.key)
        super().register_birth()

    def _make_sure_it_is_dead(self, card: dict[bytes, bytes]) -> None:
        """Raise `WorkerNameTaken` if the owner of this card still beats."""
        here = (self.hostname or "").encode() == card.get(b"hostname")
        if here and not _is_other_process(int(card.get(b"pid", b"0") or 0)):
            return
        patience = _BEATS_TO_PROVE_DEATH * BEAT_SECONDS
        logger.warning("A worker named %s is registered; listening for its heartbeat for %.0f s.", self.name, patience)
        before = card.get(b"last_heartbeat")
        time.sleep(patience)
        if self.connection.hget(self.key, "last_heartbeat") not in (None, before):
            raise WorkerNameTaken(f"A worker named {self.name} is alive.")

    def _register(self) -> None:
        self.register_birth()
        if self.pubsub_thread is None:
            self.subscribe()
        self.set_state(WorkerStatus.STARTED)

    def _leave(self) -> None:
        self._manager.stopping()
        self._closing.set()
        if self._heart.ident is not None:
            self._heart.join(BEAT_SECONDS)
        if self._registered:
            try:
                self.teardown()
            except RedisError as error:
                logger.warning("Left without signing off, for Redis does not answer (%s).", error)
        logger.info("Stopped.")

    # Being stopped

    def _ask_to_stop(self, signal_name: str) -> None:
        """Let the job hand itself back, and end. Called from the thread that listens for signals."""
        busy = "; the job hands itself back at its next checkpoint" if self._in_hand else ""
        logger.info("Asked to stop (%s)%s.", signal_name, busy)
        self._stop_requested = True
        self._control.request_stop(StopReason.HANDED_BACK)

    def _interrupt(self) -> None:
        """Leave the wait for a job. Runs as a signal handler, so it touches neither Redis nor locks."""
        self._stop_requested = True
        self._control.request_stop(StopReason.HANDED_BACK)
        if self._listening:
            raise StopRequested

    @override
    def kill_horse(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """Stop the job in hand: what RQ's stop command comes to. Called from the thread that listens for commands."""
        self._control.request_stop(StopReason.CANCELLED)

    @override
    def handle_payload(self, message: dict[str, Any]) -> None:
        """Obey a command; one that cannot be read does not end the thread that listens for them."""
        try:
            super().handle_payload(message)
        except (ValueError, KeyError, RedisError) as error:
            logger.warning("A command was not understood: %r", error)

    @override
    def _pubsub_exception_handler(self, exc: Exception, pubsub: PubSub, pubsub_thread: PubSubWorkerThread) -> None:
        # RQ lets the thread end on anything but a lost connection, and with it every later stop command.
        if not self._closing.is_set():
            logger.debug("The command channel is interrupted (%r).", exc)
            time.sleep(_FIRST_PAUSE_SECONDS)

    # Waiting for Redis

    def _insist(self, step: Callable[[], object]) -> None:
        """Do a step in Redis, and do it again until Redis takes it or the worker is to stop."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                step()
            except RedisError as error:
                if self._stop_requested:
                    logger.warning("Redis does not answer (%s); it clears the job away by itself later.", error)
                    return
                logger.warning("Redis does not answer (%s); trying again in %.1f s.", error, pause)
                time.sleep(pause)
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            else:
                return


def _is_other_process(pid: int) -> bool:
    """Tell whether a process of this number runs here, other than this one (numbers repeat in containers)."""
    if pid in (0, os.getpid()):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
