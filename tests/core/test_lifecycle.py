"""Any order of duplicate, late and reordered reports ends in a legal state, with nothing lost."""

import uuid
from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core import enriching, progress
from app.core.enriching import ENRICHMENT_KINDS
from app.core.errors import IllegalTransition, JobSuperseded
from app.core.identifiers import TranscriptionId
from app.core.jobs import MAX_ATTEMPTS, Job, JobKind, JobState, job_id
from app.core.lifecycle import Work
from app.core.queue_window import WINDOW
from app.core.states import STOPPED_STATES, PartState, TranscriptionState
from app.core.transcript import ChunkPlan, PlanPart, Span, Survey

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
        if any(not enriching.waits(job, self.work.jobs) for job in held):
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


def planned(work: Work, chunks: int, stretches: int = 0, **part: bool) -> Work:
    plan = work.jobs[0]
    return work.claim(plan.id, "a").complete_plan(plan.id, part_of(plan, chunks=chunks, stretches=stretches, **part))


@given(st.permutations(range(6)))
def test_the_last_one_in_completes_the_text_whatever_the_order(order: list[int]) -> None:
    work = planned(new_work(), chunks=4, stretches=2)
    jobs = [job for job in work.jobs if job.kind is not JobKind.PLAN]
    for index in order:
        assert work.state is TranscriptionState.PROCESSING
        work = work.complete(jobs[index].id)
    diarization = work.job_of(JobKind.DIARIZATION)
    assert diarization is not None
    before = work
    work = work.complete(diarization.id)
    assert work.text_became_complete(before)
    assert work.state is TranscriptionState.TRANSCRIBED
    assert [job.kind for job in work.newly_queued(before)] == [JobKind.ENRICHMENT]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4))
def test_any_number_of_workers_is_at_one_recording_though_few_of_its_jobs_wait(
    chunks: int, stretches: int, parts: int
) -> None:
    work = new_work()
    workers = 0
    while waiting := [job for job in work.jobs if job.state is JobState.QUEUED]:
        assert len(waiting) <= WINDOW
        job = waiting[0]
        work = work.claim(job.id, f"worker {workers}")
        if job.kind is JobKind.PLAN:
            last = job.position == parts - 1
            work = work.complete_plan(job.id, part_of(job, chunks=chunks, stretches=stretches, last=last))
        else:
            workers += 1
    assert workers == parts * (chunks + stretches)


def test_the_first_words_come_first_and_then_the_plan_goes_on() -> None:
    work = planned(new_work(), chunks=3, stretches=2, last=False)
    waiting = {(job.kind, job.position) for job in work.jobs if job.state is JobState.QUEUED}
    assert waiting == {(JobKind.CHUNK, 0), (JobKind.PLAN, 1), (JobKind.VOICES, 0)}


def test_the_parts_of_a_plan_follow_one_another_and_their_chunks_count_on() -> None:
    work = planned(new_work(), chunks=2, stretches=1, last=False)
    plan = work.jobs[-1]
    assert (plan.kind, plan.position, plan.start) == (JobKind.PLAN, 1, 60.0)
    work = work.claim(plan.id, "b").complete_plan(plan.id, part_of(plan, chunks=2, stretches=1))
    assert [job.position for job in work.jobs if job.kind is JobKind.CHUNK] == [0, 1, 2, 3]
    assert [job.start for job in work.jobs if job.kind is JobKind.CHUNK] == [0.0, 30.0, 60.0, 90.0]
    assert [job.position for job in work.jobs if job.kind is JobKind.VOICES] == [0, 1]


def test_channels_that_hold_one_party_each_need_no_voices() -> None:
    work = planned(new_work(), chunks=2, by_channel=True)
    assert progress.diarization_state(work) is PartState.DONE
    for position in (0, 1):
        work = work.complete(job_id(work.transcription, JobKind.CHUNK, position))
    assert work.state is TranscriptionState.TRANSCRIBED


def test_a_recording_in_which_nobody_speaks_is_done_at_once() -> None:
    work = planned(new_work(), 0)
    assert work.state is TranscriptionState.DONE
    assert progress.enrichment_state(work) is PartState.SKIPPED
    assert progress.diarization_state(work) is PartState.SKIPPED


def test_a_faint_voice_is_left_to_the_diarization() -> None:
    work = planned(new_work(), chunks=0, stretches=1)
    assert work.state is TranscriptionState.PROCESSING
    work = work.complete(job_id(work.transcription, JobKind.VOICES))
    assert work.complete(job_id(work.transcription, JobKind.DIARIZATION)).state is TranscriptionState.DONE


def test_chunks_without_words_are_not_given_to_the_language_model() -> None:
    work = planned(new_work(diarization=False), 1)
    assert work.complete(job_id(work.transcription, JobKind.CHUNK), empty=True).state is TranscriptionState.DONE


def test_a_failed_diarization_leaves_the_text() -> None:
    work = planned(new_work(), chunks=1, stretches=1)
    work = work.complete(job_id(work.transcription, JobKind.VOICES))
    diarization = job_id(work.transcription, JobKind.DIARIZATION)
    work = work.claim(diarization, "b").fail(diarization, "b", retryable=False)
    work = work.complete(job_id(work.transcription, JobKind.CHUNK))
    assert work.state is TranscriptionState.TRANSCRIBED
    assert progress.diarization_state(work) is PartState.ERROR


def test_voices_that_cannot_be_described_leave_the_text_and_all_are_tried_again() -> None:
    work = planned(new_work(enrichment=False), chunks=1, stretches=3)
    first, second = (job_id(work.transcription, JobKind.VOICES, position) for position in (0, 1))
    work = work.complete(first)
    work = work.claim(second, "b").fail(second, "b", retryable=False)
    assert progress.diarization_state(work) is PartState.ERROR
    work = work.complete(job_id(work.transcription, JobKind.CHUNK))
    assert work.state is TranscriptionState.DONE
    again = work.retry()
    assert again.state is TranscriptionState.PROCESSING
    third = job_id(work.transcription, JobKind.VOICES, 2)
    # What was known of the first ones is gone since the recording ended.
    assert {job.id for job in again.newly_queued(work)} == {first, second, third}
    described = again.complete(first).complete(second).complete(third)
    ended = described.complete(job_id(work.transcription, JobKind.DIARIZATION))
    assert ended.state is TranscriptionState.DONE
    assert progress.diarization_state(ended) is PartState.DONE


def test_a_diarization_that_failed_is_tried_again_with_voices_described_anew() -> None:
    work = planned(new_work(enrichment=False), chunks=1, stretches=2)
    voices = [job_id(work.transcription, JobKind.VOICES, position) for position in (0, 1)]
    diarization = job_id(work.transcription, JobKind.DIARIZATION)
    work = work.complete(job_id(work.transcription, JobKind.CHUNK)).complete(voices[0]).complete(voices[1])
    work = work.claim(diarization, "b").fail(diarization, "b", retryable=False)
    again = work.retry()
    assert {job.id for job in again.newly_queued(work)} == set(voices)
    described = again.complete(voices[0]).complete(voices[1])
    assert [job.id for job in described.newly_queued(again)] == [diarization]
    assert progress.diarization_state(described.complete(diarization)) is PartState.DONE


def test_speakers_that_were_told_apart_stay_so_over_a_retry_of_the_text() -> None:
    work = planned(new_work(enrichment=False), chunks=1, stretches=1)
    chunk, diarization = job_id(work.transcription, JobKind.CHUNK), job_id(work.transcription, JobKind.DIARIZATION)
    work = work.complete(job_id(work.transcription, JobKind.VOICES)).complete(diarization)
    work = work.claim(chunk, "x").fail(chunk, "x", retryable=False)
    assert [job.id for job in work.retry().newly_queued(work)] == [chunk]


def test_a_failed_enrichment_leaves_the_transcript_and_can_be_retried() -> None:
    work = planned(new_work(diarization=False), 1)
    work = work.complete(job_id(work.transcription, JobKind.CHUNK))
    enrichment = job_id(work.transcription, JobKind.ENRICHMENT)
    work = work.claim(enrichment, "e").fail(enrichment, "e", retryable=False)
    assert work.state is TranscriptionState.DONE
    assert progress.enrichment_state(work) is PartState.ERROR
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
    work = planned(new_work(), chunks=2, stretches=1)
    first, second = (job_id(work.transcription, JobKind.CHUNK, position) for position in (0, 1))
    work = work.complete(first)
    work = work.claim(second, "x").fail(second, "x", retryable=False)
    assert work.state is TranscriptionState.ERROR
    again = work.retry()
    assert again.state is TranscriptionState.PROCESSING
    assert {job.id for job in again.newly_queued(work)} == {second, job_id(work.transcription, JobKind.VOICES)}


def test_a_recording_that_never_came_is_an_error_and_may_be_asked_for_again() -> None:
    waiting = Work(TranscriptionId(uuid.uuid4()), TranscriptionState.PENDING, diarization=True, enrichment=True)
    refused = waiting.refuse()
    assert (refused.state, refused.jobs) == (TranscriptionState.ERROR, ())
    assert refused.retry() == waiting
    assert waiting.cancel().retry() == waiting
    assert waiting.submit().state is TranscriptionState.QUEUED
    for work in (refused, waiting.submit(), waiting.cancel()):
        with pytest.raises(IllegalTransition):
            work.refuse()


def finished(*, enrichment: bool = True) -> Work:
    work = planned(new_work(diarization=False, enrichment=enrichment), chunks=1)
    work = work.complete(next(job.id for job in work.jobs if job.kind is JobKind.CHUNK))
    enriching = work.job_of(JobKind.ENRICHMENT)
    return work.complete(enriching.id) if enriching else work


@pytest.mark.parametrize("enrichment", [True, False])
def test_an_enrichment_is_made_anew_as_another_job(enrichment: bool) -> None:
    work = finished(enrichment=enrichment)
    before = work.job_of(JobKind.ENRICHMENT)
    again = work.enrich_again()
    asked = again.job_of(JobKind.ENRICHMENT)
    assert asked is not None
    assert (again.state, asked.state) == (TranscriptionState.TRANSCRIBED, JobState.QUEUED)
    assert again.newly_queued(work) == (asked,)
    assert before is None or before.id != asked.id
    with pytest.raises(IllegalTransition):
        again.enrich_again()
    assert again.complete(asked.id).state is TranscriptionState.DONE
    # Cancelled, the text still stands: it may be asked for once more, under yet another id.
    once_more = again.cancel().enrich_again().job_of(JobKind.ENRICHMENT)
    assert once_more is not None
    assert once_more.id != asked.id


def test_without_a_finished_text_there_is_nothing_to_enrich() -> None:
    queued = new_work()
    silent = planned(new_work(), chunks=0)
    for work in (queued, queued.cancel(), silent, planned(new_work(), chunks=2).cancel()):
        with pytest.raises(IllegalTransition):
            work.enrich_again()


def test_what_is_taken_over_has_jobs_of_its_own() -> None:
    other = finished()
    pending = Work(TranscriptionId(uuid.uuid4()), TranscriptionState.PENDING, diarization=False, enrichment=True)
    taken = pending.take_over(other)
    assert taken.state is TranscriptionState.DONE
    assert [(job.kind, job.state) for job in taken.jobs] == [(job.kind, job.state) for job in other.jobs]
    assert not {job.id for job in taken.jobs} & {job.id for job in other.jobs}
    assert taken.enrich_again().complete(job_id(taken.transcription, JobKind.ENRICHMENT, 1)).state is taken.state
    for work, unfit in ((taken, other), (pending, new_work())):
        with pytest.raises(IllegalTransition):
            work.take_over(unfit)
