"""What can be asked of a recording whose text is complete: another enrichment, or the same for another recording."""

import uuid

import pytest

from app.core.errors import IllegalTransition
from app.core.identifiers import TranscriptionId
from app.core.jobs import JobKind, JobState, job_id
from app.core.lifecycle import Work
from app.core.states import TranscriptionState
from tests.core.work import finished, new_work, planned


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
