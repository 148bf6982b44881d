"""One party a channel: known by its sound, each party heard once."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.options import Channels, TranscriptionOptions
from app.core.transcript import Span
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.workers.transcription.plan.channels import alike, forced, one_party_each, turns_of, without_echoes
from app.workers.transcription.plan.voice import (
    BLOCK_SECONDS,
    Frames,
    Listener,
    speech_frames,
)
from tests.media.recordings import AUDIO
from tests.workers.transcription.calls import call, delayed, in_a_room, parties

SpeechFrames = list[tuple[int, int]]


def heard(sound: Samples) -> tuple[Frames, SpeechFrames]:
    listener = Listener(voice=True)
    for begin in range(0, len(sound), BLOCK_SECONDS * SAMPLE_RATE):
        listener.hear(sound[begin : begin + BLOCK_SECONDS * SAMPLE_RATE])
    return listener.loudness, speech_frames(listener.probabilities)


def has_parties(left: Samples, right: Samples) -> bool:
    (first, first_speech), (second, second_speech) = heard(left), heard(right)
    return one_party_each((first, second), (first_speech, second_speech))


@pytest.mark.engine
@pytest.mark.parametrize("echo", [0.0, 0.03, 0.1, 0.2])
def test_a_call_has_one_party_a_channel(echo: float) -> None:
    assert has_parties(*call(echo))


@pytest.mark.engine
def test_two_who_talk_at_the_same_time_are_two_parties() -> None:
    english, french = decode_span(AUDIO / "jfk.ogg"), decode_span(AUDIO / "fleurs-fr.ogg")
    assert has_parties(english, french[: len(english)])


@pytest.mark.engine
def test_the_same_voices_on_both_channels_are_not_one_party_each() -> None:
    first, second = parties()
    both = first + second
    assert not has_parties(both, both)
    assert not has_parties(both, 0.5 * both)
    assert not has_parties(in_a_room(both, 1), in_a_room(both, 2))
    assert not has_parties(in_a_room(first + 0.5 * second, 1), in_a_room(second + 0.5 * first, 2))
    assert not has_parties(both, delayed(0.7 * both, 0.02))


def test_channels_of_the_same_sound_are_alike_without_listening_for_speech() -> None:
    first, second = parties()
    both = first + second

    def loudness(sound: Samples) -> Frames:
        listener = Listener(voice=False)
        listener.hear(sound)
        return listener.loudness

    assert alike(loudness(both), loudness(0.7 * both))
    assert alike(loudness(in_a_room(both, 1)), loudness(in_a_room(both, 2)))
    assert not alike(*map(loudness, call(0.1)))
    assert not alike(loudness(both), loudness(0.1 * both))
    assert not alike(loudness(both), np.zeros_like(loudness(both)))


@pytest.mark.engine
def test_a_silent_channel_and_one_with_only_an_echo_are_no_party() -> None:
    first, second = parties()
    both = first + second
    assert not has_parties(both, np.zeros_like(both))
    assert not has_parties(both, delayed(0.1 * both, 0.1))


@pytest.mark.engine
@pytest.mark.parametrize(("echo", "delay"), [(0.03, 0.0), (0.1, 0.1), (0.1, 0.25), (0.2, 0.1)])
def test_an_echo_is_heard_and_dropped(echo: float, delay: float) -> None:
    clean, echoing = call(), call(echo, delay)
    for side in (0, 1):
        loudness, speech = heard(echoing[side])
        other, _ = heard(echoing[1 - side])
        _, alone = heard(clean[side])
        kept, dropped = without_echoes(speech, loudness, [other])
        own, found, echoes = (frames_of(spans, len(loudness)) for spans in (alone, kept, dropped))
        assert (own & found).sum() > 0.97 * own.sum()
        assert (found & ~own).sum() < 0.08 * own.sum()
        assert echoes.sum() > 0
        assert (echoes & own).sum() < 0.03 * own.sum()


@pytest.mark.engine
def test_a_quiet_party_who_interrupts_a_loud_one_is_kept() -> None:
    english, french = decode_span(AUDIO / "jfk.ogg"), decode_span(AUDIO / "fleurs-fr.ogg")
    loud, quiet = heard(english)[0], heard(0.1 * french[: len(english)])
    kept, _ = without_echoes(quiet[1], quiet[0], [loud])
    assert frames_of(kept, len(loud)).sum() > 0.85 * frames_of(quiet[1], len(loud)).sum()


def frames_of(spans: SpeechFrames, length: int) -> np.ndarray:
    frames = np.zeros(length, bool)
    for first, last in spans:
        frames[first:last] = True
    return frames


@st.composite
def stretches(draw: st.DrawFn) -> SpeechFrames:
    lengths = draw(st.lists(st.tuples(st.integers(5, 60), st.integers(2, 200)), max_size=12))
    clock, spans = 0, []
    for pause, length in lengths:
        spans.append((clock + pause, clock + pause + length))
        clock += pause + length
    return spans


@given(stretches(), st.integers(0, 2**32 - 1), st.floats(0.001, 10))
def test_what_is_kept_and_what_is_an_echo_are_apart_and_were_speech(
    spans: SpeechFrames, seed: int, gain: float
) -> None:
    length = (spans[-1][1] if spans else 0) + 10
    noise = np.random.default_rng(seed).random((2, length), np.float32)
    kept, dropped = without_echoes(spans, 0.1 * noise[0], [np.float32(gain) * noise[1]])
    found = sorted([*kept, *dropped])
    assert all(one[1] <= following[0] for one, following in pairwise(found))
    assert all(any(first >= span[0] and last <= span[1] for span in spans) for first, last in found)
    if not dropped:
        assert kept == spans


def test_turns_are_by_channel_with_short_pauses_closed() -> None:
    turns = turns_of([[Span(1, 2), Span(2.4, 3), Span(4, 5)], [Span(2.5, 4.2)]])
    assert [(turn.start, turn.end, turn.speaker) for turn in turns] == [
        (1, 3, "SPEAKER_00"),
        (2.5, 4.2, "SPEAKER_01"),
        (4, 5, "SPEAKER_00"),
    ]


@pytest.mark.parametrize(
    ("channels", "options", "expected"),
    [
        (1, TranscriptionOptions(channels=Channels.SEPARATE), False),
        (2, TranscriptionOptions(channels=Channels.SEPARATE), True),
        (6, TranscriptionOptions(channels=Channels.SEPARATE), True),
        (2, TranscriptionOptions(channels=Channels.MIXED), False),
        (2, TranscriptionOptions(), None),
        (6, TranscriptionOptions(), False),
    ],
)
def test_the_options_decide_before_the_sound_does(
    channels: int, options: TranscriptionOptions, expected: bool | None
) -> None:
    assert forced(options, channels) is expected
