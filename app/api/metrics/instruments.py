"""What this instance counts and times by itself, in a registry of its own.

No label holds what a client wrote: a route is its template, a method one of those that there are.
"""

from collections.abc import Mapping
from functools import cache
from math import isfinite

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from app import __version__
from app.core.jobs import JobKind
from app.db.work import CompletedText, EndedJob, JobEnding, Outcome

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
UNMATCHED = "unmatched"
"""The route of a request that no route is for."""

UPLOAD_WAYS = ("form", "pieces")

# What workers measure (`JobContext.metrics`, the engines' own parts); what a newer worker adds is OTHER here.
STAGES = frozenset(
    {
        "probing", "listening", "surveying", "loading_model", "transcribing", "segmentation", "embeddings", "clustering",
        "waiting", "sound", "voice_activity", "features", "encoder", "decoder", "alignment", "second_attempt",
        "title", "summary", "points",
    }
)  # fmt: skip
_TOTAL, _SUFFIX = "total_seconds", "_seconds"

_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_WORK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
_WAIT_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
_POOL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_FACTOR_BUCKETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5)

# A gauge beside each series, of when it began: twice the text, for nothing that anybody asks.
disable_created_metrics()  # type: ignore[no-untyped-call] # it carries no annotation


class Metrics:
    """The instruments. They may be used from any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Gauge("vocalyx_build_info", "1, for this release.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self.requests = Counter(
            "vocalyx_http_requests",
            "Requests that were answered; the status is 'gone' where the client left first.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "vocalyx_http_request_seconds",
            "From the request's head to its answer, uploads included; without WebSockets and streams of events.",
            ["route", "method"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        # Finding a series by its labels takes longer than counting; there are as many of them as of routes.
        self._requests_of, self._seconds_of = cache(self.requests.labels), cache(self.request_seconds.labels)
        self.in_progress = Gauge(
            "vocalyx_http_requests_in_progress", "Requests that are being answered.", registry=registry
        )
        self.uploads = Gauge(
            "vocalyx_uploads_in_flight", "Recordings that are coming in just now.", ["way"], registry=registry
        )
        self.database_wait = Histogram(
            "vocalyx_database_wait_seconds",
            "How long a unit of work waited for a thread with a connection.",
            buckets=_POOL_BUCKETS,
            registry=registry,
        )
        self._jobs = Counter(
            "vocalyx_jobs_ended",
            "Jobs that workers ended. 'again': it failed or its worker was lost, and is queued again.",
            ["kind", "ending"],
            registry=registry,
        )
        self._job_seconds = Histogram(
            "vocalyx_job_seconds",
            "How long workers took for jobs that they finished.",
            ["kind"],
            buckets=_WORK_BUCKETS,
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "vocalyx_stage_seconds",
            "Where the time of finished jobs went; parts of engines overlap with the stage that they are part of.",
            ["kind", "stage"],
            buckets=_WORK_BUCKETS,
            registry=registry,
        )
        self._merge_seconds = Histogram(
            "vocalyx_merge_seconds",
            "How long putting words and speakers together took, in the API.",
            buckets=_POOL_BUCKETS,
            registry=registry,
        )
        self._waiting = Histogram(
            "vocalyx_transcription_waiting_seconds",
            "From the arrival of a recording, or of the order to fetch it, to the beginning of its first job.",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self._factor = Histogram(
            "vocalyx_real_time_factor",
            "Seconds from the beginning of the first job to the complete text, for each second of the recording.",
            buckets=_FACTOR_BUCKETS,
            registry=registry,
        )
        self._recorded = Counter(
            "vocalyx_transcribed_seconds", "Seconds of the recordings whose text was completed.", registry=registry
        )
        # From the start at zero, or the first of its kind would be no increase.
        for way in UPLOAD_WAYS:
            self.uploads.labels(way)
        for kind in JobKind:
            for ending in JobEnding:
                self._jobs.labels(kind, ending)

    def answered(self, route: str, method: str, status: str, seconds: float | None) -> None:
        """Count a request; `seconds` is None where its length says nothing."""
        known = method if method in METHODS else OTHER
        self._requests_of(route, known, status).inc()
        if seconds is not None:
            self._seconds_of(route, known).observe(seconds)

    def observe(self, outcome: Outcome) -> None:
        """Count what a transaction came to."""
        if outcome.ended is not None:
            self._job_ended(outcome.ended)
        if outcome.completed is not None:
            self._text_completed(outcome.completed)

    def _job_ended(self, job: EndedJob) -> None:
        self._jobs.labels(job.kind, job.ending).inc()
        total = job.seconds.get(_TOTAL)
        if total is not None and _is_time(total):
            self._job_seconds.labels(job.kind).observe(total)
        for stage, seconds in _stages(job.seconds).items():
            self._stage_seconds.labels(job.kind, stage).observe(seconds)

    def _text_completed(self, text: CompletedText) -> None:
        self._merge_seconds.observe(text.merging)
        if text.waiting is not None:
            self._waiting.observe(max(0.0, text.waiting))
        if text.recording:
            self._recorded.inc(text.recording)
            if text.working is not None:
                self._factor.observe(max(0.0, text.working) / text.recording)


def _stages(seconds: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, spent in seconds.items():
        if name.endswith(_SUFFIX) and name != _TOTAL and _is_time(spent):
            stage = name.removesuffix(_SUFFIX)
            known = stage if stage in STAGES else OTHER
            found[known] = found.get(known, 0.0) + spent
    return found


def _is_time(seconds: float) -> bool:
    return isfinite(seconds) and seconds >= 0
