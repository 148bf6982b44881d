"""What workers ask and report. Reached with the internal key alone; HAProxy lets nobody else near it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from app.api.answers.enriched import EnrichmentAnswers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, DELIVERY, SETTINGS
from app.api.parameters import LAST_POSITION
from app.api.requests import path_id, read_json, validate
from app.api.work_log import name_work
from app.core.enrichment_plan import EnrichmentPlan
from app.core.errors import InvalidFields, JobSuperseded, NotFound
from app.core.identifiers import JobId
from app.core.questions import LONGEST_ANSWER, LONGEST_QUOTE, MAX_SOURCES
from app.core.transcript import ChunkText, Diarization, PlanPart, Segment
from app.core.waveform import cells
from app.db import assignments, enrichment_parts, fairness, jobs
from app.db.enrichment_parts import Findings
from app.db.jobs import EnrichmentResult, Failure, JobResult, VoicesOfStretch
from app.db.question_jobs import QuestionAnswer, QuotedSource
from app.logs import add_to_log
from app.queueing.queues import QueueName, kinds_of

_for_workers = contract(tag=Tag.WORKERS, access=Access.WORKER, answers={})

Lease = Annotated[str, Field(min_length=1, max_length=100)]


class Claim(BaseModel):
    """`parts`: it knows parts of an enrichment. `lease`: the one it wants, for the same claim to be known when sent again.

    A worker of an earlier release knows neither, and says nothing of them.
    """

    worker: Annotated[str, Field(min_length=1, max_length=200)]
    parts: bool = False
    lease: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{20,100}$")] | None = None


class Held(BaseModel):
    lease: Lease


class Progress(Held):
    stage: Annotated[str, Field(max_length=100)]
    percent: Annotated[float, Field(ge=0, le=100)]
    segments: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}


class ReportedSource(BaseModel):
    transcription: UUID
    segment: Annotated[int, Field(ge=0, le=LAST_POSITION)]
    quote: Annotated[str, Field(min_length=1, max_length=LONGEST_QUOTE)]


class AnswerReport(BaseModel):
    """The answer to a question. What else came with it says where it comes from."""

    model_config = ConfigDict(extra="allow")

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_ANSWER)]
    found: bool
    sources: Annotated[list[ReportedSource], Field(max_length=MAX_SOURCES)] = []
    not_found: Annotated[str, Field(min_length=1, max_length=LONGEST_ANSWER)]
    segments_read: Annotated[int, Field(ge=0)]
    segments: Annotated[int, Field(ge=0)]
    model: Annotated[str, Field(max_length=200)]

    def to_answer(self) -> QuestionAnswer:
        return QuestionAnswer(
            text=self.text,
            found=self.found,
            sources=[QuotedSource(each.transcription, each.segment, each.quote) for each in self.sources],
            not_found=self.not_found,
            segments_read=self.segments_read,
            segments=self.segments,
            model=self.model,
            provenance=self.model_extra or {},
        )


class ReportedFindings(BaseModel):
    """What a part of an enrichment found, in words of the enrichment workers; `plan` is the one that it is of."""

    model_config = ConfigDict(extra="allow")

    plan: UUID


class Result(Held):
    """Exactly one of the kinds of result."""

    metrics: dict[str, float] = {}
    plan: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    voices: dict[str, Any] | None = None
    diarization: dict[str, Any] | None = None
    enrichment: dict[str, Any] | None = None
    spread: dict[str, Any] | None = None
    findings: ReportedFindings | None = None
    answer: AnswerReport | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        kinds = [name for name in type(self).model_fields if name not in {"lease", "metrics"}]
        if sum(getattr(self, name) is not None for name in kinds) != 1:
            raise ValueError(f"exactly one of {', '.join(kinds)} is needed")
        return self


class FailureReport(Held):
    code: Annotated[str, Field(max_length=100)]
    detail: Annotated[str, Field(max_length=4000)]
    remedy: Annotated[str, Field(max_length=4000)]
    retryable: bool


class ReportedEnrichment(BaseModel):
    """The answers, by task; whatever else came with them says where they come from."""

    title: str | None = None
    summary: str | None = None
    points: list[str] | None = None
    answers: Annotated[EnrichmentAnswers, Field(default_factory=EnrichmentAnswers)]
    model: str


def routes(limit_bytes: int) -> list[web.RouteDef]:
    """Return the routes; their bodies may be as large as `limit_bytes`."""

    def followed(path: str, handler: Handler) -> web.RouteDef:
        @wraps(handler)
        async def with_names(request: web.Request) -> web.StreamResponse:
            name_work(request)
            return await handler(request)

        return web.post(path, with_names)

    def large(handler: Handler) -> Handler:
        @wraps(handler)
        async def with_limit(request: web.Request) -> web.StreamResponse:
            return await handler(request.clone(client_max_size=limit_bytes))

        return with_limit

    return [
        followed("/internal/queues/{queue}/first", first),
        followed("/internal/jobs/{id}/claim", claim),
        followed(r"/internal/jobs/{id}/voices/{position:[0-9]{1,9}}", voices),
        followed(r"/internal/jobs/{id}/findings/{number:[0-9]{1,9}}", findings),
        followed("/internal/jobs/{id}/heartbeat", heartbeat),
        followed("/internal/jobs/{id}/progress", large(progress)),
        followed("/internal/jobs/{id}/result", large(result)),
        followed("/internal/jobs/{id}/failure", failure),
        followed("/internal/jobs/{id}/release", release),
    ]


@_for_workers
async def first(request: web.Request) -> web.Response:
    """Say which job of a queue a free worker ought to begin, for projects and recordings to have an equal share."""
    name = request.match_info["queue"]
    if name not in set(QueueName):
        raise NotFound("There is no such queue.")
    job = await request.app[DATABASE].run(fairness.first, kinds_of(QueueName(name)))
    return web.json_response({"job_id": None if job is None else str(job)})


@_for_workers
async def claim(request: web.Request) -> web.Response:
    """Lease a queued job to a worker: the answer is its work order."""
    wanted = await read_json(request, Claim)
    lease, lease_seconds = wanted.lease or secrets.token_urlsafe(16), request.app[SETTINGS].lease
    if not wanted.parts:
        await request.app[DATABASE].run(enrichment_parts.check_is_none, _job(request))
    workers = await request.app[DELIVERY].workers(QueueName.TRANSCRIPTION)
    order, outcome = await request.app[DATABASE].run(
        assignments.claim, _job(request), wanted.worker, lease, lease_seconds, workers
    )
    if order is None:
        await request.app[DELIVERY].follow(outcome)
        raise JobSuperseded("Whoever asked for it may not any more.")
    add_to_log(worker=wanted.worker, transcription=order["transcription_id"], origin=order["request_id"])
    await request.app[DELIVERY].follow(outcome)
    return web.json_response(order)


@_for_workers
async def voices(request: web.Request) -> web.Response:
    """Give a diarization what is known of the voices in one stretch: a recording's worth would be too much at once."""
    held = await read_json(request, Held)
    position = int(request.match_info["position"])
    return web.json_response(await request.app[DATABASE].run(jobs.voices, _job(request), held.lease, position))


@_for_workers
async def findings(request: web.Request) -> web.Response:
    """Give what one part of an enrichment found to the job that needs it."""
    held = await read_json(request, Held)
    number = int(request.match_info["number"])
    return web.json_response(await request.app[DATABASE].run(enrichment_parts.found, _job(request), held.lease, number))


@_for_workers
async def heartbeat(request: web.Request) -> web.Response:
    """Keep a lease."""
    held = await read_json(request, Held)
    lease_seconds = request.app[SETTINGS].lease
    await request.app[DATABASE].run(assignments.heartbeat, _job(request), held.lease, lease_seconds)
    return web.json_response({"lease_seconds": lease_seconds})


@_for_workers
async def progress(request: web.Request) -> web.Response:
    """Record how far a job is, with what is new since the last report."""
    report = await read_json(request, Progress)
    outcome = await request.app[DATABASE].run(
        assignments.progress,
        _job(request),
        report.lease,
        request.app[SETTINGS].lease,
        stage=report.stage,
        percent=report.percent,
        segments=_segments(report.segments),
        answers=report.answers,
    )
    await request.app[DELIVERY].follow(outcome)
    return web.json_response({})


@_for_workers
async def result(request: web.Request) -> web.Response:
    """Take a result: the first one counts, whoever brings it."""
    report = await read_json(request, Result)
    outcome = await request.app[DATABASE].run(assignments.complete, _job(request), _job_result(report), report.metrics)
    await request.app[DELIVERY].follow(outcome)
    return web.json_response({"accepted": outcome.changed})


@_for_workers
async def failure(request: web.Request) -> web.Response:
    """Take a worker's word that it cannot do a job."""
    report = await read_json(request, FailureReport)
    reason = Failure(report.code, report.detail, report.remedy, report.retryable)
    outcome = await request.app[DATABASE].run(assignments.fail, _job(request), report.lease, reason)
    await request.app[DELIVERY].follow(outcome)
    return web.json_response({})


@_for_workers
async def release(request: web.Request) -> web.Response:
    """Take a job back from a worker that was asked to stop."""
    held = await read_json(request, Held)
    outcome = await request.app[DATABASE].run(assignments.release, _job(request), held.lease)
    await request.app[DELIVERY].follow(outcome)
    return web.json_response({})


def _job(request: web.Request) -> JobId:
    return JobId(path_id(request))


def _job_result(report: Result) -> JobResult | QuestionAnswer:
    if report.answer is not None:
        return report.answer.to_answer()
    if report.findings is not None:
        return Findings(report.findings.plan, report.findings.model_extra or {})
    if report.enrichment is not None:
        return _enrichment(report.enrichment)
    name, read = next((name, read) for name, read in _READERS.items() if getattr(report, name) is not None)
    try:
        return read(getattr(report, name))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _misshapen(error) from error


def _enrichment(values: dict[str, Any]) -> EnrichmentResult:
    answers = validate(TypeAdapter(ReportedEnrichment), values)
    given = answers.model_dump(mode="json", exclude={"model", "answers"}, exclude_none=True)
    if "answers" in answers.model_fields_set:  # a worker of an earlier release knows three tasks alone
        # Of a task that was asked for and failed there is a null; of one that was not, nothing.
        given["answers"] = answers.answers.model_dump(mode="json", exclude_unset=True)
    provenance = {name: value for name, value in values.items() if name not in given}
    return EnrichmentResult(given, answers.model, provenance)


def _plan(values: dict[str, Any]) -> PlanPart:
    plan = PlanPart.from_dict(values)
    bounds = [(chunk.start, chunk.end) for chunk in plan.chunks] + [(span.start, span.end) for span in plan.stretches]
    if any(end <= start for start, end in bounds) or plan.end < plan.start:
        raise ValueError("a part of the recording ends before it begins")
    if not plan.last and plan.end <= plan.start:
        raise ValueError("a part of the plan gets nowhere")
    if plan.peaks and len(plan.peaks) != len(cells(plan.start, plan.end)):
        raise ValueError("the peaks are not those of this part")
    return plan


def _text(values: dict[str, Any]) -> ChunkText:
    text = ChunkText.from_dict(values)
    _check_order(text.segments)
    return text


_READERS: Mapping[str, Callable[[dict[str, Any]], JobResult]] = {
    "plan": _plan,
    "text": _text,
    "voices": VoicesOfStretch,
    "diarization": Diarization.from_dict,
    "spread": EnrichmentPlan.from_dict,
}


def _check_order(segments: Sequence[Segment]) -> None:
    if any(segment.end < segment.start for segment in segments):
        raise ValueError("a segment ends before it begins")


def _segments(values: list[dict[str, Any]]) -> list[Segment]:
    try:
        segments = [Segment.from_dict(value) for value in values]
        _check_order(segments)
        return segments
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _misshapen(error) from error


def _misshapen(error: Exception) -> InvalidFields:
    return InvalidFields([{"field": "", "message": f"The result is misshapen: {type(error).__name__}: {error}"}])
