"""How gunicorn serves the queue dashboard: one process, a few threads, on loopback."""

from app.settings import load_settings

bind = [load_settings().bind]
workers = 1
threads = 4
timeout = 60
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
