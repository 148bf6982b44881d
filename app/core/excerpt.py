"""A part of a transcript as a document of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.formats.document import TranscriptDocument
from app.core.transcript import SpeakerTurn


def excerpt(document: TranscriptDocument, start: float, end: float) -> TranscriptDocument:
    """Return the passages that begin at `start` or later and before `end`, in seconds, each of them whole.

    By their beginnings no passage is in two parts that follow one another, nor in none. Times stay those of the recording.
    Turns of the diarization are cut at the borders. What the language model said is of the whole: it is left out.
    """
    within = [n for n, segment in enumerate(document.segments) if start <= segment.start < end]
    part = slice(within[0], within[-1] + 1) if within else slice(0)
    segments, turns = document.segments[part], tuple(_cut(document.turns, start, end))
    heard = {segment.speaker for segment in segments} | {turn.speaker for turn in turns}
    length = document.duration_seconds
    if length is None:
        length = max((segment.end for segment in document.segments), default=start)
    return replace(
        document,
        segments=segments,
        first_position=document.first_position + (part.start or 0),
        machine_speakers=document.machine_speakers[part],
        speakers=tuple(speaker for speaker in document.speakers if speaker.label in heard),
        turns=turns,
        enrichment=None,
        bounds=(min(start, length), min(end, length)),
    )


def _cut(turns: Sequence[SpeakerTurn], start: float, end: float) -> Iterator[SpeakerTurn]:
    for turn in turns:
        if turn.start < end and turn.end > start:
            yield replace(turn, start=max(turn.start, start), end=min(turn.end, end))
