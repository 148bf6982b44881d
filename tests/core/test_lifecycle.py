"""Any order of duplicate, late and reordered reports ends in a legal state, with nothing lost."""

import uuid
from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core.errors import IllegalTransition, JobSuperseded
from app.core.identifiers import TranscriptionId
from app.core.lifecycle import (
    MAX_ATTEMPTS,
    STOPPED_STATES,
    Job,
    JobKind,
    JobState,
    PartState,
    TranscriptionState,
    Work,
    job_id,
)

LEGAL_STEPS = {
    TranscriptionState.PENDING: {TranscriptionState.QUEUED, TranscriptionState.CANCELLED},
    TranscriptionState.QUEUED: {
        TranscriptionState.PROCESSING,
        # A plan made by a worker whose lease had run out, on a recording in which nobody speaks.
        TranscriptionState.DONE,
        TranscriptionState.CANCELLED,
        TranscriptionState.ERROR,
    },
    TranscriptionState.PROCESSING: {
        TranscriptionState.TRANSCRIBED,
        TranscriptionState.DONE,
        TranscriptionState.ERROR,
        TranscriptionState.CANCELLED,
    },
    TranscriptionState.TRANSCRIBED: {TranscriptionState.DONE, TranscriptionState.CANCELLED},
    TranscriptionState.DONE: {TranscriptionState.PROCESSING, TranscriptionState.TRANSCRIBED},
    TranscriptionState.ERROR: {TranscriptionState.QUEUED, TranscriptionState.PROCESSING},
    TranscriptionState.CANCELLED: {
        TranscriptionState.QUEUED,
        TranscriptionState.PROCESSING,
        TranscriptionState.TRANSCRIBED,
        TranscriptionState.DONE,
    },
}


def new_work(*, diarization: bool = True, enrichment: bool = True) -> Work:
    work = Work(TranscriptionId(uuid.uuid4()), TranscriptionState.PENDING, diarization, enrichment)
    return work.submit()


class Reports(RuleBasedStateMachine):
    """Workers, clients and the reconciler in any order; leases of the past are kept and used again."""

    @initialize(diarization=st.booleans(), enrichment=st.booleans())
    def submit(self, diarization: bool, enrichment: bool) -> None:
        self.work = new_work(diarization=diarization, enrichment=enrichment)
        self.leases: list[tuple[Job, str]] = []
        self.accepted: set[object] = set()

    def step(self, after: Work) -> None:
        before = self.work
        if after.state is not before.state:
            assert after.state in LEGAL_STEPS[before.state], f"{before.state} -> {after.state}"
        self.work = after

    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        assume(self.work.jobs)
        job = data.draw(st.sampled_from(self.work.jobs))
        lease = uuid.uuid4().hex
        try:
            self.step(self.work.claim(job.id, lease))
        except JobSuperseded:
            assert job.state is not JobState.QUEUED
        else:
            self.leases.append((job, lease))

    @rule(data=st.data(), chunks=st.integers(0, 4), faint=st.booleans(), empty=st.booleans())
    def report_result(self, data: st.DataObject, chunks: int, faint: bool, empty: bool) -> None:
        assume(self.leases)
        job, _ = data.draw(st.sampled_from(self.leases))
        before = self.work
        try:
            if job.kind is JobKind.PLAN:
                self.step(self.work.complete_plan(job.id, chunks, faint=faint))
            else:
                self.step(self.work.complete(job.id, empty=empty))
        except JobSuperseded:
            assert self.work is before
        else:
            self.accepted.add(job.id)

    @rule(data=st.data(), retryable=st.booleans())
    def report_failure(self, data: st.DataObject, retryable: bool) -> None:
        assume(self.leases)
        job, lease = data.draw(st.sampled_from(self.leases))
        before = self.work
        try:
            self.step(self.work.fail(job.id, lease, retryable=retryable))
        except JobSuperseded:
            assert self.work is before

    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        assume(self.leases)
        job, lease = data.draw(st.sampled_from(self.leases))
        with suppress(JobSuperseded):
            self.step(self.work.release(job.id, lease))

    @rule(data=st.data())
    def fall_silent(self, data: st.DataObject) -> None:
        running = [job for job in self.work.jobs if job.state is JobState.RUNNING]
        assume(running)
        self.step(self.work.expire(data.draw(st.sampled_from(running)).id))

    @rule()
    def cancel(self) -> None:
        try:
            self.step(self.work.cancel())
        except IllegalTransition:
            assert self.work.state in STOPPED_STATES

    @precondition(lambda self: self.work.state in STOPPED_STATES)
    @rule()
    def retry(self) -> None:
        try:
            self.step(self.work.retry())
        except IllegalTransition:
            assert self.work.state is TranscriptionState.DONE

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        done = {job.id for job in self.work.jobs if job.state is JobState.DONE}
        assert self.accepted <= done

    @invariant()
    def every_job_is_there_once(self) -> None:
        ids = [job.id for job in self.work.jobs]
        assert len(ids) == len(set(ids))

    @invariant()
    def a_stopped_transcription_has_no_unfinished_job(self) -> None:
        if self.work.state in STOPPED_STATES:
            assert all(job.state.finished for job in self.work.jobs)

    @invariant()
    def an_unstopped_transcription_has_something_to_do(self) -> None:
        if self.work.state not in STOPPED_STATES:
            assert any(not job.state.finished for job in self.work.jobs)

    @invariant()
    def done_means_that_all_text_is_there(self) -> None:
        if self.work.state in (TranscriptionState.TRANSCRIBED, TranscriptionState.DONE):
            text = [job for job in self.work.jobs if job.kind in (JobKind.PLAN, JobKind.CHUNK)]
            assert text
            assert all(job.state is JobState.DONE for job in text)

    @invariant()
    def only_running_jobs_hold_leases(self) -> None:
        for job in self.work.jobs:
            assert (job.lease is not None) == (job.state is JobState.RUNNING)
            assert 0 <= job.attempt <= MAX_ATTEMPTS

    @invariant()
    def percent_is_one(self) -> None:
        assert 0 <= self.work.percent <= 100

    def teardown(self) -> None:
        """However it stands: diligent workers and a client who retries bring it to its end."""
        if not hasattr(self, "work"):
            return
        for _ in range(200):
            if self.work.state in STOPPED_STATES:
                if self.work.state is TranscriptionState.DONE:
                    break
                self.step(self.work.retry())
                continue
            job = next(job for job in self.work.jobs if not job.state.finished)
            if job.state is JobState.QUEUED:
                self.step(self.work.claim(job.id, "diligent"))
            elif job.kind is JobKind.PLAN:
                self.step(self.work.complete_plan(job.id, 2))
            else:
                self.step(self.work.complete(job.id))
        assert self.work.state is TranscriptionState.DONE


Reports.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestReports = Reports.TestCase


def planned(work: Work, chunks: int) -> Work:
    plan = job_id(work.transcription, JobKind.PLAN)
    return work.claim(plan, "a").complete_plan(plan, chunks)


@given(st.permutations(range(5)))
def test_the_last_one_in_completes_the_text_whatever_the_order(order: list[int]) -> None:
    work = planned(new_work(), 4)
    jobs = [job for job in work.jobs if job.kind is not JobKind.PLAN]
    for place, index in enumerate(order):
        before = work
        work = work.complete(jobs[index].id)
        assert work.text_became_complete(before) == (place == len(order) - 1)
    assert work.state is TranscriptionState.TRANSCRIBED
    assert [job.kind for job in work.newly_queued(before)] == [JobKind.ENRICHMENT]


def test_a_recording_in_which_nobody_speaks_is_done_at_once() -> None:
    work = planned(new_work(), 0)
    assert work.state is TranscriptionState.DONE
    assert work.enrichment_state is PartState.SKIPPED
    assert work.diarization_state is PartState.SKIPPED


def test_a_faint_voice_is_left_to_the_diarization() -> None:
    work = new_work()
    plan = job_id(work.transcription, JobKind.PLAN)
    work = work.claim(plan, "a").complete_plan(plan, 0, faint=True)
    assert work.state is TranscriptionState.PROCESSING
    assert work.complete(job_id(work.transcription, JobKind.DIARIZATION)).state is TranscriptionState.DONE


def test_chunks_without_words_are_not_given_to_the_language_model() -> None:
    work = planned(new_work(diarization=False), 1)
    assert work.complete(job_id(work.transcription, JobKind.CHUNK), empty=True).state is TranscriptionState.DONE


def test_a_failed_diarization_leaves_the_text() -> None:
    work = planned(new_work(), 1)
    diarization = job_id(work.transcription, JobKind.DIARIZATION)
    work = work.claim(diarization, "b").fail(diarization, "b", retryable=False)
    work = work.complete(job_id(work.transcription, JobKind.CHUNK))
    assert work.state is TranscriptionState.TRANSCRIBED
    assert work.diarization_state is PartState.ERROR


def test_a_failed_enrichment_leaves_the_transcript_and_can_be_retried() -> None:
    work = planned(new_work(diarization=False), 1)
    work = work.complete(job_id(work.transcription, JobKind.CHUNK))
    enrichment = job_id(work.transcription, JobKind.ENRICHMENT)
    work = work.claim(enrichment, "e").fail(enrichment, "e", retryable=False)
    assert work.state is TranscriptionState.DONE
    assert work.enrichment_state is PartState.ERROR
    again = work.retry()
    assert again.state is TranscriptionState.TRANSCRIBED
    assert [job.kind for job in again.newly_queued(work)] == [JobKind.ENRICHMENT]


def test_a_recording_that_kills_its_workers_ends_as_an_error() -> None:
    work = new_work()
    plan = job_id(work.transcription, JobKind.PLAN)
    for attempt in range(MAX_ATTEMPTS):
        work = work.claim(plan, f"worker {attempt}").expire(plan)
    assert work.state is TranscriptionState.ERROR


def test_handing_a_job_back_does_not_count_as_an_attempt() -> None:
    work = new_work()
    plan = job_id(work.transcription, JobKind.PLAN)
    for attempt in range(MAX_ATTEMPTS * 2):
        work = work.claim(plan, f"worker {attempt}").release(plan, f"worker {attempt}")
    assert work.jobs[0].state is JobState.QUEUED
    assert work.jobs[0].attempt == 0


def test_a_job_is_never_in_two_hands() -> None:
    work = new_work()
    plan = job_id(work.transcription, JobKind.PLAN)
    work = work.claim(plan, "first")
    with pytest.raises(JobSuperseded):
        work.claim(plan, "second")
    with pytest.raises(JobSuperseded):
        work.fail(plan, "second", retryable=True)


def test_what_a_retry_keeps() -> None:
    work = planned(new_work(), 2)
    first, second = (job_id(work.transcription, JobKind.CHUNK, position) for position in (0, 1))
    work = work.complete(first)
    work = work.claim(second, "x").fail(second, "x", retryable=False)
    assert work.state is TranscriptionState.ERROR
    again = work.retry()
    assert again.state is TranscriptionState.PROCESSING
    assert {job.id for job in again.newly_queued(work)} == {second, job_id(work.transcription, JobKind.DIARIZATION)}
