"""Which held jobs come into the queue, and that finding them takes no longer than reading all jobs a few times."""

import uuid
from collections.abc import Iterator

import pytest

from app.core.identifiers import TranscriptionId
from app.core.jobs import Job, JobKind, JobState, job_id
from app.core.queue_window import WINDOW, filled

RECORDING = TranscriptionId(uuid.uuid4())


class Read(tuple[Job, ...]):
    """Jobs that count how often one of them was looked at."""

    __slots__ = ()
    looks = 0

    def __iter__(self) -> Iterator[Job]:
        for job in super().__iter__():
            Read.looks += 1
            yield job


def jobs_of(kind: JobKind, state: JobState, count: int, first: int = 0) -> list[Job]:
    return [Job(job_id(RECORDING, kind, n), kind, n, state, float(n)) for n in range(first, first + count)]


def looks_at(jobs: list[Job]) -> int:
    Read.looks = 0
    filled(Read(jobs))
    return Read.looks


@pytest.mark.parametrize("kind", [JobKind.CHUNK, JobKind.READING, JobKind.ENRICHMENT])
@pytest.mark.parametrize("queued", [0, WINDOW])
def test_work_does_not_grow_with_held_jobs_times_all(kind: JobKind, queued: int) -> None:
    def looks(held: int) -> int:
        return looks_at(
            [
                *jobs_of(JobKind.CHUNK, JobState.QUEUED, queued),
                *jobs_of(JobKind.REWRITING, JobState.DONE, 1),
                *jobs_of(kind, JobState.HELD, held, first=queued),
            ]
        )

    assert 0 < looks(400) <= 5 * looks(80)


def test_nothing_changes_where_there_is_no_room() -> None:
    jobs = (*jobs_of(JobKind.CHUNK, JobState.QUEUED, WINDOW), *jobs_of(JobKind.CHUNK, JobState.HELD, 5, first=WINDOW))

    assert filled(jobs) is jobs


@pytest.mark.parametrize(
    ("done", "let_in"),
    [
        (set(), None),
        ({JobKind.READING}, JobKind.FOLDING),
        ({JobKind.REWRITING}, None),
        ({JobKind.READING, JobKind.REWRITING}, JobKind.FOLDING),
        ({JobKind.READING, JobKind.REWRITING, JobKind.FOLDING}, JobKind.ENRICHMENT),
    ],
)
def test_what_needs_others_is_let_in_once_they_are_done(done: set[JobKind], let_in: JobKind | None) -> None:
    otherwise = {
        JobKind.READING: JobState.RUNNING,
        JobKind.REWRITING: JobState.RUNNING,
        JobKind.FOLDING: JobState.HELD,
        JobKind.ENRICHMENT: JobState.HELD,
    }
    jobs = [
        job for kind, state in otherwise.items() for job in jobs_of(kind, JobState.DONE if kind in done else state, 1)
    ]

    assert [job.kind for job in filled(tuple(jobs)) if job.state is JobState.QUEUED] == ([let_in] if let_in else [])
