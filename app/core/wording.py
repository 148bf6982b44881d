"""What was said: the machine's words, and people's corrections beside them, also where the text is put together anew."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.speakers import SAME_TIME_SECONDS
from app.core.transcript import Word


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of one segment with its words; `flow` tells apart what is said at the same time (channels)."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    flow: str | None = None

    def holds(self, word: Word) -> bool:
        """Tell whether a word is in this segment's time, by its middle."""
        return self.start <= _middle(word) < self.end

    def is_at(self, other: "Wording") -> bool:
        """Tell whether both are the same segment, as far as their times say."""
        moved = max(abs(self.start - other.start), abs(self.end - other.end))
        return self.flow == other.flow and moved <= SAME_TIME_SECONDS


@dataclass(frozen=True, slots=True)
class Carried:
    """A corrected text that found its segment again; `origins` are the positions that it stood at, in order."""

    text: str
    words: tuple[Word, ...]
    origins: tuple[int, ...]


def carried_over(corrected: Mapping[int, Wording], segments: Sequence[Wording]) -> dict[int, Carried]:
    """Return by position what people's text is in a transcript that was put together anew from the same sound.

    `corrected` holds the corrected segments by their positions before, `segments` all of the machine's now. A segment
    that is where a corrected one was has its text. Where one fell apart, or several became one, each of its words goes
    to the segment in whose time it is, beside the machine's words of what nobody corrected; so no corrected word is
    lost or said twice. Without times of words that cannot be told, and a text stays where its segment stayed. A segment
    in which nothing is corrected is in no key.
    """
    index = _Index(segments)
    kept: dict[int, Carried] = {}
    moved: list[tuple[int, Wording]] = []
    for position, wording in sorted(corrected.items(), key=lambda item: item[1].start):
        same = (at for at in index.near(wording) if segments[at].is_at(wording) and at not in kept)
        if (at := next(same, None)) is not None:
            kept[at] = Carried(wording.text, wording.words, (position,))
        else:
            moved.append((position, wording))
    said: defaultdict[int, list[Word]] = defaultdict(list)
    replaced: defaultdict[int, list[tuple[int, Wording]]] = defaultdict(list)
    for position, wording in moved:
        open_to_it = [at for at in index.near(wording) if segments[at].words and at not in kept]
        given: set[int] = set()
        for word in wording.words if open_to_it else ():
            at = min(open_to_it, key=lambda at: _distance(segments[at], word))
            said[at].append(word)
            given.add(at)
        for at in open_to_it:
            if at in given or any(wording.holds(word) for word in segments[at].words):
                replaced[at].append((position, wording))
    for at, wordings in replaced.items():
        left = [word for word in segments[at].words if not any(wording.holds(word) for _, wording in wordings)]
        words = tuple(sorted([*said[at], *left], key=lambda word: (word.start, word.end)))
        text = "".join(word.text for word in words).strip()
        kept[at] = Carried(text, words, tuple(position for position, _ in wordings))
    return {at: found for at, found in kept.items() if found.text != segments[at].text}


def homes(before: Mapping[int, Wording], segments: Sequence[Wording]) -> dict[int, int]:
    """Return where each segment's history belongs now: to the one of its flow whose times are likest, by position.

    A segment whose flow is gone is in no key.
    """
    index = _Index(segments)
    found: dict[int, int] = {}
    for position, wording in before.items():
        near = index.near(wording) or index.flow(wording)
        if near:
            found[position] = min(near, key=lambda at: _moved(segments[at], wording))
    return found


class _Index:
    """The segments of a transcript in order of time, by flow."""

    def __init__(self, segments: Sequence[Wording]) -> None:
        self._segments = segments
        self._order: defaultdict[str | None, list[int]] = defaultdict(list)
        for at in sorted(range(len(segments)), key=lambda at: segments[at].start):
            self._order[segments[at].flow].append(at)
        self._starts = {flow: [segments[at].start for at in order] for flow, order in self._order.items()}
        self._longest = max((segment.end - segment.start for segment in segments), default=0.0)

    def flow(self, wording: Wording) -> list[int]:
        """Return all segments of the same flow, in order of time."""
        return self._order.get(wording.flow, [])

    def near(self, wording: Wording) -> list[int]:
        """Return the segments of the same flow that share time with this one, in order of time."""
        order, starts = self._order.get(wording.flow, []), self._starts.get(wording.flow, [])
        first = bisect_left(starts, wording.start - self._longest - SAME_TIME_SECONDS)
        last = bisect_left(starts, wording.end + SAME_TIME_SECONDS)
        return [at for at in order[first:last] if self._segments[at].end > wording.start - SAME_TIME_SECONDS]


def _moved(one: Wording, other: Wording) -> float:
    return abs(one.start - other.start) + abs(one.end - other.end)


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _distance(segment: Wording, word: Word) -> float:
    return max(segment.start - _middle(word), _middle(word) - segment.end, 0.0)
