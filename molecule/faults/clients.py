"""Those who use the site while it is struck: some ask, some look at the page, some send recordings and send again."""

import contextlib
import csv
import io
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from client import basic, form

_FINAL = frozenset({"done", "error", "cancelled"})
_PATIENCE_SECONDS = 10.0
_UPLOAD_PATIENCE_SECONDS = 60.0
_LOGIN_PATIENCE_SECONDS = 60.0
_AGAIN_SECONDS = 2.0
_AT_ONCE = 64
_PROJECT = "default"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came of one request: `status` is HTTP's, or why there is none; times are of time.monotonic()."""

    kind: str
    begun: float
    ended: float
    status: str

    @property
    def failed(self) -> bool:
        return self.status not in {"200", "201"}


@dataclass
class Sent:
    """A recording that a client sends until it is accepted; `identifier` is empty until then."""

    begun: float
    tries: int = 0
    identifier: str = ""
    state: str = ""


@dataclass(frozen=True)
class Address:
    """Where the site is, and who comes to it."""

    host: str
    password: str
    stats_password: str

    @property
    def api(self) -> str:
        return f"http://{self.host}:8000"

    @property
    def page(self) -> str:
        return f"http://{self.host}:8080/"


def fetch(
    url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None, seconds: float = _PATIENCE_SECONDS
) -> tuple[str, bytes]:
    """Ask once, without trying again, and return the status, or why there is none, and the body."""
    request = urllib.request.Request(url, body, headers or {}, method="GET" if body is None else "POST")
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return str(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return str(error.code), b""
    except TimeoutError:
        return f"no answer in {seconds:.0f} s", b""
    except urllib.error.URLError as error:
        return _reason(error.reason, seconds), b""
    except OSError as error:
        return _reason(error, seconds), b""


def _reason(error: object, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {seconds:.0f} s"
    return "refused" if isinstance(error, ConnectionRefusedError) else "cut off"


@dataclass
class Session:
    """One login, made when it is needed first; it lasts for hours."""

    address: Address
    _token: str = ""

    def headers(self) -> dict[str, str]:
        if not self._token:
            body = json.dumps({"username": "admin", "password": self.address.password}).encode()
            status, text = fetch(
                self.address.api + "/api/auth/token", body=body, headers=_JSON, seconds=_LOGIN_PATIENCE_SECONDS
            )
            if not text:
                raise SystemExit(f"The site lets nobody in: {status}. Deploy it first: molecule converge -s site")
            self._token = json.loads(text)["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    def have_project(self, name: str) -> None:
        """Make sure that there is a project of this name."""
        known = self.read("/api/projects")
        if known is None or all(project["name"] != name for project in known["items"]):
            body = json.dumps({"name": name}).encode()
            status, _ = fetch(self.address.api + "/api/projects", body=body, headers=self.headers() | _JSON)
            if status != "201":
                raise SystemExit(
                    f"The project {name} cannot be made: {status}. See: molecule/lab/lab exec api1 journalctl"
                )

    def read(self, path: str) -> Any:
        """Return the JSON at a path, or None where the site does not give it."""
        status, text = fetch(self.address.api + path, headers=self.headers())
        return json.loads(text) if status == "200" else None


@dataclass
class Clients:
    """All of them, for as long as the `with` lasts."""

    address: Address
    recordings: list[Path]
    requests_a_second: float = 3.0
    seconds_a_recording: float = 15.0
    answers: list[Answer] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.session = Session(self.address)
        self.session.have_project(_PROJECT)
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        every = 1 / self.requests_a_second
        self._threads = [
            threading.Thread(target=self._beat, args=(every, self._ask)),
            threading.Thread(target=self._beat, args=(1.0, self._look_at_page)),
            threading.Thread(target=self._beat, args=(self.seconds_a_recording, self._send)),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Begin nothing more, and let what has begun come to its end."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()

    def between(self, begun: float, ended: float) -> list[Answer]:
        return [answer for answer in self.answers if begun <= answer.begun < ended]

    def calm_since(self) -> float:
        """Return when the last request ended that came to nothing."""
        return max((answer.ended for answer in self.answers if answer.failed), default=0.0)

    def settle(self, seconds: float, say: Callable[[str], None]) -> None:
        """Wait until every accepted recording has come to its end, and note how."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            waiting = [sent for sent in self.sent if sent.identifier and sent.state not in _FINAL]
            for sent in waiting:
                found = self.session.read(f"/api/transcriptions/{sent.identifier}")
                sent.state = found["state"] if found else "not found"
            if not any(sent.state not in _FINAL for sent in waiting):
                return
            say(f"{len(waiting)} recordings are still worked on")
            time.sleep(_AGAIN_SECONDS * 5)

    def _beat(self, every: float, act: Callable[[], None]) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            with contextlib.suppress(RuntimeError):
                self._pool.submit(act)
            due = max(due + every, time.monotonic())

    def _ask(self) -> None:
        self._note("request", f"{self.address.api}/api/transcriptions?limit=5", headers=self.session.headers())

    def _look_at_page(self) -> None:
        self._note("page", self.address.page)

    def _send(self) -> None:
        """Send a recording as a careful program does: with a key by which a second try is known as the same."""
        sent = Sent(time.monotonic())
        self.sent.append(sent)
        recording = self.recordings[len(self.sent) % len(self.recordings)]
        body, kind = form(recording, {"project": _PROJECT, "reuse": "false", "diarization": "false", "language": "en"})
        headers = self.session.headers() | {"Content-Type": kind, "Idempotency-Key": uuid.uuid4().hex}
        url = f"{self.address.api}/api/transcriptions"
        while not sent.identifier:
            sent.tries += 1
            if text := self._note("upload", url, body=body, headers=headers, seconds=_UPLOAD_PATIENCE_SECONDS):
                sent.identifier = json.loads(text)["id"]
            elif self._over.wait(_AGAIN_SECONDS):
                return

    def _note(
        self,
        kind: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = _PATIENCE_SECONDS,
    ) -> bytes:
        begun = time.monotonic()
        status, text = fetch(url, body=body, headers=headers, seconds=seconds)
        self.answers.append(Answer(kind, begun, time.monotonic(), status))
        return text if status in {"200", "201"} else b""


def statuses(answers: Iterable[Answer]) -> Counter[str]:
    return Counter(answer.status for answer in answers if answer.failed)


def servers_down(address: Address) -> list[str] | None:
    """Return which servers the balancer sends nobody to, or None where it does not say."""
    headers = {"Authorization": basic("admin", address.stats_password)}
    status, text = fetch(f"http://{address.host}:8404/;csv", headers=headers, seconds=3)
    if status != "200":
        return None
    rows = csv.DictReader(io.StringIO(text.decode().lstrip("# ")))
    return [
        f"{row['pxname']}/{row['svname']} is {row['status']}"
        for row in rows
        if row["svname"] not in {"FRONTEND", "BACKEND"} and not row["status"].startswith(("UP", "no check"))
    ]
