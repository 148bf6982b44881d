"""One line an event, `key=value` after the message: what journald and the supervisor's log show."""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

log_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated, only replaced


class ContextFilter(logging.Filter):
    """Puts the context of the running request or job behind each message."""

    def filter(self, record: logging.LogRecord) -> bool:
        context: MutableMapping[str, Any] = dict(log_context.get())
        context.update(getattr(record, "fields", {}))
        record.context = "".join(f" {name}={value}" for name, value in context.items())
        return True


def configure_logging(level: str = "INFO") -> None:
    """Send every logger's lines to standard error. The time is left to journald or the supervisor."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(ContextFilter())
    handler.setFormatter(logging.Formatter("%(levelname)-7s %(name)s: %(message)s%(context)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # peewee's lines would besides have in them what is stored: secrets that sign, addresses, text.
    for noisy in ("rq.worker", "urllib3", "faster_whisper", "httpx", "peewee"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
