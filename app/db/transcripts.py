"""The merged transcript: made once all parts are in, and made again where a late part changes it."""

from typing import Any

from app.core.merge import assign_speakers, interleaved, said_on_channel
from app.core.speakers import SpokenSegment, carried_over, seconds_by_speaker
from app.core.transcript import Diarization
from app.core.transcript import Segment as DecodedSegment
from app.core.wording import Wording
from app.db import speakers, wordings
from app.db.tables import Chunk, Segment

_ROWS_A_STATEMENT = 500

_SEARCH_CONFIGURATIONS = {"fr": "french", "en": "english"}
OTHER_LANGUAGES = "simple"
SEARCH_CONFIGURATIONS = (*_SEARCH_CONFIGURATIONS.values(), OTHER_LANGUAGES)


def merge(row: Any) -> None:
    """Join the chunks' words with the speakers and store the result.

    What people said of the speakers is kept: names and mergers by the speaker's label, whom segments were given to
    where there is a segment at the same time. So is the text that they corrected, word for word.
    """
    diarization = speakers.machine_diarization(row)
    merged = _merged(row, diarization)
    # The decoder's word times may run backwards by some hundredths where a segment is split.
    spoken = [SpokenSegment(found.start, max(found.start, found.end), found.speaker) for found in merged]
    seconds = seconds_by_speaker(speakers.machine_turns(diarization, spoken))

    before = speakers.cast_of(row)
    corrected = speakers.spoken_segments(row)
    kept = carried_over([(corrected[position], label) for position, label in before.corrected.items()], spoken)
    after = before.over(seconds, [found.speaker for found in merged], kept)

    heard = [
        Wording(bounds.start, bounds.end, found.text, found.words, wordings.flow_of(row, found.speaker))
        for found, bounds in zip(merged, spoken, strict=True)
    ]
    written = wordings.carry_over(row, heard)
    configuration = search_configuration(row.language)

    Segment.delete().where(Segment.transcription == row).execute()
    speakers.store_voices(row, after, seconds)
    segments = [
        {
            "transcription": row,
            "position": position,
            "start_seconds": bounds.start,
            "end_seconds": bounds.end,
            "text": segment.text,
            "speaker": segment.speaker,
            "corrected_speaker": after.corrected.get(position),
            "words": [word.to_dict() for word in segment.words],
            "corrected_text": written[position].text if position in written else None,
            "corrected_words": [word.to_dict() for word in written[position].words] if position in written else None,
            "search_configuration": configuration,
        }
        for position, (segment, bounds) in enumerate(zip(merged, spoken, strict=True))
    ]
    for start in range(0, len(segments), _ROWS_A_STATEMENT):
        Segment.insert_many(segments[start : start + _ROWS_A_STATEMENT]).execute()


def search_configuration(language: str | None) -> str:
    """Return the configuration of PostgreSQL's text search that a recording's text is read with."""
    return _SEARCH_CONFIGURATIONS.get(language or "", OTHER_LANGUAGES)


def decoded_by_channel(row: Any) -> dict[int | None, list[DecodedSegment]]:
    """Return what was decoded so far, in order of time; by channel where each was heard alone, else under None."""
    chunks = Chunk.select(Chunk.segments, Chunk.channel).where(Chunk.transcription == row).order_by(Chunk.position)
    flows: dict[int | None, list[DecodedSegment]] = {}
    for chunk in chunks:
        flows.setdefault(chunk.channel, []).extend(DecodedSegment.from_dict(segment) for segment in chunk.segments)
    return flows


def _merged(row: Any, diarization: Diarization | None) -> list[DecodedSegment]:
    flows = decoded_by_channel(row)
    mixed = assign_speakers(flows.pop(None, []), diarization)
    if not flows:
        return mixed
    channels = [said_on_channel(segments, channel) for channel, segments in flows.items() if channel is not None]
    return interleaved(mixed, *channels)
