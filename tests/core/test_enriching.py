"""An enrichment that is spread over workers ends the same whatever the order of reports, their doubles and deaths."""

import uuid

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import initialize, invariant, precondition, rule

from app.core import enriching, progress
from app.core.jobs import MAX_ATTEMPTS, Job, JobKind, JobState
from app.core.lifecycle import Work
from app.core.queue_window import WINDOW
from app.core.states import PartState, TranscriptionState
from tests.core.test_lifecycle import Reports
from tests.core.work import new_work, planned

READ, WRITE, FOLD = JobKind.READING, JobKind.REWRITING, JobKind.FOLDING
Parts = list[tuple[JobKind, float, float]]


def parts(readings: int, rewritings: int, *, folds: bool) -> Parts:
    made = [(READ, 10.0 * n, 10.0 * (n + 1)) for n in range(readings)]
    made += [(WRITE, 5.0 * n, 5.0 * (n + 1)) for n in range(rewritings)]
    return [*made, (FOLD, 0.0, 10.0 * readings)] if folds else made


def enriching_work(asked: Parts | None = None) -> Work:
    """Return a transcription whose text stands; with `asked`, its enrichment is spread over these parts."""
    work = planned(new_work(diarization=False), chunks=1)
    work = work.complete(next(job.id for job in work.jobs if job.kind is JobKind.CHUNK))
    if asked is None:
        return work
    enrichment = only(work, JobKind.ENRICHMENT)
    return work.claim(enrichment.id, "planner").spread_enrichment(enrichment.id, asked)


def only(work: Work, kind: JobKind) -> Job:
    [job] = [job for job in work.jobs if job.kind is kind]
    return job


def enrichment_goes_on(work: Work) -> bool:
    enrichment = work.job_of(JobKind.ENRICHMENT)
    return enrichment is not None and enrichment.state in (JobState.HELD, JobState.QUEUED, JobState.RUNNING)


class SpreadReports(Reports):
    """The machine of all reports, from where the text stands; now and then an enrichment turns out to be long."""

    @initialize(readings=st.integers(1, 6), rewritings=st.integers(0, 6), folds=st.booleans())
    def submit(self, readings: int, rewritings: int, folds: bool) -> None:
        self.by_channel = False
        self.work = enriching_work(parts(readings, rewritings, folds=folds))
        self.leases: list[tuple[Job, str]] = []
        self.accepted: set[object] = set()
        self.given_back = 0

    @precondition(lambda self: enrichment_goes_on(self.work))
    @rule(readings=st.integers(1, 6), rewritings=st.integers(0, 6), folds=st.booleans())
    def report_a_plan(self, readings: int, rewritings: int, folds: bool) -> None:
        """A worker, maybe one whose lease ran out long ago, found the text to be long."""
        enrichment = only(self.work, JobKind.ENRICHMENT)
        before = enriching.parts_of(self.work.jobs)
        self.step(self.work.spread_enrichment(enrichment.id, parts(readings, rewritings, folds=folds)))
        if before:
            assert enriching.parts_of(self.work.jobs) == before

    @invariant()
    def the_whole_is_asked_once_all_is_read_and_joined_once_all_is_found(self) -> None:
        waiting = enriching.waiting_kinds(self.work.jobs)
        for job in self.work.jobs:
            assert job.kind not in waiting or job.state not in (JobState.QUEUED, JobState.RUNNING)

    @invariant()
    def no_part_outlives_its_enrichment(self) -> None:
        enrichment = self.work.job_of(JobKind.ENRICHMENT)
        if enrichment is None or enrichment.state.finished:
            assert all(part.state.finished for part in enriching.parts_of(self.work.jobs))

    @invariant()
    def percent_of_the_enrichment_is_one(self) -> None:
        assert 0 <= progress.enrichment_percent(self.work) <= 100
        if progress.enrichment_state(self.work) is PartState.DONE:
            assert progress.enrichment_percent(self.work) == 100


SpreadReports.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestSpreadReports = SpreadReports.TestCase


@given(st.permutations(range(5)))
def test_the_last_part_in_lets_the_joining_begin_whatever_the_order(order: list[int]) -> None:
    work = enriching_work(parts(3, 2, folds=True))
    found = [job for job in work.jobs if job.kind in (READ, WRITE)]
    for index in order:
        assert only(work, JobKind.ENRICHMENT).state is JobState.HELD
        work = work.complete(found[index].id).complete(found[index].id)
    assert (only(work, FOLD).state, only(work, JobKind.ENRICHMENT).state) == (JobState.QUEUED, JobState.HELD)
    assert progress.enrichment_state(work) is PartState.PROCESSING
    work = work.complete(only(work, FOLD).id)
    assert only(work, JobKind.ENRICHMENT).state is JobState.QUEUED
    assert progress.enrichment_percent(work) == 99.0
    assert work.complete(only(work, JobKind.ENRICHMENT).id).state is TranscriptionState.DONE


def test_few_parts_wait_in_the_queue_and_what_is_read_comes_first() -> None:
    work = enriching_work(parts(40, 40, folds=True))
    queued = [job for job in work.jobs if job.state is JobState.QUEUED]
    assert [(job.kind, job.start) for job in queued] == [(READ, 0.0), (READ, 10.0), (READ, 20.0)]
    assert len(queued) == WINDOW


def test_a_part_that_fails_ends_the_enrichment_and_is_retried_alone() -> None:
    work = enriching_work(parts(3, 0, folds=True))
    first, second, third = (job.id for job in work.jobs if job.kind is READ)
    work = work.complete(first)
    for attempt in range(MAX_ATTEMPTS):
        work = work.claim(second, f"lease {attempt}").expire(second)
    assert (work.state, progress.enrichment_state(work)) == (TranscriptionState.DONE, PartState.ERROR)
    again = work.retry()
    assert again.state is TranscriptionState.TRANSCRIBED
    assert {job.id for job in again.newly_queued(work)} == {second, third}
    again = again.complete(second).complete(third)
    assert only(again, FOLD).state is JobState.QUEUED


def test_what_comes_of_an_enrichment_that_was_asked_for_anew_is_nobodys() -> None:
    work = enriching_work(parts(2, 1, folds=True))
    again = work.cancel().enrich_again()
    enrichment = only(again, JobKind.ENRICHMENT)
    spread = again.claim(enrichment.id, "b").spread_enrichment(enrichment.id, parts(2, 1, folds=True))
    assert not {job.id for job in enriching.parts_of(work.jobs)} & {job.id for job in spread.jobs}


def test_the_answers_of_a_worker_that_did_it_all_alone_are_taken() -> None:
    work = enriching_work(parts(4, 0, folds=False))
    [first, *_] = enriching.parts_of(work.jobs)
    done = work.complete(first.id).complete(only(work, JobKind.ENRICHMENT).id)
    assert (done.state, progress.enrichment_percent(done)) == (TranscriptionState.DONE, 100.0)
    assert [job.id for job in enriching.parts_of(done.jobs)] == [first.id]


def test_parts_of_another_text_are_planned_anew() -> None:
    work = enriching_work(parts(2, 0, folds=False)).cancel()
    again = work.unspread().retry()
    assert enriching.parts_of(again.jobs) == []
    assert only(again, JobKind.ENRICHMENT).state is JobState.QUEUED
    assert uuid.UUID(str(only(again, JobKind.ENRICHMENT).id)) == only(work, JobKind.ENRICHMENT).id
