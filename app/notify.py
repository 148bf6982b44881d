"""Tells systemd how a process is doing (`Type=notify`, `WatchdogSec=`), as sd_notify(3) describes; silent elsewhere."""

import os
import socket
from collections.abc import Mapping

OWN_SOCKET = "VOCALYX_NOTIFY_SOCKET"
"""Where the socket's path is kept from gunicorn, which would say that it is ready before the application is."""


class ServiceManager:
    """The one that started this process, where it listens at `$NOTIFY_SOCKET`."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET") or environment.get(OWN_SOCKET, "")
        # "@" stands for the NUL that begins the name of a socket in the abstract namespace.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path

    def ready(self) -> None:
        """All is loaded and connected: work may come."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The process was asked to exit."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """The process does its work, or has none."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(message.encode(), self._address)
        except OSError:
            # A manager that is just restarting is no reason to fail a job; its watchdog judges the silence.
            return
