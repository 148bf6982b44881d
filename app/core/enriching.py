"""An enrichment that is spread over workers: which of its jobs wait for which, and how far it is.

The job `enrichment` is begun as ever. Where the text is too long for one job, it ends in a plan in place of the answers: a
job `reading` a piece of the text, a job `rewriting` a stretch of lines, and one job `folding` where anything is asked of
the whole. Then it waits, and is begun once more to join what they found.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.core.jobs import Job, JobKind, JobState

PART_KINDS = frozenset({JobKind.READING, JobKind.REWRITING, JobKind.FOLDING})
ENRICHMENT_KINDS = PART_KINDS | {JobKind.ENRICHMENT}

_NEEDED_KINDS = {JobKind.FOLDING: frozenset({JobKind.READING}), JobKind.ENRICHMENT: PART_KINDS}

MOST_PARTS = 1000
"""The positions of an enrichment's parts begin at so many times its own: those of an earlier enrichment are other jobs."""

# What reads the text takes nearly all of the time; what is asked of the whole reads notes, and joining asks nothing.
_PERCENT_SHARES = {JobKind.READING: 45.0, JobKind.REWRITING: 45.0, JobKind.FOLDING: 9.0, JobKind.ENRICHMENT: 1.0}


def parts_of(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs over which an enrichment is spread; none where it is one job."""
    return [job for job in jobs if job.kind in PART_KINDS]


def enrichment_of(jobs: Sequence[Job]) -> Job | None:
    """Return the job that the enrichment begins and ends with, if it exists yet."""
    return next((job for job in jobs if job.kind is JobKind.ENRICHMENT), None)


def part_number(job: Job) -> int:
    """Return the number of a part within its enrichment, from 0."""
    return job.position % MOST_PARTS


def waiting_kinds(jobs: Sequence[Job]) -> set[JobKind]:
    """Return the kinds of jobs that need what others are still to find out."""
    unfinished = {job.kind for job in jobs if job.state is not JobState.DONE}
    return {kind for kind, needed in _NEEDED_KINDS.items() if needed & unfinished}


def concluded(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Give the enrichment up where one of its parts failed; drop the parts that nobody needs any more."""
    enrichment, parts = enrichment_of(jobs), parts_of(jobs)
    if enrichment is None or not parts:
        return jobs
    if enrichment.state is JobState.DONE:
        return tuple(job for job in jobs if job.kind not in PART_KINDS or job.state is JobState.DONE)
    if any(part.state is JobState.FAILED for part in parts) and not enrichment.state.finished:
        given_up = {job.id for job in parts if not job.state.finished}
        return tuple(
            job.ended(JobState.FAILED)
            if job.id == enrichment.id
            else job.ended(JobState.CANCELLED)
            if job.id in given_up
            else job
            for job in jobs
        )
    return jobs


def unspread(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Drop all parts, finished ones as well: the enrichment is to be planned anew."""
    return tuple(job for job in jobs if job.kind not in PART_KINDS)


def waiting(enrichment: Job) -> Job:
    """Return the enrichment's job as it waits for its parts. What it took to plan them is no attempt at joining them."""
    return replace(enrichment.requeued(attempt=0), state=JobState.HELD)


def is_begun(jobs: Sequence[Job]) -> bool:
    """Tell whether any part is being worked on, or finished."""
    return any(part.state in (JobState.RUNNING, JobState.DONE) for part in parts_of(jobs))


def percent(jobs: Sequence[Job]) -> float:
    """Return how much of the enrichment is done, 0 to 100."""
    enrichment, parts = enrichment_of(jobs), parts_of(jobs)
    if enrichment is None:
        return 0.0
    if not parts or enrichment.state is JobState.DONE:
        return enrichment.percent
    kinds = {job.kind for job in parts} | {JobKind.ENRICHMENT}
    whole = sum(_PERCENT_SHARES[kind] for kind in kinds)
    return sum(_PERCENT_SHARES[kind] * _covered(kind, jobs) for kind in kinds) / whole


def _covered(kind: JobKind, jobs: Sequence[Job]) -> float:
    """Return how much of what jobs of a kind are about is done with, 0 to 100. Of short pieces each counts for something."""
    weighed = [(max(job.seconds, 1.0), job.percent) for job in jobs if job.kind is kind]
    return sum(weight * done for weight, done in weighed) / sum(weight for weight, _ in weighed)
