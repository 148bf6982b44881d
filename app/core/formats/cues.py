"""Subtitle cues: which words stand together on the screen, on which lines, and for how long.

The limits are those of the common subtitle guides (BBC Subtitle Guidelines; Netflix Timed Text Style Guide, general
requirements): two lines of 42 columns, at least about a second, at most seven.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import one_line
from app.core.formats.tokens import MAX_LINE_COLUMNS, Token, columns, joined, timed_tokens

MAX_LINES = 2
MIN_DURATION_MS = 1_000
MAX_DURATION_MS = 7_000
READING_COLUMNS_PER_SECOND = 17
# A gap this short between two cues is seen as a flicker: the earlier one stays until the later one comes.
FLICKER_MS = 120
# A longer name would leave no room for words on its line.
MAX_NAME_COLUMNS = 30

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


def subtitle_cues(document: TranscriptDocument, *, announce_speakers: bool) -> list[Cue]:
    """Return the document's cues in order of time, none overlapping another, each longer than nothing.

    With `announce_speakers`, the first cue after a change of speaker begins with `Name: `, inside the line length.
    A cue lasts one to seven seconds wherever its neighbours leave the room.
    """
    names = {label: one_line(name) for label, name in document.display_names().items()}
    drafts: list[Cue] = []
    announced: str | None = None
    for segment in sorted(document.segments, key=lambda segment: (segment.start, segment.end)):
        tokens = timed_tokens(segment)
        if not tokens:
            continue
        speaker = names.get(segment.speaker or "") or None
        if announce_speakers and speaker and speaker != announced:
            tokens = [_announcement(speaker, at=tokens[0].start), replace(tokens[0], spaced=True), *tokens[1:]]
        announced = speaker
        drafts.extend(_draft(tokens[start:end], speaker) for start, end in _groups(tokens))
    return list(_timed(drafts))


def _announcement(speaker: str, *, at: float) -> Token:
    short = speaker
    while columns(short) > MAX_NAME_COLUMNS:
        short = short[:-1]
    return Token(f"{short}:" if short == speaker else f"{short.rstrip()}…:", at, at, announces=True)


def _draft(tokens: Sequence[Token], speaker: str | None) -> Cue:
    return Cue(round(tokens[0].start * 1000), round(tokens[-1].end * 1000), _lines(tokens), speaker)


# Which words stand together


def _groups(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Divide the tokens into cues, as index ranges: the cheapest of all divisions whose cues fit on the screen."""
    reach = _reach(tokens)
    pauses = [0.0, *(max(0.0, after.start - before.end) for before, after in pairwise(tokens)), 0.0]
    silence_before = list(accumulate(max(0.0, pause - 0.8) for pause in pauses))
    width_before = [0, *accumulate(columns(token.text) + token.spaced for token in tokens)]
    cheapest = [0.0] + [float("inf")] * len(tokens)
    came_from = [0] * (len(tokens) + 1)
    for start in range(len(tokens)):
        for end in range(start + 1, reach[start] + 1):
            seconds = tokens[end - 1].end - tokens[start].start
            fullness = (width_before[end] - width_before[start]) / (MAX_LINES * MAX_LINE_COLUMNS)
            cost = (
                cheapest[start]
                + 1.0
                + 0.3 * fullness**2  # two halves rather than a full cue and a scrap
                + 3.0 * max(0.0, seconds - MAX_DURATION_MS / 1000)
                + 1.0 * max(0.0, MIN_DURATION_MS / 1000 - seconds)
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


def _reach(tokens: Sequence[Token]) -> list[int]:
    """Return, for a cue that begins at each token, the furthest token before which it may end."""
    line_end = list(range(1, len(tokens) + 1))
    for start in range(len(tokens)):
        end = max(start + 1, line_end[start - 1] if start else 1)
        while end < len(tokens) and columns(joined(tokens[start : end + 1])) <= MAX_LINE_COLUMNS:
            end += 1
        line_end[start] = end
    return [line_end[end] if end < len(tokens) else end for end in line_end]


def _cost_of_ending(last: Token, following: Token, pause: float) -> float:
    """Say how much it disturbs a reader that a cue or a line ends between these two tokens, from 0 upwards."""
    text = last.text.rstrip(_CLOSING_QUOTES)
    if last.announces:
        return 5.0
    if text.endswith(tuple(_SENTENCE_ENDS)):
        cost = 0.0
    elif text.endswith(tuple(_CLAUSE_ENDS)):
        cost = 0.4
    else:
        cost = 1.0 if following.spaced else 2.0
    return cost * (1.0 - min(pause, 0.8))


def _lines(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Lay a cue that fits out on one line, or on two of like length, the second rather the longer one."""
    whole = joined(tokens)
    if columns(whole) <= MAX_LINE_COLUMNS:
        return (whole,)
    layouts = []
    for at in range(1, len(tokens)):
        first, second = joined(tokens[:at]), joined(tokens[at:])
        widths = columns(first), columns(second)
        if max(widths) <= MAX_LINE_COLUMNS:
            disturbance = _cost_of_ending(tokens[at - 1], tokens[at], 0.0)
            layouts.append((abs(widths[1] - widths[0]) + 12 * disturbance + (widths[0] > widths[1]), (first, second)))
    return min(layouts)[1]


# For how long


def _timed(drafts: Sequence[Cue]) -> Iterator[Cue]:
    """Settle the times: starts in order, no two cues at once, long enough to read where the next one leaves the room."""
    starts: list[int] = []
    for number, draft in enumerate(drafts):
        earliest = 0
        if number:
            before = drafts[number - 1]
            # People who speak at once: the first cue keeps what it needs to be seen, the second one waits for it.
            earliest = starts[-1] + max(1, min(MIN_DURATION_MS, before.end_ms - before.start_ms))
        starts.append(max(earliest, draft.start_ms))
    for number, (draft, start) in enumerate(zip(drafts, starts, strict=True)):
        reading_ms = 1000 * sum(map(columns, draft.lines)) // READING_COLUMNS_PER_SECOND
        wanted = max(draft.end_ms, start + MIN_DURATION_MS, start + reading_ms)
        end = min(wanted, start + MAX_DURATION_MS)
        if number + 1 < len(starts) and end > starts[number + 1] - FLICKER_MS:
            end = min(starts[number + 1], start + MAX_DURATION_MS)
        yield replace(draft, start_ms=start, end_ms=end)
