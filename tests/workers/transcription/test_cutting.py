"""Cutting: every span of speech in exactly one chunk, whole; chunks in order, apart, and of bounded size."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import ChunkPlan, Span
from app.workers.transcription.cutting import (
    LONGEST_SECONDS,
    PADDING_SECONDS,
    TARGET_SECONDS,
    cut_anywhere,
    cut_at_pauses,
    padded,
    windows,
)
from app.workers.transcription.voice import LONGEST_SPAN_SECONDS


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Span], float]:
    """Spans of speech as a listener gives them, and the recording's length."""
    clock = draw(st.floats(0, 30))
    spans = []
    pauses = st.one_of(st.sampled_from([0.0, 0.16, 0.5]), st.floats(0.16, 4), st.floats(60, 2000))
    lengths = st.one_of(st.floats(0.064, 5), st.floats(5, LONGEST_SPAN_SECONDS))
    for length, pause in draw(st.lists(st.tuples(lengths, pauses), max_size=120)):
        spans.append(Span(clock, clock + length))
        clock += length + pause
    return spans, clock + draw(st.floats(0, 100))


@given(conversations())
def test_every_span_is_in_exactly_one_chunk(conversation: tuple[list[Span], float]) -> None:
    spans, duration = conversation
    chunks = cut_at_pauses(spans, duration)
    assert [span for chunk in chunks for span in chunk.speech or ()] == padded(spans, duration)


@given(conversations())
def test_chunks_are_in_order_apart_and_of_bounded_size(conversation: tuple[list[Span], float]) -> None:
    spans, duration = conversation
    clock = 0.0
    for chunk in cut_at_pauses(spans, duration):
        assert chunk.speech
        assert clock <= chunk.start < chunk.end <= duration
        assert chunk.end - chunk.start <= LONGEST_SECONDS
        assert (chunk.start, chunk.end) == (chunk.speech[0].start, chunk.speech[-1].end)
        clock = chunk.end


@given(conversations())
def test_padding_only_widens_and_never_overlaps(conversation: tuple[list[Span], float]) -> None:
    spans, duration = conversation
    wide = padded(spans, duration)
    for span, wider in zip(spans, wide, strict=True):
        assert wider.start <= span.start < span.end <= wider.end
        assert span.start - wider.start <= PADDING_SECONDS + 1e-9
        assert wider.end - span.end <= PADDING_SECONDS + 1e-9
    assert all(first.end <= second.start for first, second in pairwise(wide))


@given(conversations())
def test_windows_keep_all_spans_in_order_and_fit_the_decoder(conversation: tuple[list[Span], float]) -> None:
    spans = padded(*conversation)
    groups = windows(spans, 30)
    assert [span for group in groups for span in group] == spans
    assert all(sum(span.duration for span in group) <= 30 + 1e-6 for group in groups)


def test_seven_minutes_are_one_chunk_and_more_are_even_ones() -> None:
    def talk(seconds: int) -> list[Span]:
        return [Span(second, second + 3.5) for second in range(0, seconds, 4)]

    assert len(cut_at_pauses(talk(420), 420)) == 1
    for minutes in (8, 12, 60, 600):
        chunks = cut_at_pauses(talk(60 * minutes), 60 * minutes)
        lengths = [chunk.end - chunk.start for chunk in chunks]
        assert min(lengths) > 0.5 * TARGET_SECONDS
        assert len(chunks) == pytest.approx(minutes / 5, abs=max(1, 0.1 * minutes / 5))


def test_the_cut_is_in_the_longest_pause_near_the_target() -> None:
    spans = [Span(second, second + 3.8) for second in range(0, 600, 4) if second != 320]
    first, second = cut_at_pauses(spans, 600)
    assert (first.end, second.start) == (319.8 + PADDING_SECONDS, 324 - PADDING_SECONDS)


def test_nobody_speaking_makes_no_chunk() -> None:
    assert cut_at_pauses([], 12 * 3600) == ()


@given(st.floats(0.01, 20_000), st.integers(0, 2**32 - 1))
def test_without_voice_activity_chunks_cover_everything(duration: float, seed: int) -> None:
    frame = 0.5
    loudness = np.random.default_rng(seed).random(int(duration / frame) + 1, dtype=np.float32)
    chunks = cut_anywhere(loudness, frame, duration)
    assert chunks[0].start == 0
    assert chunks[-1].end == duration
    assert all(first.end == second.start for first, second in pairwise(chunks))
    assert all(0 < chunk.end - chunk.start <= LONGEST_SECONDS and chunk.speech is None for chunk in chunks)


def test_without_voice_activity_the_cut_is_at_the_quietest_place() -> None:
    loudness = np.full(6000, 0.5, np.float32)
    loudness[3300:3310] = 0.01
    first, _ = cut_anywhere(loudness, 0.1, 600)
    assert first == ChunkPlan(0.0, pytest.approx(330.5, abs=0.3), None)
