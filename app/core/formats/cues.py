"""Subtitle cues: which words stand together on the screen, on which lines, and for how long.

How many lines of which length, and the reading speed, are the reader's choice (`Presentation`, which names the guides
that its defaults come from). A cue is seen for about a second at least and seven at most, as the same guides have it;
for longer only where it takes longer to read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from app.core.formats.document import TranscriptDocument
from app.core.formats.floor import Floor
from app.core.formats.presentation import Presentation, wording_of
from app.core.formats.tokens import Token, columns, joined
from app.core.sentences import is_abbreviation

MIN_DURATION_MS = 1_000
MAX_DURATION_MS = 7_000
# A gap this short between two cues is seen as a flicker: the earlier one stays until the later one comes.
FLICKER_MS = 120
# A name that takes more of its line would leave no room for words.
MAX_NAME_SHARE = 5 / 7

_SENTENCE_ENDS = ".?!…。？！"
_CLAUSE_ENDS = ",;:،、，；：—–"
_CLOSING_QUOTES = "\"'»”’)]"


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on the screen from `start_ms` to `end_ms`. `speaker` is a display name, None where nobody is named."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cue as long as its words; `resumes`: what the one before it says came into the middle of this."""

    cue: Cue
    resumes: bool


def subtitle_cues(document: TranscriptDocument, shown: Presentation, *, announce_speakers: bool) -> list[Cue]:
    """Return the document's cues in order of time, none overlapping another, each longer than nothing.

    With `announce_speakers`, the first cue after a change of speaker begins with `Name: `, inside the line length.
    A cue lasts from one second to seven, and as long as it takes to read, wherever the next one leaves the room.
    Where words have times, it begins with its first word, or up to a second after the cue before it, which is of an
    earlier word.
    """
    names = document.called(wording_of(document, shown))
    floor = Floor(document.segments, shown.line_length)
    drafts: list[_Draft] = []
    announced: str | None = None
    while (part := floor.part()) is not None:
        tokens, speaker = part.tokens, names.get(part.speaker or "") or None
        if announce_speakers and speaker and speaker != announced:
            announcement = _announcement(speaker, shown.line_length, at=tokens[0].start)
            tokens = [announcement, replace(tokens[0], spaced=True), *tokens[1:]]
        announced = speaker
        taken = 0
        for start, end in _groups(tokens, part.following, shown):
            if tokens[start].start > part.until:
                break
            drafts.append(_Draft(_cue(tokens[start:end], speaker, shown), resumes=part.resumes and not taken))
            taken = end
        floor.take(taken - (len(tokens) - len(part.tokens)))
    return list(_timed(drafts, shown))


def _announcement(speaker: str, line_columns: int, *, at: float) -> Token:
    short = speaker
    while columns(short) > int(line_columns * MAX_NAME_SHARE):
        short = short[:-1]
    return Token(f"{short}:" if short == speaker else f"{short.rstrip()}…:", at, at, announces=True)


def _cue(tokens: Sequence[Token], speaker: str | None, shown: Presentation) -> Cue:
    return Cue(round(tokens[0].start * 1000), round(tokens[-1].end * 1000), _lines(tokens, shown), speaker)


# Which words stand together


def _groups(tokens: Sequence[Token], following: float, shown: Presentation) -> list[tuple[int, int]]:
    """Divide the tokens into cues, as index ranges: the cheapest of all divisions whose cues fit on the screen.

    `following` is when something else is said.
    """
    reach = _reach(tokens, shown)
    pauses = [0.0, *(max(0.0, after.start - before.end) for before, after in pairwise(tokens)), 0.0]
    silence_before = list(accumulate(max(0.0, pause - 0.8) for pause in pauses))
    width_before = _widths(tokens)
    starts = [*(token.start for token in tokens), following]
    cheapest = [0.0] + [float("inf")] * len(tokens)
    came_from = [0] * (len(tokens) + 1)
    for start in range(len(tokens)):
        for end in range(start + 1, reach[start] + 1):
            seconds = tokens[end - 1].end - tokens[start].start
            width = width_before[end] - width_before[start]
            cost = (
                cheapest[start]
                + 1.0
                + 0.3
                * (width / (shown.lines * shown.line_length)) ** 2  # two halves rather than a full cue and a scrap
                + 3.0 * max(0.0, seconds - MAX_DURATION_MS / 1000)
                + 1.0 * max(0.0, MIN_DURATION_MS / 1000 - seconds)
                + 1.0 * max(0.0, width / shown.reading_speed - (starts[end] - starts[start]))  # too short to be read
                + 2.0 * (silence_before[end - 1] - silence_before[start])
                + (_cost_of_ending(tokens[end - 1], tokens[end], pauses[end]) if end < len(tokens) else 0.0)
            )
            if cost < cheapest[end]:
                cheapest[end], came_from[end] = cost, start
    groups = []
    end = len(tokens)
    while end:
        groups.append((came_from[end], end))
        end = came_from[end]
    return groups[::-1]


def _reach(tokens: Sequence[Token], shown: Presentation) -> list[int]:
    """Return, for a cue that begins at each token, the furthest token before which it may end."""
    line_end = _line_ends(tokens, shown.line_length)
    reach = list(range(len(tokens)))
    for _ in range(shown.lines):
        reach = [line_end[end] if end < len(tokens) else end for end in reach]
    return reach


def _line_ends(tokens: Sequence[Token], line_columns: int) -> list[int]:
    """Return, for a line that begins at each token, the furthest token before which it may end."""
    widths = _widths(tokens)
    line_end = []
    end = 0
    for start, first in enumerate(tokens):
        end = max(start + 1, end)
        while end < len(tokens) and widths[end + 1] - widths[start] - first.spaced <= line_columns:
            end += 1
        line_end.append(end)
    return line_end


def _widths(tokens: Sequence[Token]) -> list[int]:
    """Return the columns that the tokens before each index take, each with the space before it, where there is one."""
    return [0, *accumulate(columns(token.text) + token.spaced for token in tokens)]


def _cost_of_ending(last: Token, following: Token, pause: float) -> float:
    """Say how much it disturbs a reader that a cue or a line ends between these two tokens, from 0 upwards."""
    text = last.text.rstrip(_CLOSING_QUOTES)
    if last.announces:
        return 5.0
    if text.endswith(tuple(_SENTENCE_ENDS)) and not is_abbreviation(text, following.text):
        cost = 0.0
    elif text.endswith(tuple(_CLAUSE_ENDS)):
        cost = 0.4
    else:
        cost = 1.0 if following.spaced else 2.0
    return cost * (1.0 - min(pause, 0.8))


def _lines(tokens: Sequence[Token], shown: Presentation) -> tuple[str, ...]:
    """Lay a cue that fits out on as few lines as it needs: of like length, and a later one rather the longer."""
    line_end = _line_ends(tokens, shown.line_length)
    count, end = 0, 0
    while end < len(tokens):
        count, end = count + 1, line_end[end]
    if count == 1:
        return (joined(tokens),)
    widths = _widths(tokens)
    ideal = (widths[-1] - tokens[0].spaced - (count - 1)) / count
    # Layouts of the tokens before each index, on one line more with every round: cost, and where each line ends.
    layouts: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for number in range(1, count + 1):
        longer: dict[int, tuple[float, tuple[int, ...]]] = {}
        for start, (cost, ends) in layouts.items():
            for end in range(start + 1, line_end[start] + 1) if start < len(tokens) else ():
                width = widths[end] - widths[start] - tokens[start].spaced
                total = cost + abs(width - ideal)
                if number < count:
                    total += width > ideal
                    total += 12 * _cost_of_ending(tokens[end - 1], tokens[end], 0.0) if end < len(tokens) else 0.0
                longer[end] = min(longer.get(end, (float("inf"), ())), (total, (*ends, end)))
        layouts = longer
    _, ends = layouts[len(tokens)]
    return tuple(joined(tokens[start:end]) for start, end in pairwise((0, *ends)))


# For how long


def _timed(drafts: Sequence[_Draft], shown: Presentation) -> Iterator[Cue]:
    """Settle the times: starts in order, no two cues at once, long enough to read where the next one leaves the room."""
    starts: list[int] = []
    for number, draft in enumerate(drafts):
        earliest = 0
        if number:
            before = drafts[number - 1].cue
            # People who speak at once: the first cue keeps what it needs to be seen, the second one waits for it.
            needed = MIN_DURATION_MS if draft.resumes else min(MIN_DURATION_MS, before.end_ms - before.start_ms)
            earliest = starts[-1] + max(1, needed)
        starts.append(max(earliest, draft.cue.start_ms))
    for number, (draft, start) in enumerate(zip(drafts, starts, strict=True)):
        reading_ms = 1000 * sum(map(columns, draft.cue.lines)) // shown.reading_speed
        longest_ms = max(MAX_DURATION_MS, reading_ms)
        wanted = max(draft.cue.end_ms, start + MIN_DURATION_MS, start + reading_ms)
        end = min(wanted, start + longest_ms)
        if number + 1 < len(starts) and end > starts[number + 1] - FLICKER_MS:
            end = min(starts[number + 1], start + longest_ms)
        yield replace(draft.cue, start_ms=start, end_ms=end)
