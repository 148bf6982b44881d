"""The merged transcript: made once all parts are in, and made again where a late part changes it."""

from collections import defaultdict
from typing import Any

from app.core.merge import assign_speakers
from app.core.transcript import Diarization
from app.core.transcript import Segment as SpokenSegment
from app.db.models import Chunk, Segment, Speaker, Transcription

_ROWS_A_STATEMENT = 500


def merge(row: Any) -> None:
    """Join the chunks' words with the speakers and store the result; names that people gave to speakers are kept."""
    chunks = Chunk.select(Chunk.segments).where(Chunk.transcription == row).order_by(Chunk.position)
    decoded = [SpokenSegment.from_dict(segment) for chunk in chunks for segment in chunk.segments]
    diarization = stored_diarization(row)
    merged = assign_speakers(decoded, diarization)

    names = {speaker.label: speaker.name for speaker in Speaker.select().where(Speaker.transcription == row)}
    Segment.delete().where(Segment.transcription == row).execute()
    Speaker.delete().where(Speaker.transcription == row).execute()
    speakers = [
        {"transcription": row, "label": label, "name": names.get(label), "seconds": seconds}
        for label, seconds in sorted(_seconds_by_speaker(merged, diarization).items())
    ]
    segments = [
        {
            "transcription": row,
            "position": position,
            "start_seconds": segment.start,
            # The decoder's word times may run backwards by some hundredths where a segment is split.
            "end_seconds": max(segment.start, segment.end),
            "text": segment.text,
            "speaker": segment.speaker,
            "words": [word.to_dict() for word in segment.words],
        }
        for position, segment in enumerate(merged)
    ]
    _insert(Speaker, speakers)
    _insert(Segment, segments)


def stored_diarization(row: Any) -> Diarization | None:
    """Return who spoke when, where that was found out."""
    turns = Transcription.select(Transcription.diarization).where(Transcription.id == row.id).scalar()
    return Diarization.from_dict(turns) if turns else None


def _seconds_by_speaker(segments: list[SpokenSegment], diarization: Diarization | None) -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for turn in diarization.turns if diarization else ():
        seconds[turn.speaker] += turn.end - turn.start
    for segment in segments:
        if segment.speaker is not None and segment.speaker not in seconds:
            seconds[segment.speaker] += segment.end - segment.start
    return dict(seconds)


def _insert(table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        table.insert_many(rows[start : start + _ROWS_A_STATEMENT]).execute()
