"""Merging words with speakers: nothing lost, order kept, the same answer however it is asked."""

import random
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.core.merge import assign_speakers, interleaved, said_on_channel
from app.core.transcript import Diarization, Segment, SpeakerTurn, Word


def diarization(*turns: tuple[float, float, str]) -> Diarization:
    made = tuple(SpeakerTurn(*turn) for turn in turns)
    return Diarization(made, made)


def spoken(text: str, start: float = 0.0, seconds: float = 0.4) -> Segment:
    """A segment with a word every `seconds`, without pauses."""
    words = tuple(
        Word(start + seconds * n, start + seconds * (n + 1), f" {word}", 0.9) for n, word in enumerate(text.split())
    )
    return Segment(words[0].start, words[-1].end, text, words)


def told(segments: list[Segment]) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in segments]


@st.composite
def transcripts(draw: st.DrawFn) -> list[Segment]:
    clock = 0.0
    segments = []
    for has_words in draw(st.lists(st.booleans(), max_size=6)):
        words = []
        for _ in range(draw(st.integers(1, 8)) if has_words else 0):
            clock += draw(st.sampled_from([0.0, 0.0, 0.05, 0.4, 1.5, 5.0]))
            length = draw(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]))
            text = draw(st.sampled_from([" yes", " no.", " and", " so,", " well!", "l'", " a."]))
            words.append(Word(clock, clock + length, text, 0.5))
            clock += length
        if words:
            text = "".join(word.text for word in words).strip()
            segments.append(Segment(words[0].start, words[-1].end, text, tuple(words)))
        else:
            segments.append(Segment(clock, clock + 1.5, "unaligned"))
            clock += 2
    return segments


@st.composite
def diarizations(draw: st.DrawFn) -> Diarization:
    speakers = st.sampled_from(["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"])
    starts = st.floats(0, 30, allow_nan=False)
    turns = [
        SpeakerTurn(start, start + draw(st.sampled_from([0.05, 0.3, 1.0, 4.0])), draw(speakers))
        for start in draw(st.lists(starts, max_size=12))
    ]
    return Diarization(tuple(turns), tuple(turns))


@given(transcripts(), diarizations())
def test_no_word_is_lost_doubled_or_moved(segments: list[Segment], who: Diarization) -> None:
    merged = assign_speakers(segments, who)
    said = [replace(word, speaker=None) for segment in merged for word in segment.words]
    assert said == [word for segment in segments for word in segment.words]
    assert [s.text for s in merged if not s.words] == [s.text for s in segments if not s.words]
    for segment in merged:
        assert {word.speaker for word in segment.words} <= {segment.speaker}
        if segment.words:
            assert segment.text == "".join(word.text for word in segment.words).strip()


@given(transcripts(), diarizations())
def test_times_stay_in_order_and_words_inside_their_segment(segments: list[Segment], who: Diarization) -> None:
    clock = 0.0
    for segment in assign_speakers(segments, who):
        assert clock <= segment.start <= segment.end
        clock = segment.end
        for word in segment.words:
            assert segment.start <= word.start <= word.end <= segment.end


@given(transcripts(), diarizations(), st.randoms(use_true_random=False))
def test_merging_again_or_with_turns_in_any_order_changes_nothing(
    segments: list[Segment], who: Diarization, chance: random.Random
) -> None:
    merged = assign_speakers(segments, who)
    assert assign_speakers(merged, who) == merged
    shuffled = list(who.exclusive_turns)
    chance.shuffle(shuffled)
    assert assign_speakers(segments, Diarization((), tuple(shuffled))) == merged


@given(transcripts())
def test_without_a_diarization_there_are_no_speakers(segments: list[Segment]) -> None:
    assert assign_speakers(segments, None) == segments
    labelled = [replace(segment, speaker="SPEAKER_00") for segment in segments]
    assert {segment.speaker for segment in assign_speakers(labelled, None)} <= {None}


@given(transcripts(), transcripts())
def test_two_channels_are_read_in_turn_and_each_in_its_own_order(left: list[Segment], right: list[Segment]) -> None:
    flows = [said_on_channel(left, 0), said_on_channel(right, 1)]
    merged = interleaved(*flows)
    for channel, flow in enumerate(flows):
        assert [segment for segment in merged if segment.speaker == f"SPEAKER_{channel:02}"] == flow
    assert [segment.start for segment in merged] == sorted(segment.start for segment in merged)
    for segment in merged:
        assert {word.speaker for word in segment.words} <= {segment.speaker}


def test_times_that_run_backwards_within_a_channel_turn_no_words_round() -> None:
    left = said_on_channel([Segment(1.0, 2.0, "one"), Segment(0.98, 3.0, "two")], 0)
    right = said_on_channel([Segment(0.99, 1.5, "aside")], 1)
    assert told(interleaved(left, right)) == [("SPEAKER_01", "aside"), ("SPEAKER_00", "one"), ("SPEAKER_00", "two")]


def test_a_segment_is_split_where_the_speaker_changes() -> None:
    merged = assign_speakers([spoken("How are you? Very well.")], diarization((0, 1.2, "A"), (1.2, 2, "B")))
    assert told(merged) == [("A", "How are you?"), ("B", "Very well.")]
    assert [(segment.start, segment.end) for segment in merged] == [(0.0, 3 * 0.4), (3 * 0.4, 2.0)]


def test_a_late_boundary_moves_to_the_sentences_end() -> None:
    late = assign_speakers([spoken("How are you? Very well, thanks.")], diarization((0, 1.6, "A"), (1.6, 2.4, "B")))
    early = assign_speakers([spoken("How are you? Very well, thanks.")], diarization((0, 0.8, "A"), (0.8, 2.4, "B")))
    assert told(late) == told(early) == [("A", "How are you?"), ("B", "Very well, thanks.")]


def test_a_sliver_of_a_turn_flips_no_word() -> None:
    turns = diarization((0, 0.8, "A"), (0.8, 1.15, "B"), (1.15, 4, "A"))
    assert told(assign_speakers([spoken("I went to the store and home")], turns)) == [
        ("A", "I went to the store and home")
    ]


def test_a_short_interjection_is_kept() -> None:
    turns = diarization((0, 1.2, "A"), (1.2, 1.6, "B"), (1.6, 2.8, "A"))
    merged = assign_speakers([spoken("I went home. Yes. And I slept")], turns)
    assert told(merged) == [("A", "I went home."), ("B", "Yes."), ("A", "And I slept")]


def test_a_word_beside_a_turn_is_given_to_it_and_one_far_from_any_to_nobody() -> None:
    near, far = spoken("Hello", start=1.5), spoken("Hello", start=9)
    assert told(assign_speakers([near, far], diarization((2.5, 4, "A")))) == [("A", "Hello"), (None, "Hello")]


def test_a_segment_without_words_goes_to_who_covers_most_of_it() -> None:
    turns = diarization((0, 3, "A"), (3, 4, "B"), (4, 5.5, "A"), (5.5, 10, "B"))
    assert assign_speakers([Segment(2, 6, "unaligned")], turns)[0].speaker == "A"


def test_ten_hours_merge_in_about_a_second() -> None:
    segments = [
        spoken("one two three four five, six seven eight nine ten.", start=3.6 * n, seconds=0.36) for n in range(10_000)
    ]
    turns = diarization(*((2.9 * n, 2.9 * (n + 1), f"SPEAKER_{n % 3:02}") for n in range(12_500)))
    began = time.process_time()
    merged = assign_speakers(segments, turns)
    assert time.process_time() - began < 5  # a bound against quadratic growth, not a measurement
    assert sum(len(segment.words) for segment in merged) == 100_000
