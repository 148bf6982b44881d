"""Joining what was said with who spoke: words to speakers, segments split where the speaker changes.

Both sides are imprecise: word times by a tenth of a second or two, turn boundaries by about as much. So a word goes to
the speaker whose turns cover most of it, and the sequence is then cleaned of what only such imprecision explains: a
word that flips to another speaker for no audible reason, a change of speaker a word before or after the sentence ends.

Everything is computed from the words' own times and text, never from labels given before: merging twice, or merging a
result again, gives the same.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from app.core.transcript import Diarization, Segment, SpeakerTurn, Word

_REACH_SECONDS = 1.0
"""A word in nobody's turn is given to a turn, or to a neighbouring word, at most so far away."""

# An interjection is believed with so much of its speaker's turns under it: more where it is not set apart by a pause
# or by punctuation, as inside a flowing sentence a short turn is likelier to be the diarization's slip.
_INTERJECTION_SECONDS = 0.25
_INTERJECTION_INSIDE_SENTENCE_SECONDS = 0.5
_LONGEST_FLIP_WORDS = 2
_SET_APART_SECONDS = 0.2

# A change of speaker is moved to a sentence's end or pause over so few words, so close to the turn's boundary.
_BOUNDARY_WORDS = 2
_BOUNDARY_SECONDS = 0.5
_BOUNDARY_PAUSE_SECONDS = 0.3

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")
_CLAUSE_ENDS = (*_SENTENCE_ENDS, ",", ";", ":", "，", "、")
_CLOSING = "\"'”’»)] "


def assign_speakers(segments: Sequence[Segment], diarization: Diarization | None) -> list[Segment]:
    """Return the segments in the same order with a speaker each, split where the speaker changes.

    Words take their speaker from the exclusive turns (from all turns where there are no exclusive ones); a segment
    without words is given as a whole to the speaker who covers most of it. What is too far from any turn has no
    speaker. Labels stay the machine's. Without a diarization the segments come back without speakers.

    The order in which turns are given does not matter. O((words + turns) log turns) for turns that do not overlap.
    """
    turns = () if diarization is None else diarization.exclusive_turns or diarization.turns
    index = _TurnIndex(turns)
    result: list[Segment] = []
    # A segment without words ends the flow of words around it.
    for has_words, group in groupby(segments, key=lambda segment: bool(segment.words)):
        flow = list(group)
        if has_words:
            words = [word for segment in flow for word in segment.words]
            result.extend(_with_speakers(flow, _speakers(words, index)))
        else:
            result.extend(replace(segment, speaker=index.speaker(segment.start, segment.end)) for segment in flow)
    return result


def _with_speakers(flow: Sequence[Segment], speakers: Sequence[str | None]) -> Iterator[Segment]:
    """Label the words of `flow` with `speakers`, one a word, and split segments where the label changes."""
    position = 0
    for segment in flow:
        labels = speakers[position : position + len(segment.words)]
        position += len(segment.words)
        labelled = [replace(word, speaker=label) for word, label in zip(segment.words, labels, strict=True)]
        parts = [tuple(part) for _, part in groupby(labelled, key=lambda word: word.speaker)]
        if len(parts) == 1:
            yield replace(segment, words=parts[0], speaker=parts[0][0].speaker)
            continue
        for number, words in enumerate(parts):
            yield replace(
                segment,
                start=segment.start if number == 0 else words[0].start,
                end=segment.end if number == len(parts) - 1 else words[-1].end,
                text="".join(word.text for word in words).strip(),
                words=words,
                speaker=words[0].speaker,
            )


def channel_speaker(channel: int) -> str:
    """Return the label of whoever is heard on a channel, counted from 0."""
    return f"SPEAKER_{channel:02d}"


def said_on_channel(segments: Iterable[Segment], channel: int) -> list[Segment]:
    """Return the segments of one channel as its speaker's: there is nobody else on it."""
    speaker = channel_speaker(channel)
    return [
        replace(segment, speaker=speaker, words=tuple(replace(word, speaker=speaker) for word in segment.words))
        for segment in segments
    ]


def interleaved(*flows: Iterable[Segment]) -> list[Segment]:
    """Return the segments of several channels as one text, in order of their start; each flow keeps its own order."""
    ordered: list[list[tuple[float, Segment]]] = []
    for flow in flows:
        latest = 0.0
        placed = []
        for segment in flow:
            # The decoder's times may run backwards by some hundredths.
            latest = max(latest, segment.start)
            placed.append((latest, segment))
        ordered.append(placed)
    return [segment for _, segment in sorted(chain.from_iterable(ordered), key=lambda placed: placed[0])]


class _TurnIndex:
    """Turns in order of time, to be asked who speaks when."""

    def __init__(self, turns: Sequence[SpeakerTurn]) -> None:
        self._turns = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
        self._starts = [turn.start for turn in self._turns]
        # The latest end of all turns up to each: tells when looking further back is in vain, overlaps or not.
        self._latest_ends: list[float] = []
        for turn in self._turns:
            self._latest_ends.append(max(turn.end, self._latest_ends[-1]) if self._latest_ends else turn.end)

    def _near(self, start: float, end: float) -> Iterator[SpeakerTurn]:
        """Yield the turns that touch [start, end], latest first."""
        position = bisect_left(self._starts, end)
        while position < len(self._starts) and self._starts[position] == end:
            position += 1
        while position and self._latest_ends[position - 1] >= start:
            position -= 1
            if self._turns[position].end >= start:
                yield self._turns[position]

    def overlaps(self, start: float, end: float) -> dict[str, float]:
        """Return how many seconds of [start, end] the turns of each speaker cover; touching counts as 0."""
        seconds: dict[str, float] = {}
        for turn in self._near(start, end):
            shared = min(turn.end, end) - max(turn.start, start)
            seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + max(0.0, shared)
        return seconds

    def speaker(self, start: float, end: float) -> str | None:
        """Return who covers most of [start, end], or speaks nearest to it within reach; None: nobody."""
        seconds = self.overlaps(start, end)
        if any(seconds.values()):
            return min(seconds, key=lambda speaker: (-seconds[speaker], speaker))
        nearest = [
            (max(turn.start - end, start - turn.end, 0.0), turn.speaker)
            for turn in self._near(start - _REACH_SECONDS, end + _REACH_SECONDS)
        ]
        return min(nearest)[1] if nearest else None


@dataclass(slots=True)
class _Run:
    """Consecutive words of one speaker: those from `first` up to, not including, `after`."""

    first: int
    after: int
    speaker: str | None


def _speakers(words: Sequence[Word], turns: _TurnIndex) -> list[str | None]:
    """Return the speaker of each word."""
    speakers = [turns.speaker(word.start, word.end) for word in words]
    _fill(words, speakers)
    _drop_flips(words, speakers, turns)
    _move_changes(words, speakers, turns)
    return speakers


def _fill(words: Sequence[Word], speakers: list[str | None]) -> None:
    """Give words in nobody's turn to the speaker of the flow that they stand in: first the one before, then after."""
    order = range(1, len(words))
    for index in order:
        if speakers[index] is None and words[index].start - words[index - 1].end <= _REACH_SECONDS:
            speakers[index] = speakers[index - 1]
    for index in reversed(order):
        if speakers[index - 1] is None and words[index].start - words[index - 1].end <= _REACH_SECONDS:
            speakers[index - 1] = speakers[index]


def _runs(speakers: Sequence[str | None]) -> list[_Run]:
    runs: list[_Run] = []
    for index, speaker in enumerate(speakers):
        if runs and runs[-1].speaker == speaker:
            runs[-1].after = index + 1
        else:
            runs.append(_Run(index, index + 1, speaker))
    return runs


def _drop_flips(words: Sequence[Word], speakers: list[str | None], turns: _TurnIndex) -> None:
    """Give a word or two between words of one other speaker to that speaker, unless they are an interjection."""
    runs = _runs(speakers)
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        same_around = before.speaker == after.speaker and before.speaker is not None
        if not same_around or run.after - run.first > _LONGEST_FLIP_WORDS or run.speaker is None:
            continue
        covered = sum(
            turns.overlaps(word.start, word.end).get(run.speaker, 0.0) for word in words[run.first : run.after]
        )
        apart = _set_apart(words, run.first - 1) and _set_apart(words, run.after - 1)
        needed = _INTERJECTION_SECONDS if apart else _INTERJECTION_INSIDE_SENTENCE_SECONDS
        length = words[run.after - 1].end - words[run.first].start
        # A short "yes" cannot have more under it than its own length.
        if covered < min(needed, 0.8 * length if apart else needed) or covered == 0:
            speakers[run.first : run.after] = [before.speaker] * (run.after - run.first)
            # What was dropped no longer separates its neighbours: judge the next run by the run it now follows.
            run.speaker = before.speaker


def _set_apart(words: Sequence[Word], index: int) -> bool:
    """Tell whether a pause or punctuation parts the word at `index` from the next."""
    ended = words[index].text.rstrip(_CLOSING).endswith(_CLAUSE_ENDS)
    return ended or words[index + 1].start - words[index].end >= _SET_APART_SECONDS


def _move_changes(words: Sequence[Word], speakers: list[str | None], turns: _TurnIndex) -> None:
    """Move a change of speaker that falls a word or two beside a sentence's end, or a pause, onto it."""
    changes = [index for index in range(1, len(words)) if speakers[index] != speakers[index - 1]]
    for number, change in enumerate(changes):
        left, right = speakers[change - 1], speakers[change]
        if left is None or right is None or _parted(words, change - 1):
            continue
        # Never past the neighbouring changes: each run keeps at least one of its words.
        lowest = (changes[number - 1] if number else 0) + 1
        highest = (changes[number + 1] if number + 1 < len(changes) else len(words)) - 1
        places = (change + step for distance in range(1, _BOUNDARY_WORDS + 1) for step in (-distance, distance))
        for place in places:
            if lowest <= place <= highest and _parted(words, place - 1):
                moved, speaker = (range(place, change), right) if place < change else (range(change, place), left)
                if all(_within_reach(words[index], speaker, turns) for index in moved):
                    for index in moved:
                        speakers[index] = speaker
                    changes[number] = place
                    break


def _parted(words: Sequence[Word], index: int) -> bool:
    """Tell whether a sentence's end or a pause lies between the word at `index` and the next."""
    ended = words[index].text.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)
    return ended or words[index + 1].start - words[index].end >= _BOUNDARY_PAUSE_SECONDS


def _within_reach(word: Word, speaker: str, turns: _TurnIndex) -> bool:
    """Tell whether `speaker` has the floor so close to the word that imprecise times explain the difference."""
    middle = (word.start + word.end) / 2
    return speaker in turns.overlaps(middle - _BOUNDARY_SECONDS, middle + _BOUNDARY_SECONDS)
