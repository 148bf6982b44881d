"""Cutting: every span of speech in exactly one part and chunk, whole; chunks in order, apart, and of bounded size."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.transcript import ChunkPlan, Span
from app.workers.transcription.plan.cutting import (
    FIRST_CHUNK_SECONDS,
    LONGEST_CHUNK_SECONDS,
    PADDING_SECONDS,
    SHORTEST_TARGET_SECONDS,
    TARGET_SECONDS,
    VOICE_WINDOW_SECONDS,
    cut_anywhere,
    cut_at_pauses,
    end_of_part,
    end_of_windows,
    joined,
    padded,
    stretch_seconds,
    stretches_of,
    target_seconds,
    windows,
    within,
)
from app.workers.transcription.plan.voice import LONGEST_SPAN_SECONDS

WINDOW = 30.0

targets = st.floats(SHORTEST_TARGET_SECONDS, TARGET_SECONDS)


@st.composite
def conversations(draw: st.DrawFn, shortest_pause: float = 0.0) -> tuple[list[Span], float]:
    """Spans of speech as a listener gives them, and the recording's length. Without a pause, a stretch was divided."""
    clock = draw(st.floats(0, 30))
    spans = []
    pauses = st.one_of(st.sampled_from([shortest_pause, 0.16, 0.5]), st.floats(0.16, 4), st.floats(60, 2000))
    lengths = st.one_of(st.floats(0.064, 5), st.floats(5, LONGEST_SPAN_SECONDS))
    for length, pause in draw(st.lists(st.tuples(lengths, pauses), max_size=120)):
        spans.append(Span(clock, clock + length))
        clock += length + pause
    return spans, clock + draw(st.floats(0, 100))


def cut(conversation: tuple[list[Span], float], target: float, *, first: bool) -> tuple[ChunkPlan, ...]:
    spans, duration = conversation
    return cut_at_pauses(padded(spans, 0, duration), WINDOW, target=target, first=first)


@given(conversations(), targets, st.booleans())
def test_every_span_is_in_exactly_one_chunk(conversation: tuple[list[Span], float], target: float, first: bool) -> None:
    chunks = cut(conversation, target, first=first)
    assert [span for chunk in chunks for span in chunk.speech or ()] == padded(conversation[0], 0, conversation[1])


@given(conversations(), targets, st.booleans())
def test_chunks_are_in_order_apart_and_of_bounded_size(
    conversation: tuple[list[Span], float], target: float, first: bool
) -> None:
    clock = 0.0
    for number, chunk in enumerate(cut(conversation, target, first=first)):
        assert chunk.speech
        assert clock <= chunk.start < chunk.end <= conversation[1]
        assert (chunk.start, chunk.end) == (chunk.speech[0].start, chunk.speech[-1].end)
        longest = FIRST_CHUNK_SECONDS if first and not number else LONGEST_CHUNK_SECONDS
        assert chunk.end - chunk.start <= longest
        assert len(windows(chunk.speech, WINDOW)) <= -(-target // WINDOW)
        clock = chunk.end


@given(conversations(), targets, st.data())
def test_no_word_is_lost_or_doubled_at_a_cut(
    conversation: tuple[list[Span], float], target: float, data: st.DataObject
) -> None:
    spans, _ = conversation
    spoken = [span for chunk in cut(conversation, target, first=True) for span in chunk.speech or ()]
    for span in spans:
        middle = data.draw(st.floats(span.start, span.end, exclude_min=True, exclude_max=True))
        assert sum(one.start <= middle < one.end for one in spoken) == 1


@given(conversations(), st.floats(1, 300), st.floats(1, 100))
def test_parts_end_in_pauses_and_leave_nothing_out(
    conversation: tuple[list[Span], float], listenings: float, reach: float
) -> None:
    spans, duration = conversation
    limit = max(1.0, duration / listenings)
    stretches = joined(spans, 0.0)
    begin, planned = 0.0, []
    while True:
        heard = begin
        end = None
        while end is None and heard < duration:
            heard = min(heard + limit, duration)
            # Who listens does not know yet that a word goes on.
            end = end_of_part(within(stretches, begin, heard), begin, heard, reach) if heard < duration else None
        if end is None:
            planned += within(stretches, begin, duration)
            break
        assert begin < end < heard
        planned += within(stretches, begin, end)
        begin = end
    assert planned == within(stretches, 0, duration)


def test_a_part_ends_in_the_last_long_pause_and_leaves_room_before_the_next_words() -> None:
    talk = [Span(0, 20), Span(20.2, 33), Span(34.5, 44), Span(46, 59.9)]
    assert end_of_part(talk, 0, 60, 30) == 45
    assert end_of_part(talk[:2], 0, 60, 30) == 49
    assert end_of_part([], 100, 3700, 60) == 3700 - VOICE_WINDOW_SECONDS - 1
    assert end_of_part([Span(0, 1), Span(1.2, 60)], 0, 60, 30) == pytest.approx(1.1)
    assert end_of_part([Span(0, 60)], 0, 60, 30) is None


@given(conversations(shortest_pause=0.16), st.floats(30, 300))
def test_windows_go_on_from_part_to_part_as_in_one_go(conversation: tuple[list[Span], float], step: float) -> None:
    spans, duration = conversation
    begin, found = 0.0, []
    while True:
        heard, end = begin, None
        while end is None and heard < duration:
            heard = min(heard + step, duration)
            speech = within(spans, begin, heard)
            end = end_of_windows(speech, padded(speech, begin, heard), WINDOW) if heard < duration else None
        assert end is None or begin < end < heard
        found += windows(padded(within(spans, begin, end or duration), begin, end or duration), WINDOW)
        if end is None:
            break
        begin = end
    assert found == windows(padded(spans, 0, duration), WINDOW)


def test_without_a_full_window_a_part_does_not_end_at_one() -> None:
    talk = [Span(0, 12), Span(13, 25), Span(26, 38)]
    wide = padded(talk, 0, 60)
    assert end_of_windows(talk, wide, WINDOW) == 25.5
    assert end_of_windows(talk[:2], wide[:2], WINDOW) is None
    assert end_of_windows([], [], WINDOW) is None
    # Divided, as nobody pauses.
    assert end_of_windows([Span(0, 50)], [Span(0, 25), Span(25, 50)], WINDOW) is None


@given(conversations())
def test_padding_only_widens_and_never_overlaps(conversation: tuple[list[Span], float]) -> None:
    spans, duration = conversation
    wide = padded(spans, 0, duration)
    for span, wider in zip(spans, wide, strict=True):
        assert wider.start <= span.start < span.end <= wider.end
        assert span.start - wider.start <= PADDING_SECONDS + 1e-9
        assert wider.end - span.end <= PADDING_SECONDS + 1e-9
    assert all(first.end <= second.start for first, second in pairwise(wide))


@given(conversations())
def test_windows_keep_all_spans_in_order_and_fit_the_decoder(conversation: tuple[list[Span], float]) -> None:
    spans = padded(conversation[0], 0, conversation[1])
    groups = windows(spans, WINDOW)
    assert [span for group in groups for span in group] == spans
    assert all(sum(span.duration for span in group) <= WINDOW + 1e-6 for group in groups)


def test_sizes_follow_the_length_and_the_workers() -> None:
    assert target_seconds(None, 8) == target_seconds(36_000, 8) == stretch_seconds(100, 1) == TARGET_SECONDS
    assert target_seconds(None, 2) == target_seconds(36_000, 1) == SHORTEST_TARGET_SECONDS
    assert target_seconds(400, 4) == stretch_seconds(400, 4) == 50
    assert target_seconds(60, 4) == SHORTEST_TARGET_SECONDS


def test_chunks_are_full_windows_and_even() -> None:
    talk = [Span(second, second + 4) for second in range(0, 300, 5)]
    chunks = cut_at_pauses(talk, WINDOW, target=120)
    assert [len(windows(chunk.speech or (), WINDOW)) for chunk in chunks] == [3, 3, 3]
    chunks = cut_at_pauses(talk, WINDOW, target=120, first=True)
    assert [len(windows(chunk.speech or (), WINDOW)) for chunk in chunks] == [1, 4, 4]
    assert len(cut_at_pauses(talk[:9], WINDOW, target=120, first=True)) == 1


def test_nobody_speaking_makes_no_chunk() -> None:
    assert cut_at_pauses([], WINDOW, target=TARGET_SECONDS, first=True) == ()


@given(st.floats(0, 500), st.floats(0.01, 20_000), targets, st.booleans(), st.integers(0, 2**32 - 1))
@example(begin=0.0, length=244.0, target=57.0, first=False, seed=539639)
def test_without_voice_activity_chunks_cover_everything(
    begin: float, length: float, target: float, first: bool, seed: int
) -> None:
    frame = 0.5
    loudness = np.random.default_rng(seed).random(int(length / frame) + 1, dtype=np.float32)
    chunks = cut_anywhere(loudness, frame, begin, begin + length, target=target, first=first)
    assert (chunks[0].start, chunks[-1].end) == (begin, begin + length)
    assert all(one.end == following.start for one, following in pairwise(chunks))
    assert all(0 < chunk.end - chunk.start <= 1.5 * target + frame and chunk.speech is None for chunk in chunks)
    assert not first or chunks[0].end - begin <= FIRST_CHUNK_SECONDS + frame


def test_without_voice_activity_the_cut_is_at_the_quietest_place() -> None:
    loudness = np.full(2200, 0.5, np.float32)
    loudness[1230:1240] = 0.01
    first, _ = cut_anywhere(loudness, 0.1, 50, 270, target=120)
    assert first == ChunkPlan(50, pytest.approx(173.5, abs=0.3), None)


@given(conversations(), st.floats(0, 100), targets, st.data())
def test_every_window_that_hears_a_word_begins_in_one_stretch(
    conversation: tuple[list[Span], float], begin: float, target: float, data: st.DataObject
) -> None:
    spans, duration = conversation
    end = data.draw(st.floats(begin, max(begin, duration)))
    stretches = stretches_of(spans, begin, end, target=target)
    assert all(one.end <= following.start for one, following in pairwise(stretches))
    assert all(begin <= stretch.start < stretch.end <= end for stretch in stretches)
    assert all(stretch.duration <= 1.5 * target + 1 for stretch in stretches)
    for span in within([Span(span.start - VOICE_WINDOW_SECONDS, span.end) for span in spans], begin, end):
        window = data.draw(st.floats(span.start, span.end, exclude_max=True))
        assert sum(stretch.start <= window < stretch.end for stretch in stretches) == 1


def test_stretches_leave_out_long_silences_and_touch_where_speech_goes_on() -> None:
    talk = [Span(100, 200), Span(201, 340), Span(1000, 1005)]
    stretches = stretches_of(talk, 0, 1000, target=120)
    assert stretches == (Span(90, 215.5), Span(215.5, 341), Span(990, 1000))
