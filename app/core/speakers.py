"""Who spoke: the labels that the machine found, and people's corrections beside them.

The machine's labels are never changed. A person may say that two voices are one (`merge`), that segments of one voice
are somebody else's (`split`, `assign`), and take any of it back; `resolve` and `speaker_of` tell who it is with all of
that in mind. `Cast` is immutable: each correction returns the next one, and the caller stores the difference.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from app.core.errors import Conflict, InvalidFields, NotFound
from app.core.transcript import SpeakerTurn

SAME_TIME_SECONDS = 0.05
"""A segment whose bounds moved no further is the same one after the text was merged again."""

MAX_MADE_SPEAKERS = 100
"""So many speakers people may make in one recording: more is a program's mistake, and slows every reader down."""

_NAMED_POSITIONS = 20
_MACHINE_LABEL = re.compile(r"SPEAKER_(\d{1,9})")


def number_of(label: str | None) -> int | None:
    """Return the number of a speaker whom the machine has labelled: 1 for `SPEAKER_00`; None for any other name."""
    machine = _MACHINE_LABEL.fullmatch(label or "")
    return int(machine[1]) + 1 if machine else None


def numbered(labels: Iterable[str]) -> dict[str, int]:
    """Return the number by which each speaker is called who has no name, from 1.

    The machine's labels keep theirs, so that `SPEAKER_01` is "Speaker 2" in the page, in every document and in a summary,
    whoever else was named or merged; speakers that people made come behind them.
    """
    found = sorted(labels)
    numbers = {label: number for label in found if (number := number_of(label)) is not None}
    last = max(numbers.values(), default=0)
    made = [label for label in found if label not in numbers]
    return numbers | {label: number for number, label in enumerate(made, start=last + 1)}


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker of one recording. `merged_into` is the label of whom people say it is; None: itself."""

    label: str
    merged_into: str | None = None
    made_by_person: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in one recording, and whose each segment is.

    `machine` is the machine's label of each segment by its position, None where it could not tell; `corrected` the
    label that people gave to some of them. Every label is one of `voices`. Steps raise `NotFound`, `InvalidFields` or
    `Conflict` and change nothing then; a step that says what is so already returns the cast itself.
    """

    voices: Mapping[str, Voice]
    machine: Mapping[int, str | None]
    corrected: Mapping[int, str]

    # Who it is

    def resolve(self, label: str) -> str:
        """Return who this speaker is once all mergers are followed. Total: an unknown label is itself."""
        return self._followed(label)[-1]

    def _followed(self, label: str) -> list[str]:
        """Return the label and those that it is merged into, one after the other."""
        followed = [label]
        # As many steps as there are speakers: a circle, which no step here makes, has an end too.
        for _ in self.voices:
            voice = self.voices.get(followed[-1])
            if voice is None or voice.merged_into is None:
                break
            followed.append(voice.merged_into)
        return followed

    def speaker_of(self, position: int) -> str | None:
        """Return whose the segment is, with every correction; None where nobody could be told."""
        label = self.corrected.get(position) or self.machine[position]
        return None if label is None else self.resolve(label)

    def merged_into(self, label: str) -> list[str]:
        """Return the labels of all who are this speaker beside itself, in order."""
        return sorted(other for other in self.voices if other != label and self.resolve(other) == label)

    def require(self, label: str) -> Voice:
        """Return the voice of this label; `NotFound` where there is none."""
        voice = self.voices.get(label)
        if voice is None:
            raise NotFound(
                f"There is no speaker {label!r} in this recording.",
                remedy="Take a label that the transcription's 'speakers' name.",
            )
        return voice

    # Corrections

    def merge(self, label: str, into: str) -> Self:
        """Say that the voice `label` is the speaker `into`."""
        voice = self.require(label)
        if into not in self.voices:
            raise InvalidFields([{"field": "into", "message": f"There is no speaker {into!r} in this recording."}])
        if into == label:
            raise InvalidFields([{"field": "into", "message": "A speaker cannot be merged into itself."}])
        if label in self._followed(into):
            raise Conflict(
                f"{into!r} is merged into {label!r} already: merging both ways would leave neither.",
                remedy=f"Undo that first: DELETE …/speakers/{into}/merge.",
                field="into",
            )
        return self._with_voice(replace(voice, merged_into=into))

    def unmerge(self, label: str) -> Self:
        """Take back that the voice is another speaker."""
        return self._with_voice(replace(self.require(label), merged_into=None))

    def split(self, label: str, positions: Collection[int]) -> tuple[Self, str]:
        """Give segments of this speaker to a new one; return it too."""
        self.require(label)
        self._check_positions(positions)
        others = sorted(position for position in set(positions) if self.speaker_of(position) != label)
        if others:
            raise _at_positions(others, f"Not a segment of {label!r}")
        if sum(voice.made_by_person for voice in self.voices.values()) >= MAX_MADE_SPEAKERS:
            raise Conflict(
                f"People have made {MAX_MADE_SPEAKERS} speakers in this recording, and there is room for no more.",
                remedy="Give segments to one of those there are: PATCH …/segments/speaker.",
            )
        made = self._unused_label()
        voices = {**self.voices, made: Voice(made, made_by_person=True)}
        corrected = {**self.corrected, **dict.fromkeys(positions, made)}
        return replace(self, voices=voices, corrected=corrected).tidied(), made

    def assign(self, positions: Collection[int], label: str | None) -> Self:
        """Give segments to a speaker of this recording; None: back to whom the machine found."""
        if label is not None and label not in self.voices:
            raise InvalidFields([{"field": "speaker", "message": f"There is no speaker {label!r} in this recording."}])
        self._check_positions(positions)
        chosen = set(positions)
        corrected = {position: given for position, given in self.corrected.items() if position not in chosen}
        if label is not None:
            corrected |= {position: label for position in chosen if self.machine[position] != label}
        return self if corrected == self.corrected else replace(self, corrected=corrected).tidied()

    def without_corrections(self) -> Self:
        """Put everything back to the machine's labels."""
        voices = {
            label: replace(voice, merged_into=None) for label, voice in self.voices.items() if not voice.made_by_person
        }
        return self if (voices, {}) == (self.voices, self.corrected) else replace(self, voices=voices, corrected={})

    # The text merged again

    def over(self, labels: Iterable[str], machine: Sequence[str | None], corrected: Mapping[int, str]) -> Self:
        """Return the cast of a text that was merged again: what `labels` it has now, and what still holds of this one.

        `corrected` are the corrections that found their segment again (see `carried_over`).
        """
        made = {label: voice for label, voice in self.voices.items() if voice.made_by_person}
        voices = made | {label: replace(self.voices.get(label, Voice(label)), made_by_person=False) for label in labels}
        voices = {
            label: voice if voice.merged_into in voices else replace(voice, merged_into=None)
            for label, voice in voices.items()
        }
        kept = {n: label for n, label in corrected.items() if label in voices and machine[n] != label}
        return replace(self, voices=voices, machine=dict(enumerate(machine)), corrected=kept).tidied()

    def tidied(self) -> Self:
        """Leave out the speakers that people made and that nothing is left of: no segment, and nobody merged into them."""
        voices = dict(self.voices)
        while True:
            used = set(self.corrected.values()) | {voice.merged_into for voice in voices.values()}
            left = {label: voice for label, voice in voices.items() if not voice.made_by_person or label in used}
            if len(left) == len(voices):
                return self if left == self.voices else replace(self, voices=left)
            voices = left

    # Inside

    def _with_voice(self, voice: Voice) -> Self:
        if self.voices[voice.label] == voice:
            return self
        return replace(self, voices={**self.voices, voice.label: voice}).tidied()

    def _check_positions(self, positions: Collection[int]) -> None:
        unknown = sorted(position for position in set(positions) if position not in self.machine)
        if unknown:
            raise _at_positions(unknown, "There is no such segment")

    def _unused_label(self) -> str:
        number = 1
        while (label := f"PERSON_{number:02d}") in self.voices:
            number += 1
        return label


@dataclass(frozen=True, slots=True)
class SpokenSegment:
    """When a segment is, and whose the machine says it is."""

    start: float
    end: float
    machine: str | None


def carried_over(corrections: Iterable[tuple[SpokenSegment, str]], segments: Sequence[SpokenSegment]) -> dict[int, str]:
    """Return by position which of the new `segments` keep a correction, as they are where a corrected one was.

    A segment takes one correction at most, and of several segments at the same time (two channels) the one that the
    machine gave to the same speaker.
    """
    in_order = sorted(range(len(segments)), key=lambda position: segments[position].start)
    starts = [segments[position].start for position in in_order]
    kept: dict[int, str] = {}
    for before, label in corrections:
        found: list[tuple[bool, float, int]] = []
        at = bisect_left(starts, before.start - SAME_TIME_SECONDS)
        while at < len(starts) and starts[at] <= before.start + SAME_TIME_SECONDS:
            position = in_order[at]
            after = segments[position]
            moved = max(abs(after.start - before.start), abs(after.end - before.end))
            if moved <= SAME_TIME_SECONDS and position not in kept:
                found.append((after.machine != before.machine, moved, position))
            at += 1
        if found:
            kept[min(found)[2]] = label
    return kept


def resolved_turns(
    turns: Sequence[SpeakerTurn], cast: Cast, segments: Mapping[int, SpokenSegment]
) -> list[SpeakerTurn]:
    """Return the machine's turns as whose they are: what lies under a corrected segment is its new speaker's.

    No second is lost or added, but that a segment which the machine gave to nobody is a turn of whom people gave it to.
    `segments` are the corrected ones at least, by position.
    """
    moved: defaultdict[str, list[SpeakerTurn]] = defaultdict(list)
    result: list[SpeakerTurn] = []
    for position, label in cast.corrected.items():
        segment = segments[position]
        given = SpeakerTurn(segment.start, segment.end, cast.resolve(label))
        if segment.machine is not None:
            moved[segment.machine].append(given)
        elif segment.end > segment.start:
            result.append(given)
    apart = {speaker: _apart(stretches) for speaker, stretches in moved.items()}
    for turn in turns:
        result.extend(_cut(turn, apart.get(turn.speaker, []), cast.resolve(turn.speaker)))
    return sorted(result, key=lambda turn: (turn.start, turn.end, turn.speaker))


def seconds_by_speaker(turns: Iterable[SpeakerTurn]) -> dict[str, float]:
    """Return how long each speaker speaks; who has no turn is not in it."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for turn in turns:
        seconds[turn.speaker] += turn.end - turn.start
    return dict(seconds)


def _apart(stretches: list[SpeakerTurn]) -> list[SpeakerTurn]:
    """Return the stretches in order of time; where two overlap, the earlier one keeps what they share."""
    result: list[SpeakerTurn] = []
    for stretch in sorted(stretches, key=lambda stretch: (stretch.start, stretch.end, stretch.speaker)):
        start = max(stretch.start, result[-1].end) if result else stretch.start
        if start < stretch.end:
            result.append(replace(stretch, start=start))
    return result


def _cut(turn: SpeakerTurn, moved: Sequence[SpeakerTurn], speaker: str) -> Iterator[SpeakerTurn]:
    """Yield the pieces of a turn: `speaker`'s, but for the stretches that were moved to others."""
    clock = turn.start
    for stretch in moved[bisect_right(moved, turn.start, key=lambda stretch: stretch.end) :]:
        if stretch.start >= turn.end:
            break
        if clock < stretch.start:
            yield SpeakerTurn(clock, stretch.start, speaker)
        clock = min(stretch.end, turn.end)
        yield SpeakerTurn(max(stretch.start, turn.start), clock, stretch.speaker)
    if clock < turn.end:
        yield SpeakerTurn(clock, turn.end, speaker)


def _at_positions(positions: Sequence[int], message: str) -> InvalidFields:
    return InvalidFields(
        [{"field": "segments", "message": f"{message}: {position}."} for position in positions[:_NAMED_POSITIONS]]
    )
