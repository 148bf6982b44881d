"""Jobs that fail, workers that die, and what another try keeps."""

import uuid

import pytest

from app.core import progress
from app.core.errors import IllegalTransition, JobSuperseded
from app.core.identifiers import TranscriptionId
from app.core.jobs import MAX_ATTEMPTS, JobKind, JobState, job_id
from app.core.lifecycle import Work
from app.core.states import PartState, TranscriptionState
from tests.core.work import new_work, planned


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
    assert work.claim(plan, "first") is work
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
