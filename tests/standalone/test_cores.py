"""No more threads at once than there are cores, however they are dealt out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.standalone.cores import CoreShare, CoreShares
from app.standalone.errors import CannotStart


def test_one_worker_has_all_cores_and_takes_turns_with_enrichment() -> None:
    shares = CoreShares.of(4)

    assert shares.transcription == (CoreShare(threads=4, turn="compute"),)
    assert shares.enrichment == CoreShare(threads=4, turn="compute")


def test_two_workers_have_half_each_and_one_of_them_takes_turns() -> None:
    shares = CoreShares.of(4, workers=2)

    assert shares.transcription == (CoreShare(threads=2, turn="compute"), CoreShare(threads=2))
    assert shares.enrichment == CoreShare(threads=2, turn="compute")


def test_what_is_left_over_is_enrichments_own() -> None:
    shares = CoreShares.of(4, workers=1, threads=2)

    assert shares.transcription == (CoreShare(threads=2),)
    assert shares.enrichment == CoreShare(threads=2)


@pytest.mark.parametrize(("workers", "threads"), [(3, None), (1, 3), (2, 2)])
def test_more_threads_than_cores_are_refused_in_words(workers: int, threads: int | None) -> None:
    with pytest.raises(CannotStart) as refused:
        CoreShares.of(2, workers=workers, threads=threads)

    assert "there are 2" in refused.value.detail
    assert "VOCALYX_TRANSCRIPTION_WORKERS" in refused.value.remedy


@given(cores=st.integers(1, 64), workers=st.integers(1, 64), threads=st.none() | st.integers(1, 64))
def test_no_core_has_two_threads_at_once(cores: int, workers: int, threads: int | None) -> None:
    try:
        shares = CoreShares.of(cores, workers=workers, threads=threads)
    except CannotStart:
        assert workers * (threads or 1) > cores
        return

    everyone = (*shares.transcription, shares.enrichment)
    in_turns = [share.threads for share in everyone if share.turn is not None]
    assert sum(share.threads for share in everyone if share.turn is None) + max(in_turns, default=0) <= cores
    assert len(shares.transcription) == workers
    assert all(share.threads >= 1 for share in everyone)
