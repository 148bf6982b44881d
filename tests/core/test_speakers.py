"""Who spoke: whatever people correct, the machine's labels come back whole, and no second is lost."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Conflict, InvalidFields, NotFound, VocalyxError
from app.core.speakers import (
    MAX_MADE_SPEAKERS,
    Cast,
    SpokenSegment,
    Voice,
    carried_over,
    numbered,
    resolved_turns,
    seconds_by_speaker,
)
from app.core.transcript import SpeakerTurn

LABELS = ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")


def cast(*machine: str | None) -> Cast:
    labels = sorted({label for label in machine if label} | set(LABELS[:2]))
    return Cast({label: Voice(label) for label in labels}, dict(enumerate(machine)), {})


@given(st.sets(st.builds("SPEAKER_{:02d}".format, st.integers(0, 200))), st.integers(0, 5))
def test_who_has_no_name_has_a_number_of_their_own(machine: set[str], made: int) -> None:
    labels = machine | {f"PERSON_{number:02d}" for number in range(1, made + 1)}
    numbers = numbered(labels)
    assert numbers.keys() == labels
    assert len(set(numbers.values())) == len(labels)
    assert all(numbers[f"SPEAKER_{number - 1:02d}"] == number for label, number in numbers.items() if label in machine)
    # Whoever else comes or goes, the machine's keep theirs, which a summary may have named.
    assert all(numbered({label}) == {label: numbers[label]} for label in machine)


def whose(who: Cast) -> list[str | None]:
    return [who.speaker_of(position) for position in sorted(who.machine)]


@st.composite
def casts(draw: st.DrawFn) -> Cast:
    return cast(*draw(st.lists(st.sampled_from([*LABELS, None]), min_size=1, max_size=8)))


Correction = Callable[[Cast], Cast]

LABEL = st.sampled_from([*LABELS, "PERSON_01", "PERSON_02", "PERSON_03"])
SOME = st.sets(st.integers(0, 8), min_size=1, max_size=4)
STATEMENTS = st.one_of(
    st.builds(lambda label, into: lambda who: who.merge(label, into), LABEL, LABEL),
    st.builds(lambda label: lambda who: who.unmerge(label), LABEL),
    st.builds(lambda some, label: lambda who: who.assign(some, label), SOME, st.one_of(st.none(), LABEL)),
)
CORRECTIONS = st.one_of(
    STATEMENTS,
    st.builds(lambda label, some: lambda who: who.split(label, some)[0], LABEL, SOME),
    st.builds(
        lambda label: lambda who: who.split(label, [n for n in who.machine if who.speaker_of(n) == label][:2])[0], LABEL
    ),
)


def corrected(who: Cast, corrections: list[Correction]) -> Cast:
    """Take every correction that is possible in its turn."""
    for correct in corrections:
        before = (dict(who.voices), dict(who.machine), dict(who.corrected))
        try:
            after = correct(who)
        except VocalyxError:
            after = who
        assert (who.voices, who.machine, who.corrected) == before
        who = after
    return who


@given(casts(), st.lists(CORRECTIONS, max_size=12))
def test_taking_everything_back_gives_the_machines_labels(machine: Cast, corrections: list[Correction]) -> None:
    after = corrected(machine, corrections)
    assert after.machine == machine.machine
    assert after.without_corrections() == machine
    assert machine.without_corrections() is machine


@given(casts(), st.lists(CORRECTIONS, max_size=12))
def test_everybody_is_somebody_who_is_nobody_else(machine: Cast, corrections: list[Correction]) -> None:
    after = corrected(machine, corrections)
    for label in after.voices:
        resolved = after.resolve(label)
        assert resolved in after.voices
        assert after.voices[resolved].merged_into is None
        assert after.resolve(resolved) == resolved
        # Nobody is met twice on the way.
        met = [label]
        while (further := after.voices[met[-1]].merged_into) is not None:
            assert further not in met
            met.append(further)
        assert (label in after.merged_into(resolved)) == (label != resolved)
    for position, found in after.machine.items():
        assert after.speaker_of(position) in {*after.voices, None if found is None else after.resolve(found)}
    assert set(after.corrected.values()) <= set(after.voices)
    used = set(after.corrected.values()) | {voice.merged_into for voice in after.voices.values()}
    assert {label for label, voice in after.voices.items() if voice.made_by_person} <= used


@given(casts(), st.lists(CORRECTIONS, max_size=8), STATEMENTS)
def test_what_is_said_twice_is_said_once(machine: Cast, corrections: list[Correction], last: Correction) -> None:
    once = corrected(machine, [*corrections, last])
    assert corrected(once, [last]) is once


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Cast, dict[int, SpokenSegment], list[SpeakerTurn]]:
    machine = draw(casts())
    clock = 0.0
    segments, turns = {}, []
    for position, speaker in machine.machine.items():
        clock += draw(st.sampled_from([-0.5, 0.0, 0.25, 2.0]))
        length = draw(st.sampled_from([0.0, 0.5, 1.0, 4.0]))
        start = max(0.0, clock)
        segments[position] = SpokenSegment(start, start + length, speaker)
        if speaker and length:
            slack = draw(st.sampled_from([-0.2, 0.0, 0.3]))
            turns.append(
                SpeakerTurn(max(0.0, start + slack), start + length + draw(st.sampled_from([0.0, 0.4])), speaker)
            )
        clock = start + length
    return machine, segments, turns


@given(recordings(), st.lists(CORRECTIONS, max_size=8))
def test_seconds_add_up_whoever_they_are_given_to(
    recording: tuple[Cast, dict[int, SpokenSegment], list[SpeakerTurn]], corrections: list[Correction]
) -> None:
    machine, segments, turns = recording
    after = corrected(machine, corrections)
    resolved = resolved_turns(turns, after, segments)
    found_by_people = sum(
        segments[position].end - segments[position].start
        for position in after.corrected
        if after.machine[position] is None
    )
    whole = sum(turn.end - turn.start for turn in turns) + found_by_people
    assert math.isclose(sum(seconds_by_speaker(resolved).values()), whole, abs_tol=1e-6)
    assert all(turn.start < turn.end for turn in resolved)
    assert {turn.speaker for turn in resolved} <= {after.resolve(label) for label in after.voices}
    if not after.corrected:
        for label in after.voices:
            heard = sum(turn.end - turn.start for turn in turns if after.resolve(turn.speaker) == label)
            assert math.isclose(seconds_by_speaker(resolved).get(label, 0.0), heard, abs_tol=1e-6)


@given(recordings(), st.lists(CORRECTIONS, max_size=8))
def test_the_same_text_merged_again_keeps_who_everybody_is(
    recording: tuple[Cast, dict[int, SpokenSegment], list[SpeakerTurn]], corrections: list[Correction]
) -> None:
    machine, segments, _ = recording
    # Where two segments stand at the very same time nothing tells them apart.
    apart = {
        position: SpokenSegment(s.start + 10 * position, s.end + 10 * position, s.machine)
        for position, s in segments.items()
    }
    after = corrected(machine, corrections)
    kept = carried_over([(apart[position], label) for position, label in after.corrected.items()], list(apart.values()))
    assert kept == after.corrected
    assert after.over(machine.voices, list(machine.machine.values()), kept) == after


def test_a_merger_of_a_merger_is_followed_and_taken_back_one_by_one() -> None:
    who = (
        cast("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")
        .merge("SPEAKER_02", "SPEAKER_01")
        .merge("SPEAKER_01", "SPEAKER_00")
    )
    assert whose(who) == ["SPEAKER_00"] * 3
    assert who.merged_into("SPEAKER_00") == ["SPEAKER_01", "SPEAKER_02"]
    assert whose(who.unmerge("SPEAKER_01")) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_01"]
    assert who.merge("SPEAKER_01", "SPEAKER_00") is who
    assert cast("SPEAKER_00").unmerge("SPEAKER_00").voices == cast("SPEAKER_00").voices


def test_nobody_is_merged_into_themselves_or_in_a_circle() -> None:
    who = (
        cast("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")
        .merge("SPEAKER_02", "SPEAKER_01")
        .merge("SPEAKER_01", "SPEAKER_00")
    )
    with pytest.raises(InvalidFields):
        who.merge("SPEAKER_00", "SPEAKER_00")
    with pytest.raises(Conflict, match=r"SPEAKER_02/merge"):
        who.merge("SPEAKER_00", "SPEAKER_02")
    with pytest.raises(Conflict, match=r"SPEAKER_02/merge"):
        who.merge("SPEAKER_01", "SPEAKER_02")
    with pytest.raises(InvalidFields):
        who.merge("SPEAKER_00", "nobody")
    with pytest.raises(NotFound):
        who.merge("nobody", "SPEAKER_00")


def test_only_a_speakers_own_segments_are_split_off() -> None:
    who, made = cast("SPEAKER_00", "SPEAKER_01", "SPEAKER_00").split("SPEAKER_00", [2])
    assert made == "PERSON_01"
    assert whose(who) == ["SPEAKER_00", "SPEAKER_01", "PERSON_01"]
    with pytest.raises(InvalidFields) as refused:
        who.split("SPEAKER_00", [0, 1, 2])
    assert [error["message"] for error in refused.value.errors] == [
        "Not a segment of 'SPEAKER_00': 1.",
        "Not a segment of 'SPEAKER_00': 2.",
    ]
    with pytest.raises(InvalidFields):
        who.split("SPEAKER_00", [3])
    again, second = who.split("PERSON_01", [2])
    assert (second, "PERSON_01" in again.voices) == ("PERSON_02", False)


def test_people_make_no_more_speakers_than_anybody_could_mean() -> None:
    who = cast(*["SPEAKER_00"] * (MAX_MADE_SPEAKERS + 1))
    for position in range(MAX_MADE_SPEAKERS):
        who, _ = who.split("SPEAKER_00", [position])
    assert whose(who)[-2:] == ["PERSON_100", "SPEAKER_00"]
    with pytest.raises(Conflict):
        who.split("SPEAKER_00", [MAX_MADE_SPEAKERS])


def test_a_segment_goes_to_somebody_and_back() -> None:
    who = cast("SPEAKER_00", None).assign([0, 1], "SPEAKER_01")
    assert whose(who) == ["SPEAKER_01", "SPEAKER_01"]
    assert who.assign([0], "SPEAKER_00") == who.assign([0], None)
    assert whose(who.assign([0, 1], None)) == ["SPEAKER_00", None]
    with pytest.raises(InvalidFields):
        who.assign([0], "PERSON_01")


def test_of_two_segments_at_once_the_correction_stays_with_its_channel() -> None:
    left, right = SpokenSegment(1.0, 2.0, "SPEAKER_00"), SpokenSegment(1.0, 2.0, "SPEAKER_01")
    assert carried_over([(right, "SPEAKER_00")], [left, right]) == {1: "SPEAKER_00"}
    assert carried_over([(left, "A"), (left, "B")], [left]) == {0: "A"}
    assert carried_over([(SpokenSegment(1.04, 1.96, None), "A")], [left]) == {0: "A"}
    assert carried_over([(SpokenSegment(1.0, 2.1, None), "A")], [left]) == {}
