"""How gunicorn serves one API instance: one process; HAProxy balances over instances."""

import os
import resource

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.logs import ContextFilter, formatter
from app.notify import OWN_SOCKET
from app.settings import load_settings

_OPEN_FILES = 65_536

_settings = load_settings()


class _Log(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's own lines, in the format of all others where that is JSON."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        if _settings.log_format == "json":
            for handler in self.error_log.handlers:
                handler.addFilter(ContextFilter())
                handler.setFormatter(formatter(_settings.log_format))


# A listener is an open file, and the limit that processes are usually begun with (1024) is meant to be raised by those
# who need more: as far as is permitted.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_most = _OPEN_FILES if _hard == resource.RLIM_INFINITY else min(_hard, _OPEN_FILES)
if _soft != resource.RLIM_INFINITY and _soft < _most:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _hard))

# systemd is told by the application itself, once it can answer; gunicorn would say so before it has loaded it.
if _socket := os.environ.pop("NOTIFY_SOCKET", None):
    os.environ[OWN_SOCKET] = _socket

bind = [_settings.bind]
workers = 1
worker_class = "aiohttp.GunicornWebWorker"
# A slow upload is not a hang: aiohttp's event loop notifies the arbiter while it streams.
timeout = 60
graceful_timeout = 20
keepalive = 75
accesslog = None
errorlog = "-"
logger_class = _Log
loglevel = "warning"
control_socket_disable = True
