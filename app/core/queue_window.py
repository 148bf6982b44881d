"""Which jobs of one recording wait in the queue, and which of them comes first."""

from dataclasses import replace

from app.core import enriching
from app.core.jobs import Job, JobKind, JobState

WINDOW = 3
"""How many jobs of one recording wait in the queue at a time: a ten-hour one must not fill it. As soon as a worker takes
one, the next comes in, so that any number of workers can be at one recording."""

# Of what is held, what comes into the queue first; within a rank by time, the text before the voices.
_RANK_FIRST_WORDS, _RANK_FIRST_KINDS, _RANK_OTHERS = range(3)
_FIRST_KINDS = frozenset({JobKind.PLAN, JobKind.READING, JobKind.FOLDING})


def filled(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Let held jobs into the queue as far as there is room for this recording's."""
    room = WINDOW - sum(job.state is JobState.QUEUED for job in jobs)
    if room <= 0:
        return jobs
    waiting = enriching.waiting_kinds(jobs)
    held = [job for job in jobs if job.state is JobState.HELD and job.kind not in waiting]
    if not held:
        return jobs
    let_in = {job.id for job in sorted(held, key=order_of_coming)[:room]}
    return tuple(replace(job, state=JobState.QUEUED) if job.id in let_in else job for job in jobs)


def order_of_coming(job: Job) -> tuple[int, float, bool, int]:
    """The first words first, then the rest of the plan, which makes work for many; then in order of time.

    Of an enrichment what is read comes before what is written anew: those answers are the ones that people wait for.
    """
    if job.kind is JobKind.CHUNK and job.position == 0:
        rank = _RANK_FIRST_WORDS
    else:
        rank = _RANK_FIRST_KINDS if job.kind in _FIRST_KINDS else _RANK_OTHERS
    return rank, job.start, job.kind is not JobKind.CHUNK, job.position
