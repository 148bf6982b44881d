"""From decoder windows of half a minute to segments that can be read: split at sentence ends and pauses."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.sentences import CLOSING, OPENING, is_abbreviation
from app.core.transcript import Segment, Word

LONGEST_SEGMENT_SECONDS = 15.0
"""Longer sentences are split at their best pause or comma."""

_PAUSE_SECONDS = 1.0
_SHORTEST_SECONDS = 0.8
_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(",;:—–、，；：")


def split_sentences(segment: Segment) -> list[Segment]:
    """Split a segment with words into readable ones; every word is kept, in order, in exactly one of them.

    Breaks after a sentence's end and in every pause of a second; then, where a piece is still longer than
    `LONGEST_SEGMENT_SECONDS`, at its best clause end or pause. A segment without words is returned as it is.
    """
    if not segment.words:
        return [segment]
    pieces = [part for sentence in _sentences(segment.words) for part in _shortened(sentence)]
    if len(pieces) == 1:
        return [segment]
    return [_piece(segment, words, index == 0, index == len(pieces) - 1) for index, words in enumerate(pieces)]


def _piece(segment: Segment, words: Sequence[Word], first: bool, last: bool) -> Segment:
    return replace(
        segment,
        start=segment.start if first else words[0].start,
        end=segment.end if last else words[-1].end,
        text="".join(word.text for word in words).strip(),
        words=tuple(words),
    )


def _sentences(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    begin = 0
    for index in range(len(words) - 1):
        word, following = words[index], words[index + 1]
        long_enough = word.end - words[begin].start >= _SHORTEST_SECONDS
        if following.start - word.end >= _PAUSE_SECONDS or (long_enough and ends_sentence(word.text, following.text)):
            yield words[begin : index + 1]
            begin = index + 1
    yield words[begin:]


def ends_sentence(text: str, following: str) -> bool:
    """Tell whether a word is its sentence's last, given the word after it."""
    bare = text.strip().rstrip(f"{CLOSING} ")
    if not bare or bare[-1] not in _SENTENCE_ENDS:
        return False
    if bare[-1] != ".":
        return True
    if is_abbreviation(bare, following):
        return False
    opening = following.strip().lstrip(OPENING)[:1]
    # "3.5" and "example.org" come as several words at times; a new sentence does not begin in lower case.
    return following[:1].isspace() and not opening.islower()


def _shortened(words: Sequence[Word]) -> list[Sequence[Word]]:
    if len(words) == 1 or words[-1].end - words[0].start <= LONGEST_SEGMENT_SECONDS:
        return [words]
    begin, end = words[0].start, words[-1].end

    def quality(index: int) -> tuple[float, int]:
        word, following = words[index], words[index + 1]
        pause = max(0.0, following.start - word.end)
        clause = 0.5 if word.text.strip()[-1:] in _CLAUSE_ENDS else 0.0
        # Between 1 in the middle and 0 at the ends: no crumbs.
        evenness = 1 - abs((word.end - begin) - (end - following.start)) / (end - begin)
        return (pause + clause + 0.1) * evenness, -index

    best = max(range(len(words) - 1), key=quality)
    return [*_shortened(words[: best + 1]), *_shortened(words[best + 1 :])]
