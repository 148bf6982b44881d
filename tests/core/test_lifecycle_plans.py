"""A plan, its parts and what follows from them: which jobs wait, and when the text is complete."""

import hypothesis.strategies as st
from hypothesis import given

from app.core import progress
from app.core.jobs import JobKind, JobState, job_id
from app.core.queue_window import WINDOW
from app.core.states import PartState, TranscriptionState
from tests.core.work import new_work, part_of, planned


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
