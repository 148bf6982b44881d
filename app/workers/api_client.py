"""The internal routes of the API, as a worker calls them."""

import logging
import random
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from app.core.errors import DependencyDown, JobSuperseded, NotFound, VocalyxError
from app.core.transcript import Segment
from app.logs import ORIGIN_HEADER, TRANSCRIPTION_HEADER, log_context
from app.workers.control import JobControl, StopReason
from app.workers.orders import WorkOrder

CONNECT_TIMEOUT_SECONDS = 3.05
SHORT_TIMEOUT_SECONDS = 10.0
LONG_TIMEOUT_SECONDS = 60.0
"""For results: hours of words to send, and a merge in the database before the answer. For claims: what may
answer a question is looked for in all of a project, and anew each time that it is claimed."""
RESULT_PATIENCE_SECONDS = 15 * 60.0
FAILURE_PATIENCE_SECONDS = 60.0
PATIENCE_WHEN_STOPPING_SECONDS = 20.0
"""How long a worker that was asked to exit still tries: less than what a supervisor waits before it kills."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 15.0

logger = logging.getLogger(__name__)
# What the API takes as a detail or a remedy.
_LONGEST_TEXT_CHARACTERS = 4000

_ROUTES = "/internal/"
_SAID_BY_ANYTHING = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}
)
"""How whatever else answers at an address refuses what it does not know; from the API they say something of the job."""


class ApiUnreachable(DependencyDown):
    """The API, or the database behind it, does not answer at the moment."""

    code = "api-unreachable"
    default_remedy = "Look at the API's log, and at VOCALYX_API_URL."


class KeyRefused(ApiUnreachable):
    """The API does not know this worker's key. Waited out like an outage, or one wrong worker would drain the queue."""

    code = "key-refused"
    default_detail = "The API refuses this worker's internal key."
    default_remedy = "Give the API and the workers the same VOCALYX_INTERNAL_KEY."


class NotTheApi(ApiUnreachable):
    """Something else answers at the API's address. Waited out, too: it knows of no job, and every one would be dropped."""

    code = "not-the-api"
    default_remedy = "Correct VOCALYX_API_URL."


class ApiRefused(VocalyxError):
    """The request is wrong, as the API answered or as no JSON can say it; sending it again would not help."""

    status = 502
    code = "api-refused"
    title = "The API refused a worker's report"
    default_remedy = "Bring the API and the workers to the same release."


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a job stands: its stage, 0 to 100 percent, and what is new since the report before."""

    stage: str
    percent: float
    segments: tuple[Segment, ...] = ()
    answers: Mapping[str, object] = field(default_factory=dict)


class InternalApi:
    """A client of `/internal/…`; may be used by several threads, each has its own connections.

    `JobSuperseded` and `NotFound` come through as they are: the job is no longer this worker's. Both are believed from the
    API alone, and from nothing else that answers at its address (`NotTheApi`). The key travels in a
    header only, and is part of no message. Each call has an id of its own, which is in the API's log, and says which
    transcription it is about.
    """

    def __init__(self, url: str, key: str, control: JobControl) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._control = control
        self._local = threading.local()

    def claim(self, job_id: str, worker: str) -> WorkOrder:
        """Ask for the job's lease, as long as it takes: a worker without the API has nothing better to do.

        The lease is named here, so that the API knows a claim again that it has granted and whose answer was lost. Raises
        `JobStopped` where the worker is asked to exit meanwhile.
        """
        pause = _Pauses()
        wanted = {"worker": worker, "parts": True, "lease": secrets.token_urlsafe(16)}
        while True:
            self._control.checkpoint()
            try:
                return WorkOrder.from_dict(self._post(f"jobs/{job_id}/claim", wanted, LONG_TIMEOUT_SECONDS))
            except ApiUnreachable as error:
                seconds = pause.next()
                logger.warning("%s %s The job waits; asking again in %.0f s.", error.detail, error.remedy, seconds)
                self._control.pause(seconds)

    def first(self, queue: str) -> str | None:
        """Ask which job of a queue ought to be begun first; None where the API knows of none. Not retried."""
        found = self._post(f"queues/{queue}/first", {}, SHORT_TIMEOUT_SECONDS).get("job_id")
        return None if found is None else str(found)

    def voices(self, job_id: str, lease: str, position: int) -> dict[str, Any]:
        """Fetch what is known of the voices in one stretch of the recording that this diarization is about."""
        return self._insist(f"jobs/{job_id}/voices/{position}", {"lease": lease}, FAILURE_PATIENCE_SECONDS)

    def findings(self, job_id: str, lease: str, number: int) -> dict[str, Any]:
        """Fetch what was found out in one part of the enrichment that this job is of."""
        return self._insist(f"jobs/{job_id}/findings/{number}", {"lease": lease}, FAILURE_PATIENCE_SECONDS)

    def heartbeat(self, job_id: str, lease: str) -> float:
        """Renew the lease; return for how many seconds. Not retried: the next one comes anyway."""
        answer = self._post(f"jobs/{job_id}/heartbeat", {"lease": lease}, SHORT_TIMEOUT_SECONDS)
        return float(answer.get("lease_seconds", 0.0))

    def progress(self, job_id: str, lease: str, progress: Progress) -> None:
        """Report where the job stands, which renews the lease. Not retried here: the next report carries it all."""
        body = {
            "lease": lease,
            "stage": progress.stage,
            "percent": round(min(100.0, max(0.0, progress.percent)), 2),
            "segments": [segment.to_dict() for segment in progress.segments],
            "answers": dict(progress.answers),
        }
        self._post(f"jobs/{job_id}/progress", body, SHORT_TIMEOUT_SECONDS)

    def result(self, job_id: str, lease: str, outcome: Mapping[str, object], metrics: Mapping[str, float]) -> bool:
        """Deliver a finished job, through an outage of up to a quarter of an hour. Return whether it was news."""
        body = {"lease": lease, "metrics": dict(metrics), **outcome}
        answer = self._insist(f"jobs/{job_id}/result", body, RESULT_PATIENCE_SECONDS, LONG_TIMEOUT_SECONDS)
        return bool(answer.get("accepted", True))

    def failure(self, job_id: str, lease: str, error: VocalyxError, *, retryable: bool) -> None:
        """Report that the job cannot be done, and whether another try may help."""
        body = {
            "lease": lease,
            "code": error.code,
            "detail": _storable(error.detail),
            "remedy": _storable(error.remedy),
            "retryable": retryable,
        }
        self._insist(f"jobs/{job_id}/failure", body, FAILURE_PATIENCE_SECONDS)

    def release(self, job_id: str, lease: str) -> None:
        """Hand the job back to be queued again at once."""
        self._insist(f"jobs/{job_id}/release", {"lease": lease}, PATIENCE_WHEN_STOPPING_SECONDS)

    def _insist(
        self,
        path: str,
        body: Mapping[str, object],
        patience_seconds: float,
        timeout_seconds: float = SHORT_TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        begun = time.monotonic()
        stopping_since: float | None = None
        pause = _Pauses()
        while True:
            try:
                return self._post(path, body, timeout_seconds)
            except ApiUnreachable as error:
                if self._control.reason is StopReason.HANDED_BACK and stopping_since is None:
                    stopping_since = time.monotonic()
                left = begun + patience_seconds - time.monotonic()
                if stopping_since is not None:
                    left = min(left, stopping_since + PATIENCE_WHEN_STOPPING_SECONDS - time.monotonic())
                if left <= 0:
                    logger.warning("%s The %s is given up, and the lease will run out.", error.detail, _verb(path))
                    raise
                seconds = min(pause.next(), left)
                text = "%s The %s is kept and sent again in %.1f s, for up to %.0f s more."
                logger.warning(text, error.detail, _verb(path), seconds, left)
                self._control.pause(seconds)

    def _post(self, path: str, body: Mapping[str, object], timeout_seconds: float) -> dict[str, Any]:
        request_id = uuid.uuid4().hex[:16]
        try:
            answer = self._session().post(
                f"{self._url}{_ROUTES}{path}",
                json=body,
                headers={"X-Request-ID": request_id, **_about()},
                timeout=(CONNECT_TIMEOUT_SECONDS, timeout_seconds),
                allow_redirects=False,
            )
        except requests.exceptions.InvalidJSONError as error:
            raise ApiRefused(
                f"What this worker has to say with {_verb(path)} is no JSON: {error}.",
                remedy="It is tried again by itself; if it stays, send the worker's log to your administrator.",
            ) from error
        except requests.RequestException as error:
            raise ApiUnreachable(f"The API at {self._url} does not answer ({type(error).__name__}).") from error
        return self._read(answer, _verb(path), request_id)

    def _read(self, answer: requests.Response, verb: str, request_id: str) -> dict[str, Any]:
        status = answer.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise ApiUnreachable(f"The API at {self._url} answered {verb} with {status} (request {request_id}).")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise KeyRefused
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST or (
            status in _SAID_BY_ANYTHING and not _is_of_the_routes(answer)
        ):
            raise self._not_the_api(f"it answered {verb} with {status}", request_id)
        if status == HTTPStatus.GONE:
            raise JobSuperseded
        if status == HTTPStatus.NOT_FOUND:
            raise NotFound("The job's transcription was deleted.")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise ApiRefused(
                f"The API answered {verb} with {status} (request {request_id}): {_problem_of(answer)}",
            )
        try:
            values = answer.json()
        except requests.JSONDecodeError as error:
            raise self._not_the_api(f"its answer to {verb} is not JSON", request_id) from error
        if not isinstance(values, dict):
            raise self._not_the_api(f"its answer to {verb} is not a JSON object", request_id)
        return values

    def _not_the_api(self, what: str, request_id: str) -> NotTheApi:
        return NotTheApi(f"What answers at {self._url} is not the API: {what} (request {request_id}).")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # the way to the API is inside the site: no proxy, no .netrc
            session.headers["X-Internal-Key"] = self._key
            # What the API answers is judged here: with its Retry-After, a 503 would become an error of urllib3's own.
            once_more = _WhereItBroke(
                total=1,
                connect=0,
                read=1,
                status=0,
                redirect=0,
                other=0,
                allowed_methods=None,
                respect_retry_after_header=False,
            )
            session.mount("http://", HTTPAdapter(max_retries=once_more))
            session.mount("https://", HTTPAdapter(max_retries=once_more))
            self._local.session = session
        return session


class _WhereItBroke(Retry):
    """A balancer closes connections that were idle; the first use after that fails once and means nothing.

    That an answer takes too long does mean something: the request is being worked on.
    """

    @override
    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _about() -> dict[str, str]:
    """Return the headers that say what a call is about, as this thread's log lines do."""
    context = log_context.get()
    names = ((TRANSCRIPTION_HEADER, "transcription"), (ORIGIN_HEADER, "origin"))
    return {header: context[name] for header, name in names if name in context}


def _verb(path: str) -> str:
    """Return what a log line calls a request: jobs/<id>/voices/3 is about voices."""
    return next(part for part in reversed(path.split("/")) if not part.isdecimal())


class _Pauses:
    """Growing pauses, spread so that a site's workers do not all come back in the same second."""

    def __init__(self) -> None:
        self._seconds = _FIRST_PAUSE_SECONDS

    def next(self) -> float:
        seconds = self._seconds
        self._seconds = min(_LONGEST_PAUSE_SECONDS, 2 * seconds)
        return seconds * random.uniform(0.75, 1.25)


def _is_of_the_routes(answer: requests.Response) -> bool:
    """Tell whether an answer is a problem document of the internal routes: another address of the API has them, too."""
    try:
        problem = answer.json()
    except requests.JSONDecodeError:
        return False
    return isinstance(problem, dict) and "code" in problem and str(problem.get("instance")).startswith(_ROUTES)


def _problem_of(answer: requests.Response) -> str:
    """Return what a problem+json body says, or the beginning of whatever came."""
    try:
        return str(answer.json()["detail"])
    except (requests.JSONDecodeError, KeyError, TypeError):
        return answer.text[:200]


def _storable(text: str) -> str:
    """Return a text that the API takes, whatever a native library wrote: cut, and without what no database stores."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:_LONGEST_TEXT_CHARACTERS]
