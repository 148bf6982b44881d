"""Speech packed into windows: all of it, in order, evenly; and the way back to the recording's clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import Segment, Span, Word
from app.media.decode import SAMPLE_RATE
from app.workers.transcription.plan.cutting import windows
from app.workers.transcription.text.packing import Packed, balanced

LENGTHS = st.lists(st.floats(0.1, 28), max_size=40)


def spans_of(lengths: list[float], pause: float = 1.0) -> list[Span]:
    spans = []
    clock = 0.0
    for length in lengths:
        spans.append(Span(clock, clock + length))
        clock += length + pause
    return spans


@given(LENGTHS)
def test_windows_hold_all_in_order_and_are_as_few_as_can_be(lengths: list[float]) -> None:
    spans = spans_of(lengths)
    found = balanced(spans, 30)
    assert [span for window in found for span in window] == spans
    filled = [sum(span.duration for span in window) for window in found]
    assert all(0 < seconds <= 30 + 1e-6 for seconds in filled)
    assert len(found) <= len(windows(spans, 30))
    greedy = [sum(span.duration for span in window) for window in windows(spans, 30)]
    assert len(found) < len(greedy) or max(filled, default=0) <= max(greedy, default=0) + 1e-6


def test_a_full_window_and_a_crumb_become_two_halves() -> None:
    assert [len(window) for window in balanced(spans_of([4.0] * 8), 30)] == [4, 4]
    assert [len(window) for window in balanced(spans_of([28.0, 28.0, 1.0]), 30)] == [1, 2]
    assert balanced(spans_of([45.0]), 30) == [(Span(0, 45),)]
    assert balanced([], 30) == []


@given(st.lists(st.floats(0.2, 9), min_size=1, max_size=5), st.floats(0, 40), st.floats(0, 3))
def test_a_word_goes_back_into_the_span_of_its_middle(lengths: list[float], at: float, length: float) -> None:
    spans = [Span(round(span.start, 3), round(span.end, 3)) for span in spans_of(lengths)]
    samples = np.zeros(round(spans[-1].end * SAMPLE_RATE), np.float32)
    packed = Packed(samples, spans)
    word = Word(at, at + length, " word", 0.9)
    restored = packed.restore(Segment(at, at + length, "word", (word,))).words[0]
    holding = [span for span in spans if span.start - 1e-3 <= restored.start <= restored.end <= span.end + 1e-3]
    assert holding
    total = len(packed.samples) / SAMPLE_RATE
    assert total == pytest.approx(sum(span.duration for span in spans), abs=1e-3 * len(spans))
