"""How gunicorn serves one API instance: one process; HAProxy balances over instances."""

from app.settings import load_settings

_settings = load_settings()

bind = [_settings.bind]
workers = 1
worker_class = "aiohttp.GunicornWebWorker"
# A slow upload is not a hang: aiohttp's event loop notifies the arbiter while it streams.
timeout = 60
graceful_timeout = 20
keepalive = 75
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
