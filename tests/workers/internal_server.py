"""A real HTTP server that speaks the internal protocol from the API's end, and remembers what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import uuid4

from app.core.jobs import JobKind
from app.core.options import TranscriptionOptions

KEY = "a key for tests"

_CODES = {404: "not-found", 410: "job-superseded"}


@dataclass
class InternalServer:
    """Grants every job in `orders`; `answers` overrides the status of a verb; `told` is what came, in order.

    `strangers` has verbs that something else answers at this address, with a status and a page.
    `advised` is the job that ought to come first, if any.
    """

    url: str = ""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    strangers: dict[str, tuple[int, str]] = field(default_factory=dict)
    advised: str | None = None
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def give(self, kind: JobKind = JobKind.CHUNK, *, audio: str = "loop", lease_seconds: float = 30) -> str:
        """Make up a job that the next claim is granted."""
        job_id = str(uuid4())
        self.orders[job_id] = {
            "job_id": job_id,
            "kind": str(kind),
            "lease": f"lease of {job_id}",
            "lease_seconds": lease_seconds,
            "attempt": 1,
            "transcription_id": str(uuid4()),
            "audio": audio,
            "options": TranscriptionOptions().to_dict(),
            "language": "en",
            "duration_seconds": 60.0,
            "chunk": {"start": 0.0, "end": 30.0, "speech": None},
            "segments": None,
        }
        return job_id

    def bodies(self, verb: str, job_id: str | None = None) -> list[dict[str, Any]]:
        """Return what came under a verb, taken or refused."""
        with self.news:
            return [body for told, job, body in self.told if told == verb and job_id in (None, job)]

    def wait_for(self, verb: str, job_id: str | None = None, *, count: int = 1, timeout: float = 20) -> dict[str, Any]:
        """Return the last of `count` reports of a kind, as soon as they have come."""
        with self.news:
            came = self.news.wait_for(lambda: len(self._matching(verb, job_id)) >= count, timeout)
            assert came, f"no {verb} in {timeout} s, but {[told[0] for told in self.told]}"
            return self._matching(verb, job_id)[-1]

    def _matching(self, verb: str, job_id: str | None) -> list[dict[str, Any]]:
        return [body for told, job, body in self.told if told == verb and job_id in (None, job)]

    def answer(self, verb: str, job_id: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Remember a report, and decide on it as the API would."""
        with self.news:
            self.told.append((verb, job_id, body))
            self.news.notify_all()
        status = self.answers.get(verb, 200)
        order = self.orders.get(job_id)
        if status != 200:
            return status, {"detail": "as the test wants it"}
        if verb == "first":
            return 200, {"job_id": self.advised}
        if order is None:
            return 404, {}
        if verb == "claim":
            return 200, order
        if body["lease"] != order["lease"]:
            return 410, {}
        return 200, {"result": {"accepted": True}, "heartbeat": {"lease_seconds": order["lease_seconds"]}}.get(verb, {})


@contextmanager
def running_internal_server(port: int = 0) -> Iterator[InternalServer]:
    """Serve on a free port of 127.0.0.1 until left."""
    state = InternalServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            job_id, verb, *_ = self.path.split("/")[3:]  # /internal/jobs/<id>/voices/3
            if self.headers.get("X-Internal-Key") != KEY:
                status, answer = 401, {}
            else:
                status, answer = state.answer(verb, job_id, body)
            if status in _CODES:
                answer = {"code": _CODES[status], "instance": self.path} | answer
            content = json.dumps(answer).encode()
            if (stranger := state.strangers.get(verb)) is not None:
                status, content = stranger[0], stranger[1].encode()
            self.send_response(status)
            if status == HTTPStatus.SERVICE_UNAVAILABLE:
                self.send_header("Retry-After", "5")  # as the API does
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # workers are killed here, and hang up
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
