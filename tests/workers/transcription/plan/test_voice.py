"""Hearing who speaks when: spans that do not depend on the blocks, and silence that costs nothing."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.workers.transcription.plan.voice import (
    BLOCK_SECONDS,
    FRAME_SAMPLES,
    FRAME_SECONDS,
    LONGEST_SPAN_SECONDS,
    RUN_UP_SECONDS,
    Listener,
    divide,
    speech_frames,
)
from tests.media.recordings import SPEECH


def heard(sound: Samples, frames_a_block: int) -> Listener:
    listener = Listener(voice=True)
    size = frames_a_block * FRAME_SAMPLES
    for begin in range(0, len(sound), size):
        listener.hear(sound[begin : begin + size])
    return listener


def speaking(listener: Listener) -> np.ndarray:
    """Whether somebody speaks, for each hundredth of a second."""
    timeline = np.zeros(round(listener.seconds * 100) + 1, bool)
    for span in listener.speech():
        timeline[round(span.start * 100) : round(span.end * 100)] = True
    return timeline


@pytest.mark.engine
def test_the_spans_do_not_depend_on_where_blocks_end() -> None:
    sound = decode_span(SPEECH)
    whole = speaking(heard(sound, 10**6))
    assert 0.5 < whole.mean() < 0.95
    for frames in (101, 250, 777):
        assert (speaking(heard(sound, frames)) == whole).all()


@pytest.mark.engine
def test_the_spans_are_those_of_the_library() -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    sound = decode_span(SPEECH, 0, 64 * FRAME_SECONDS * 14)
    options = VadOptions(
        max_speech_duration_s=LONGEST_SPAN_SECONDS,
        min_silence_duration_ms=160,
        min_speech_duration_ms=64,
        speech_pad_ms=0,
    )
    expected = [(span["start"], span["end"]) for span in get_speech_timestamps(sound, options)]
    found = [(round(span.start * SAMPLE_RATE), round(span.end * SAMPLE_RATE)) for span in heard(sound, 250).stretches()]
    assert len(expected) > 5
    assert found == expected


@pytest.mark.engine
def test_speech_is_heard_where_the_reference_has_it() -> None:
    listener = heard(decode_span(SPEECH), 1875)
    timeline = speaking(listener)
    reference = np.zeros_like(timeline)
    for line in SPEECH.with_suffix(".rttm").read_text().splitlines():
        start, length = map(float, line.split()[3:5])
        reference[round(start * 100) : round((start + length) * 100)] = True
    assert (timeline == reference).mean() > 0.9


def test_silence_is_never_speech_and_takes_no_model() -> None:
    listener = Listener(voice=True)
    began = time.process_time()
    for _ in range(60):
        listener.hear(np.zeros(BLOCK_SECONDS * SAMPLE_RATE, np.float32))
    assert listener.speech() == []
    assert listener.seconds == 3600
    assert time.process_time() - began < 5


@given(arrays(np.float32, st.integers(0, 300), elements=st.floats(0, 1, width=32)))
def test_speech_begins_at_an_onset_and_spans_are_apart(probabilities: np.ndarray) -> None:
    spans = speech_frames(probabilities)
    for start, end in spans:
        assert 0 <= start < end <= len(probabilities)
        assert probabilities[start] >= 0.5
        assert probabilities[end - 1] >= 0.35
    assert all(following[0] - span[1] >= 5 for span, following in pairwise(spans))
    covered = {frame for start, end in spans for frame in range(start, end)}
    runs = np.flatnonzero((probabilities[:-1] >= 0.5) & (probabilities[1:] >= 0.5))
    assert set(runs.tolist()) <= covered


@given(st.integers(2, 9000), st.integers(0, 100), st.integers(0, 2**32 - 1))
def test_endless_speech_is_divided_into_touching_spans_that_fit(length: int, start: int, seed: int) -> None:
    probabilities = np.random.default_rng(seed).random(start + length, dtype=np.float32)
    pieces = divide(start, start + length, probabilities, probabilities)
    assert (pieces[0][0], pieces[-1][1]) == (start, start + length)
    assert all(piece[1] == following[0] for piece, following in pairwise(pieces))
    assert all(0 < end - begin <= LONGEST_SPAN_SECONDS / FRAME_SECONDS for begin, end in pieces)


def test_a_voice_across_the_room_is_faint_and_noise_is_not() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 20 * SAMPLE_RATE).astype(np.float32)
    voice = decode_span(SPEECH) * 0.02
    frames = round(BLOCK_SECONDS / FRAME_SECONDS)
    assert heard(voice, frames).faint(0, 75)
    assert not heard(noise, frames).faint(0, 20)
    assert not heard(np.zeros(20 * SAMPLE_RATE, np.float32), frames).faint(0, 20)


@pytest.mark.engine
def test_listening_from_the_middle_hears_the_same() -> None:
    sound = np.tile(decode_span(SPEECH), 2)
    block = BLOCK_SECONDS * SAMPLE_RATE
    whole = heard(sound, round(BLOCK_SECONDS / FRAME_SECONDS))
    pauses = [(span.end + following.start) / 2 for span, following in pairwise(whole.stretches())]
    for pause in pauses[::9]:
        start = int(pause / FRAME_SECONDS) * FRAME_SECONDS
        listener = Listener(voice=True, start=start, memory=whole.memory_for(start))
        begin = round(listener.begin * SAMPLE_RATE)
        listener.run_up(sound[max(0, begin - round(RUN_UP_SECONDS * SAMPLE_RATE)) : begin])
        for at in range(begin, len(sound), block):
            listener.hear(sound[at : at + block])
        assert listener.stretches() == [span for span in whole.stretches() if span.start > start]
        assert listener.speech() == [span for span in whole.speech() if span.start > start]
