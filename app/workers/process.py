"""The life of a worker process, from its settings to its last log line."""

import logging
import os
import socket
import time
from collections.abc import Callable
from functools import partial

from pydantic import ValidationError

from app.core.errors import VocalyxError
from app.logs import configure_logging, name_process
from app.notify import ServiceManager
from app.queueing.connections import connect, wait_until_up
from app.queueing.queues import QueueName
from app.settings import Settings, load_settings
from app.workers import environment
from app.workers.api_client import InternalApi
from app.workers.card import Card
from app.workers.control import JobControl
from app.workers.entry import Engines, Workplace, furnish
from app.workers.memory import memory_limit
from app.workers.resident import ResidentWorker
from app.workers.turn import Turn

EXIT_MISCONFIGURED = 78
"""EX_CONFIG of sysexits(3): starting again without a change would end the same way."""

LoadEngines = Callable[[Settings], Engines]
"""Imports the engines and loads what they need from the start."""

logger = logging.getLogger(__name__)


class NoInternalKey(VocalyxError):
    code = "no-internal-key"
    title = "The worker has no key for the API"
    default_detail = "VOCALYX_INTERNAL_KEY is not set."
    default_remedy = (
        "Give the worker the key that the API has: in the environment, or as the credential `vocalyx_internal_key`."
    )


def run(queue: QueueName, load_engines: LoadEngines) -> int:
    """Run a worker until it is asked to stop; return the process's exit status."""
    try:
        settings = load_settings()
    except ValidationError as error:
        configure_logging()
        # The sentences say it all; a trace would hide them.
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            logger.error("The setting VOCALYX_%s cannot be used: %s.", name, problem["msg"])  # noqa: TRY400
        return EXIT_MISCONFIGURED
    configure_logging(settings.log_level, settings.log_format, settings.log_file)
    environment.prepare(settings.threads)
    name = settings.worker_name or f"{queue}-{socket.gethostname()}-{os.getpid()}"
    name_process(worker=name)
    try:
        _serve(queue, settings, name, load_engines)
    except VocalyxError as error:
        # The sentences say it all; a trace would hide them.
        logger.error("The %s worker cannot start: %s %s", queue, error.detail, error.remedy)  # noqa: TRY400
        return EXIT_MISCONFIGURED
    return 0


def _serve(queue: QueueName, settings: Settings, name: str, load_engines: LoadEngines) -> None:
    key = settings.internal_key.get_secret_value()
    if not key:
        raise NoInternalKey
    manager = ServiceManager()
    manager.status("loading models")
    begun = time.monotonic()
    engines = load_engines(settings)
    logger.info("Engines ready in %.1f s, %d threads.", time.monotonic() - begun, settings.threads)
    control = JobControl()
    api = InternalApi(settings.api_url, key, control)
    card = Card(models=engines.models, limit=memory_limit(settings.memory_limit), threads=settings.threads)
    furnish(
        Workplace(
            worker=name,
            api=api,
            control=control,
            handlers=engines.handlers,
            stall_timeout_seconds=settings.stall_timeout,
            turn=Turn(settings.compute_lock),
            card=card,
        )
    )
    with connect(settings.redis_url.get_secret_value(), name=name) as connection:
        wait_until_up(connection)
        worker = ResidentWorker(
            queue,
            name=name,
            connection=connection,
            control=control,
            stall_timeout_seconds=settings.stall_timeout,
            manager=manager,
            adviser=partial(_advice, api, queue),
            card=card,
        )
        worker.serve()


def _advice(api: InternalApi, queue: QueueName) -> str | None:
    """Return which job the API would have begun first; None, which means the next one, where it does not say."""
    try:
        return api.first(queue)
    except VocalyxError as error:
        logger.debug("No advice on which job comes first: %s", error.detail)
        return None
