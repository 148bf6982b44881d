"""Recordings on their way, as the state machine has them."""

import uuid

from app.core.identifiers import TranscriptionId
from app.core.jobs import Job, JobKind
from app.core.lifecycle import Work
from app.core.states import TranscriptionState
from app.core.transcript import ChunkPlan, PlanPart, Span, Survey


def new_work(*, diarization: bool = True, enrichment: bool = True) -> Work:
    work = Work(TranscriptionId(uuid.uuid4()), TranscriptionState.PENDING, diarization, enrichment)
    return work.submit()


def part_of(
    job: Job, *, chunks: int, stretches: int, last: bool = True, by_channel: bool = False, length: float = 60.0
) -> PlanPart:
    """Make up the part of a plan that this job results in, with so many chunks and stretches of equal length.

    Where each party has a channel there are no stretches: no voices have to be told apart.
    """
    start = job.start
    stretches = 0 if by_channel else stretches
    spans = [
        Span(start + n * length / max(1, chunks), start + (n + 1) * length / max(1, chunks)) for n in range(chunks)
    ]
    return PlanPart(
        start=start,
        end=start + length,
        last=last,
        chunks=tuple(ChunkPlan(span.start, span.end, (span,)) for span in spans),
        stretches=tuple(
            Span(start + n * length / stretches, start + (n + 1) * length / stretches) for n in range(stretches)
        ),
        survey=Survey(by_channel=by_channel),
    )


def planned(work: Work, chunks: int, stretches: int = 0, **part: bool) -> Work:
    plan = work.jobs[0]
    return work.claim(plan.id, "a").complete_plan(plan.id, part_of(plan, chunks=chunks, stretches=stretches, **part))


def finished(*, enrichment: bool = True) -> Work:
    work = planned(new_work(diarization=False, enrichment=enrichment), chunks=1)
    work = work.complete(next(job.id for job in work.jobs if job.kind is JobKind.CHUNK))
    enriching = work.job_of(JobKind.ENRICHMENT)
    return work.complete(enriching.id) if enriching else work
