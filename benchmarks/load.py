"""Requests as fast as they are answered, over connections that stay: a process of its own, `python -m benchmarks.load`.

It reads what to do as JSON from standard input, so that no credentials are in the list of processes. Written on the bare
protocol: it does a small part of the work that the server does, so that the server is what is measured.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

_GRACE_SECONDS = 60
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """`connections` each ask for one path after the other, beginning at different ones, for `seconds`."""

    url: str
    paths: list[str]
    headers: dict[str, str]
    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: latencies are in milliseconds, `cpu` is the share of a core that asking took."""

    requests: int
    a_second: float
    median: float
    p99: float
    cpu: float


def run(load: Load) -> Outcome:
    """Run a load in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(load)), capture_output=True, text=True, check=False,
        timeout=load.seconds + _GRACE_SECONDS,
    )  # fmt: skip
    if finished.returncode:
        raise RuntimeError(f"the load failed: {finished.stderr[-2000:]}")
    return Outcome(**json.loads(finished.stdout))


class _Connection(asyncio.Protocol):
    """One request at a time; anything but a 200 ends the whole load."""

    def __init__(self, requests: Sequence[bytes], first: int, until: float, over: asyncio.Future[None]) -> None:
        self._requests = requests
        self._next = first
        self._until = until
        self._over = over
        self._received = bytearray()
        self._length = 0
        self._asked = 0.0
        self.milliseconds: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._length = 0
        self._asked = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._length:
            head = self._received.find(_END_OF_HEAD)
            if head < 0:
                return
            self._length = head + len(_END_OF_HEAD) + _content_length(self._received[:head])
        if len(self._received) < self._length:
            return
        if not self._received.startswith(b"HTTP/1.1 200 "):
            self._end(RuntimeError(self._received[:1000].decode(errors="replace")))
            return
        now = time.perf_counter()
        self.milliseconds.append(1000 * (now - self._asked))
        self._received.clear()
        if now < self._until:
            self._ask()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or (None if self._over.done() else ConnectionError("the server closed a connection")))

    def _end(self, error: Exception | None) -> None:
        if not self._over.done():
            if error is None:
                self._over.set_result(None)
            else:
                self._over.set_exception(error)
        self._transport.close()


def _content_length(head: bytearray) -> int:
    for line in bytes(head).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise RuntimeError("an answer without a length")


async def _send(load: Load) -> Outcome:
    address = urlsplit(load.url)
    fields = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    requests = [f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{fields}\r\n".encode() for path in load.paths]
    loop = asyncio.get_running_loop()
    started, cpu = time.perf_counter(), time.process_time()
    connections = [
        _Connection(requests, number, started + load.seconds, loop.create_future())
        for number in range(load.connections)
    ]
    for connection in connections:
        await loop.create_connection(lambda connection=connection: connection, address.hostname, address.port)
    await asyncio.gather(*(connection._over for connection in connections))  # noqa: SLF001 - this module's own
    seconds = time.perf_counter() - started
    cpu = time.process_time() - cpu
    latencies = [latency for connection in connections for latency in connection.milliseconds]
    hundredths = quantiles(latencies, n=100)
    return Outcome(len(latencies), len(latencies) / seconds, hundredths[49], hundredths[98], cpu / seconds)


def main() -> None:
    wanted: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(asdict(asyncio.run(_send(Load(**wanted))))))


if __name__ == "__main__":
    main()
