"""What any number of workers would make of one recording, by the measured times of its jobs and the real rules.

The rules are not imitated but used: `app.core.lifecycle.Work` says which jobs there are, which of them are in the queue,
and what follows from each. Only time is simulated.
"""

import heapq
import itertools
import math
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from app.core.identifiers import JobId, TranscriptionId
from app.core.jobs import Job, JobKind, JobState
from app.core.lifecycle import Work
from app.core.states import TranscriptionState
from app.core.transcript import ChunkPlan, PlanPart, Span, Survey
from app.workers.transcription.plan.cutting import stretch_seconds, target_seconds


@dataclass(frozen=True, slots=True)
class DoneJob:
    """A job as it was done: `seconds` of sound from `start` on, in `cost` seconds of a worker's time."""

    kind: JobKind
    position: int
    start: float
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The jobs of one recording, and the pause of a worker between two of them."""

    jobs: tuple[DoneJob, ...]
    pause: float

    @classmethod
    def of(cls, jobs: Sequence[Mapping[str, Any]]) -> "Measured":
        """Read what the API says of a recording's jobs, worked by one worker alone."""
        timed = sorted((_moment(job["started_at"]), _moment(job["finished_at"]), job) for job in jobs if _counts(job))
        pauses = [after[0] - before[1] for before, after in itertools.pairwise(timed)]
        done = [
            DoneJob(JobKind(job["kind"]), job["position"], job["start"], job["seconds"], finished - started)
            for started, finished, job in timed
        ]
        return cls(tuple(done), max(0.0, median(pauses)) if pauses else 0.0)

    @property
    def sound_seconds(self) -> float:
        return sum(job.seconds for job in self.jobs if job.kind is JobKind.PLAN)

    def cut_for(self, workers: int) -> "Measured":
        """Return the jobs as the planner would cut them for so many workers, their costs by the length of the sound."""
        targets = {
            JobKind.CHUNK: target_seconds(self.sound_seconds, workers),
            JobKind.VOICES: stretch_seconds(self.sound_seconds, workers),
        }
        cut = [part for job in self.jobs for part in (_parts(job, targets[job.kind]) if job.kind in targets else [job])]
        return Measured(_numbered(cut), self.pause)


def wall_seconds(measured: Measured, workers: int) -> float:
    """Return how long so many workers, all free at first, are at the recording."""
    costs = {(job.kind, job.position): job.cost for job in measured.jobs}
    parts = _plan(measured)
    work = Work(
        transcription=TranscriptionId(uuid.UUID(int=0)),
        state=TranscriptionState.PENDING,
        diarization=any(job.kind is JobKind.VOICES for job in measured.jobs),
        enrichment=False,
    )
    before, work = work, work.submit()
    queue: deque[Job] = deque(work.newly_queued(before))
    free = workers
    clock = 0.0
    order = itertools.count()
    # What happens when: a job is finished, or (None) a worker is ready for the next.
    events: list[tuple[float, int, JobId | None]] = []
    while True:
        while free and queue:
            job = queue.popleft()
            before, work = work, work.claim(job.id, "lease")
            queue.extend(work.newly_queued(before))
            free -= 1
            heapq.heappush(events, (clock + costs[job.kind, job.position], next(order), job.id))
        if not events:
            break
        clock, _, finished = heapq.heappop(events)
        if finished is None:
            free += 1
            continue
        heapq.heappush(events, (clock + measured.pause, next(order), None))
        found = next(job for job in work.jobs if job.id == finished)
        before = work
        if found.kind is JobKind.PLAN:
            work = work.complete_plan(finished, parts[found.position])
        else:
            work = work.complete(finished)
        queue.extend(work.newly_queued(before))
        if work.state is TranscriptionState.DONE:
            return clock
    raise AssertionError(
        f"The recording ended {work.state} with {[job for job in work.jobs if not job.state.finished]}"
    )


def serial_fraction(times: Mapping[int, float]) -> float:
    """Return the part of the work that does not spread, by least squares over T(n) = T(1) (s + (1 - s) / n).

    Amdahl 1967, "Validity of the single processor approach to achieving large scale computing capabilities".
    """
    alone = times[1]
    rows = [(1 - 1 / n, seconds / alone - 1 / n) for n, seconds in times.items() if n > 1]
    return sum(x * y for x, y in rows) / sum(x * x for x, _ in rows)


def _plan(measured: Measured) -> list[PlanPart]:
    """Lay out again the parts of the plan that the jobs came from."""
    plans = sorted((job for job in measured.jobs if job.kind is JobKind.PLAN), key=lambda job: job.position)
    parts = []
    for number, plan in enumerate(plans):
        last = number + 1 == len(plans)
        end = math.inf if last else plans[number + 1].start
        inside = [job for job in measured.jobs if plan.start <= job.start < end]
        parts.append(
            PlanPart(
                start=plan.start,
                end=plan.start + plan.seconds,
                last=last,
                chunks=tuple(
                    ChunkPlan(job.start, job.start + job.seconds, None) for job in inside if job.kind is JobKind.CHUNK
                ),
                stretches=tuple(
                    Span(job.start, job.start + job.seconds) for job in inside if job.kind is JobKind.VOICES
                ),
                duration=measured.sound_seconds,
                survey=Survey(),
            )
        )
    return parts


def _parts(job: DoneJob, target: float) -> list[DoneJob]:
    count = max(1, round(job.seconds / target))
    return [
        DoneJob(job.kind, 0, job.start + n * job.seconds / count, job.seconds / count, job.cost / count)
        for n in range(count)
    ]


def _numbered(jobs: Sequence[DoneJob]) -> tuple[DoneJob, ...]:
    """Count the jobs of each kind in order of time, as their plan does."""
    counts: dict[JobKind, int] = {}
    numbered = []
    for job in sorted(jobs, key=lambda job: job.start):
        position = counts.get(job.kind, 0)
        counts[job.kind] = position + 1
        numbered.append(DoneJob(job.kind, position, job.start, job.seconds, job.cost))
    return tuple(numbered)


def _counts(job: Mapping[str, Any]) -> bool:
    return job["state"] == JobState.DONE and job["kind"] != JobKind.ENRICHMENT and job["started_at"] is not None


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
