"""Any order of duplicate, late and reordered reports ends in a legal state, with nothing lost."""

import uuid
from contextlib import suppress

import hypothesis.strategies as st
from hypothesis import assume, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core import enriching, progress
from app.core.enriching import ENRICHMENT_KINDS
from app.core.errors import IllegalTransition, JobSuperseded
from app.core.jobs import MAX_ATTEMPTS, Job, JobKind, JobState
from app.core.lifecycle import Work
from app.core.queue_window import WINDOW
from app.core.states import STOPPED_STATES, TranscriptionState
from tests.core.work import new_work, part_of

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


class Reports(RuleBasedStateMachine):
    """Workers, clients and the reconciler in any order; leases of the past are kept and used again."""

    @initialize(diarization=st.booleans(), enrichment=st.booleans(), by_channel=st.booleans())
    def submit(self, diarization: bool, enrichment: bool, by_channel: bool) -> None:
        self.by_channel = by_channel
        self.work = new_work(diarization=diarization, enrichment=enrichment)
        self.leases: list[tuple[Job, str]] = []
        self.accepted: set[object] = set()
        self.given_back = 0

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
            assert self.work.claim(job.id, lease) is self.work

    @precondition(lambda self: self.leases)
    @rule(
        data=st.data(), chunks=st.integers(0, 5), stretches=st.integers(0, 3), last=st.booleans(), empty=st.booleans()
    )
    def report_result(self, data: st.DataObject, chunks: int, stretches: int, last: bool, empty: bool) -> None:
        job, _ = data.draw(st.sampled_from(self.leases))
        before = self.work
        try:
            if job.kind is JobKind.PLAN:
                part = part_of(job, chunks=chunks, stretches=stretches, last=last, by_channel=self.by_channel)
                self.step(self.work.complete_plan(job.id, part))
            else:
                self.step(self.work.complete(job.id, empty=empty))
        except JobSuperseded:
            assert self.work is before
        else:
            self.accepted.add(job.id)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), retryable=st.booleans())
    def report_failure(self, data: st.DataObject, retryable: bool) -> None:
        job, lease = data.draw(st.sampled_from(self.leases))
        before = self.work
        try:
            self.step(self.work.fail(job.id, lease, retryable=retryable))
        except JobSuperseded:
            assert self.work is before

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        job, lease = data.draw(st.sampled_from(self.leases))
        with suppress(JobSuperseded):
            self.step(self.work.release(job.id, lease))
            self.given_back += 1

    @precondition(lambda self: any(job.state is JobState.RUNNING for job in self.work.jobs))
    @rule(data=st.data())
    def fall_silent(self, data: st.DataObject) -> None:
        running = [job for job in self.work.jobs if job.state is JobState.RUNNING]
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
        # What is known of voices is gone, unless the speakers were told apart by it.
        self.accepted -= {job.id for job in self.work.jobs if job.kind is JobKind.VOICES and not job.state.finished}
        # Nor is anything of an enrichment of another text.
        if self.work.job_of(JobKind.ENRICHMENT) is None:
            self.accepted &= {job.id for job in self.work.jobs}

    @precondition(lambda self: self.work.state in STOPPED_STATES)
    @rule()
    def enrich_again(self) -> None:
        before = self.work
        with suppress(IllegalTransition):
            self.step(before.enrich_again())
            # It is another job: what is still to come of the old one is nobody's.
            replaced = {job.id for job in before.jobs if job.kind in ENRICHMENT_KINDS}
            self.accepted -= replaced
            assert not replaced & {job.id for job in self.work.jobs}
            assert self.work.state is TranscriptionState.TRANSCRIBED

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
    def few_wait_in_the_queue_and_none_is_held_without_need(self) -> None:
        queued = [job for job in self.work.jobs if job.state is JobState.QUEUED]
        held = [job for job in self.work.jobs if job.state is JobState.HELD]
        waiting = enriching.waiting_kinds(self.work.jobs)
        if any(job.kind not in waiting for job in held):
            assert len(queued) >= WINDOW
        # What is handed back or tried again stands beside the window, once a job in hand.
        running_once = sum(job.attempt > 0 or job.kind is JobKind.DIARIZATION for job in queued)
        assert len(queued) <= WINDOW + self.given_back + running_once

    @invariant()
    def speakers_are_told_apart_once_all_voices_are_there(self) -> None:
        diarization = self.work.job_of(JobKind.DIARIZATION)
        voices = [job for job in self.work.jobs if job.kind is JobKind.VOICES]
        if diarization is not None and voices:
            assert all(job.state is JobState.DONE for job in voices)

    @invariant()
    def only_running_jobs_hold_leases(self) -> None:
        for job in self.work.jobs:
            assert (job.lease is not None) == (job.state is JobState.RUNNING)
            assert 0 <= job.attempt <= MAX_ATTEMPTS

    @invariant()
    def percent_is_one(self) -> None:
        assert 0 <= progress.percent(self.work) <= 100

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
            job = next(job for job in self.work.jobs if job.state in (JobState.QUEUED, JobState.RUNNING))
            if job.state is JobState.QUEUED:
                self.step(self.work.claim(job.id, "diligent"))
            elif job.kind is JobKind.PLAN:
                part = part_of(job, chunks=2, stretches=2, by_channel=self.by_channel)
                self.step(self.work.complete_plan(job.id, part))
            else:
                self.step(self.work.complete(job.id))
        assert self.work.state is TranscriptionState.DONE


Reports.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestReports = Reports.TestCase
