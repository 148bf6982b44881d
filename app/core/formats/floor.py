"""Who is shown next where several people speak at once: one after the other, in the order of what they say.

On a call each is heard on a channel of their own, and says "Yes." in the middle of what another says for a quarter of
a minute. Such a speech is shown in parts: up to where somebody else begins, and from cue to cue while both go on. It
takes the times of words to divide it: a speech without them is shown as a whole, where it begins.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import islice, pairwise

from app.core.formats.tokens import Token, has_word_times, timed_tokens
from app.core.transcript import Segment

# Where one begins over another's last word, or both at once, nothing is torn off: each part is of a second at least.
_LEAST_PART_SECONDS = 1.0
# While somebody else waits, cues are laid out no further ahead: most of them will be laid out anew.
_FORESIGHT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be shown next: tokens of one speaker, by label. Times are seconds.

    `following` is when something else is said. Of a cue that begins after `until` it is another's turn before.
    `resumes`: the beginning of what is said here is shown already.
    """

    speaker: str | None
    tokens: Sequence[Token]
    following: float
    until: float
    resumes: bool


class Floor:
    """The speeches of a document, to be taken part by part. What one person says stays in its order."""

    def __init__(self, segments: Iterable[Segment], line_columns: int) -> None:
        ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
        spoken = [
            _Speech(number, segment, tokens)
            for number, segment in enumerate(ordered)
            if (tokens := timed_tokens(segment, line_columns))
        ]
        for speech, after in pairwise(spoken):
            speech.following = after.begins
        self._beginnings = _Beginnings(spoken)
        self._speeches: dict[str | None, deque[_Speech]] = {}
        for speech in spoken:
            self._speeches.setdefault(speech.speaker, deque()).append(speech)
        # Of each speaker, when the next token begins.
        self._waiting = [_next_of(speeches) for speeches in self._speeches.values()]
        heapify(self._waiting)

    def part(self) -> Part | None:
        """Return what whoever was first to go on says, None where all is shown. To be followed by `take`."""
        if not self._waiting:
            return None
        _, _, speaker = self._waiting[0]
        speeches = self._speeches[speaker]
        speech = speeches[0]
        others = min((waiting for waiting, _, _ in self._waiting[1:3]), default=float("inf"))
        last = speech.tokens[-1]
        # Whoever begins before the token at `least` leaves too little for a part of its own.
        least = speech.before(speech.begins + _LEAST_PART_SECONDS)
        begins = self._beginnings.of_another(speaker, after=speech.tokens[least - 1].start)
        if not speech.taken and (min(others, begins) > last.start or not speech.is_divisible):
            return Part(speaker, speech.tokens, speech.following, float("inf"), resumes=False)
        end = len(speech.tokens)
        cut = speech.before(begins)
        if cut < end and last.end - speech.tokens[cut].start >= _LEAST_PART_SECONDS:
            end = cut
        end = min(end, speech.before(others + _FORESIGHT_SECONDS))
        following = [begins, *(token.start for token in speech.tokens[end : end + 1])]
        following += [after.begins for after in islice(speeches, 1, 2)]
        return Part(speaker, speech.tokens[speech.taken : end], min(following), others, resumes=speech.taken > 0)

    def take(self, count: int) -> None:
        """Take away so many tokens of the part: they are shown."""
        _, _, speaker = heappop(self._waiting)
        speeches = self._speeches[speaker]
        speeches[0].taken += count
        if speeches[0].taken == len(speeches[0].tokens):
            speeches.popleft()
        if speeches:
            heappush(self._waiting, _next_of(speeches))


class _Speech:
    """What one segment says; the first `taken` of its tokens are shown, and `following` is when the next one begins."""

    def __init__(self, number: int, segment: Segment, tokens: Sequence[Token]) -> None:
        self.number, self.speaker, self.tokens = number, segment.speaker, tokens
        self.taken = 0
        self.following = float("inf")
        self._segment = segment

    @property
    def begins(self) -> float:
        """When the first of its tokens that is not shown yet is said."""
        return self.tokens[self.taken].start

    @cached_property
    def is_divisible(self) -> bool:
        return has_word_times(self._segment)

    def before(self, moment: float) -> int:
        """Return how many of its tokens begin before a moment, those that are shown included."""
        return bisect_left(self.tokens, moment, lo=self.taken, key=lambda token: token.start)


def _next_of(speeches: Sequence[_Speech]) -> tuple[float, int, str | None]:
    return speeches[0].begins, speeches[0].number, speeches[0].speaker


class _Beginnings:
    """When whose speeches begin."""

    def __init__(self, spoken: Iterable[_Speech]) -> None:
        ordered = sorted(spoken, key=lambda speech: speech.begins)
        self._starts = [speech.begins for speech in ordered]
        self._speakers = [speech.speaker for speech in ordered]
        # Of each, the next that is another's.
        self._next_other = list(range(1, len(ordered) + 1))
        for at in reversed(range(len(ordered) - 1)):
            if self._speakers[at] == self._speakers[at + 1]:
                self._next_other[at] = self._next_other[at + 1]

    def of_another(self, speaker: str | None, *, after: float) -> float:
        """Return when the next speech of somebody else begins after a moment; infinity: never."""
        at = bisect_right(self._starts, after)
        if at < len(self._starts) and self._speakers[at] == speaker:
            at = self._next_other[at]
        return self._starts[at] if at < len(self._starts) else float("inf")
