"""The waveform: every peak is in one part and in one point."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.transcript import PlanPart
from app.core.waveform import Waveform, cells, put_together


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=20))
def test_parts_report_each_peak_once(lengths_ms: list[int]) -> None:
    bounds = [0.0]
    for length in lengths_ms:
        bounds.append(round(bounds[-1] + length / 1000, 3))
    parts = [cells(start, end) for start, end in pairwise(bounds)]
    assert [number for part in parts for number in part] == list(cells(0, bounds[-1]))
    assert len(cells(0, bounds[-1])) == -(-sum(lengths_ms) // 100)


@given(st.integers(0, 10_000_000))
@example(25_608)
def test_a_part_that_ends_between_two_milliseconds_has_the_same_peaks_on_both_sides(samples: int) -> None:
    end = samples / 16_000
    handed_on = PlanPart.from_dict(PlanPart(start=0.0, end=end, last=True).to_dict()).end
    assert cells(0, end) == cells(0, handed_on)
    # No more than were heard: each is measured that has begun.
    assert len(cells(0, end)) <= -(-samples // 1600)


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=5), st.randoms())
def test_parts_make_the_whole_in_any_order(peaks: bytes, cuts: list[int], random: object) -> None:
    bounds = sorted({0, *(min(cut, len(peaks)) for cut in cuts), len(peaks)})
    parts = [(first, peaks[first:last]) for first, last in pairwise(bounds)]
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert put_together(parts, complete=True).peaks == peaks


def test_what_no_part_reported_is_silence() -> None:
    assert put_together([(4, b"\x05"), (0, b"\x01")], complete=False).peaks == b"\x01\0\0\0\x05"


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 10_000))
def test_a_point_is_the_loudest_of_its_share(peaks: bytes, count: int) -> None:
    waveform = Waveform(peaks, complete=True)
    points = waveform.points(count)
    assert len(points) == min(count, len(peaks))
    assert all(0 <= point <= 1 for point in points)
    assert max(points) == (1 if any(peaks) else 0)
    assert waveform.loudest == pytest.approx((max(peaks) / 255) ** 2)
    share = len(peaks) / len(points)
    for number, peak in enumerate(peaks):
        mine = points[min(int((number + 0.5) / share), len(points) - 1)]
        beside = points[max(0, int(number / share) - 1) : int(number / share) + 2]
        assert max([mine, *beside]) >= round((peak / max(peaks)) ** 2, 4) if peak else True


def test_of_nothing_there_are_no_points() -> None:
    assert Waveform(b"", complete=False).points(10) == []
    assert Waveform(b"", complete=False).loudest == 0
