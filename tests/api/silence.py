"""The system's resolver, to which nobody answers for some names."""

import socket
import threading
from collections import Counter
from typing import Any


class Silence:
    """Nobody answers for names in silent.example until it is `over`; other names in .example are this machine's."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.asked: Counter[str] = Counter()
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: Any, *args: Any, **options: Any) -> Any:
        if not str(host).endswith(".example"):
            return self._real(host, *args, **options)
        self.asked[host] += 1
        if host.endswith(".silent.example"):
            self.over.wait()
        return self._real("127.0.0.1", *args, **options)
