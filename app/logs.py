"""One line an event: `key=value` after the message, or one JSON object, with what the running request or job is about.

`request` is the request's own id, `transcription` what it is about, `origin` the id of the request that sent the
recording: a grep for either of the last two finds its way through the API and the workers.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

from app.log_file import FileBeside

log_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated, only replaced

LogFormat = Literal["text", "json"]

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What is taken for the id of a request: nothing that could end a line, or pretend to be another field of it."""

TRANSCRIPTION_HEADER = "X-Transcription-ID"
ORIGIN_HEADER = "X-Origin-Request-ID"
"""By these two headers workers say what their calls of the API are about."""

logger = logging.getLogger(__name__)


_of_this_process: dict[str, str] = {}


def name_process(**names: str) -> None:
    """Say in every later line of this process, whichever thread writes it, who it is."""
    _of_this_process.update(names)


def add_to_log(**names: str | None) -> None:
    """Say in every later line of the running request or job what it is about; what is None or empty is left out."""
    log_context.set(log_context.get() | {name: value for name, value in names.items() if value})


@contextmanager
def named_in_log(**names: str | None) -> Iterator[None]:
    """The same for the lines of a block."""
    token = log_context.set(log_context.get())
    add_to_log(**names)
    try:
        yield
    finally:
        log_context.reset(token)


class ContextFilter(logging.Filter):
    """Puts the context of the running request or job behind each message."""

    def filter(self, record: logging.LogRecord) -> bool:
        named = _of_this_process | log_context.get() | getattr(record, "fields", {})
        record.named = named
        record.context = "".join(f" {name}={value}" for name, value in named.items())
        return True


class JsonFormatter(logging.Formatter):
    """One object a line: `time`, `level`, `logger`, `message`, what the line is about, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        named: Mapping[str, object] = getattr(record, "named", {})
        line |= {name: str(value) for name, value in named.items() if name not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Escaped where it is not ASCII: the locale of a service may know nothing else, and no line end is left in it.
        return json.dumps(line)


def formatter(log_format: LogFormat) -> logging.Formatter:
    """Return what writes lines of a format, once `ContextFilter` has seen them. In text the time is left to journald."""
    if log_format == "json":
        return JsonFormatter()
    return logging.Formatter("%(levelname)-7s %(name)s: %(message)s%(context)s")


def configure_logging(level: str = "INFO", log_format: LogFormat = "text", log_file: Path | None = None) -> None:
    """Send every logger's lines to standard error, and, where a file is named, as JSON to that file too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(ContextFilter())
    handler.setFormatter(formatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    if log_file is not None:
        beside = FileBeside(log_file)
        beside.addFilter(ContextFilter())
        beside.setFormatter(JsonFormatter())
        root.addHandler(beside)
    root.setLevel(level.upper())
    # peewee's lines would besides have in them what is stored: secrets that sign, addresses, text.
    for noisy in ("rq.worker", "urllib3", "faster_whisper", "httpx", "peewee"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if log_format == "json":
        # What Python itself would write in many lines is an object, too.
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_the_end
        threading.excepthook = _log_the_end_of_a_thread


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logger.critical("This process ends by an error.", exc_info=(kind, error, trace))


def _log_the_end_of_a_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        logger.critical("A thread ends by an error.", exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback))
