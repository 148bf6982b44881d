"""Who spoke in a recording, as it is stored and as readers are told: with every correction that people made."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from peewee import fn

from app.core.speakers import Cast, SpokenSegment, Voice, numbered, resolved_turns, seconds_by_speaker
from app.core.transcript import Diarization, SpeakerTurn
from app.db.tables import Segment, Speaker, Transcription

_ROWS_A_STATEMENT = 500


def cast_of(row: Any) -> Cast:
    """Return everybody in a recording, and whose each segment is."""
    columns = (Segment.position, Segment.speaker, Segment.corrected_speaker)
    return cast_in(row, Segment.select(*columns).where(Segment.transcription == row).order_by(Segment.position))


def cast_in(row: Any, segments: Iterable[Any]) -> Cast:
    """Return everybody in a recording, and whose each of these segments is, which were read before."""
    rows = [(segment.position, segment.speaker, segment.corrected_speaker) for segment in segments]
    columns = (Speaker.label, Speaker.merged_into, Speaker.made_by_person)
    voices: Any = Speaker.select(*columns).where(Speaker.transcription == row).tuples()
    return Cast(
        voices={label: Voice(label, merged_into, made_by_person) for label, merged_into, made_by_person in voices},
        machine={position: machine for position, machine, _ in rows},
        corrected={position: corrected for position, _, corrected in rows if corrected is not None},
    )


def store(row: Any, before: Cast, after: Cast) -> None:
    """Store what a correction changed."""
    moved: defaultdict[str | None, list[int]] = defaultdict(list)
    for position in before.corrected.keys() | after.corrected.keys():
        label = after.corrected.get(position)
        if before.corrected.get(position) != label:
            moved[label].append(position)
    for label, positions in moved.items():
        for some in _batches(sorted(positions)):
            Segment.update(corrected_speaker=label).where(
                Segment.transcription == row, Segment.position.in_(some)
            ).execute()
    store_voices(row, after)


def store_voices(row: Any, cast: Cast, seconds: dict[str, float] | None = None) -> None:
    """Make the recording's speakers those of the cast. What else is known of those who stay, is kept.

    With `seconds` that is how long the machine heard each of them. Embeddings are not written, so that one which is
    deleted at the same moment does not come back.
    """
    Speaker.delete().where(Speaker.transcription == row, Speaker.label.not_in(list(cast.voices))).execute()
    rows = [
        {
            "transcription": row,
            "label": voice.label,
            "merged_into": voice.merged_into,
            "made_by_person": voice.made_by_person,
            "seconds": (seconds or {}).get(voice.label, 0.0),
        }
        for _, voice in sorted(cast.voices.items())
    ]
    updated = [Speaker.merged_into] if seconds is None else [Speaker.merged_into, Speaker.seconds]
    for some in _batches(rows):
        Speaker.insert_many(some).on_conflict(
            conflict_target=[Speaker.transcription, Speaker.label], preserve=updated
        ).execute()


def shown(row: Any, cast: Cast) -> list[dict[str, Any]]:
    """Return the speakers as readers are told of them: who was merged into another stands under that one."""
    columns = (Speaker.label, Speaker.name, Speaker.seconds, Speaker.recognised_as, Speaker.similarity)
    # Who came since the cast was read is in the next reading.
    query = Speaker.select(*columns).where(Speaker.transcription == row, Speaker.label.in_(list(cast.voices)))
    found = {speaker.label: speaker for speaker in query}
    seconds = _seconds(row, cast, {label: speaker.seconds for label, speaker in found.items()})
    numbers = numbered(found)
    return [
        {
            "label": label,
            "number": numbers[label],
            "name": speaker.name,
            "seconds": round(seconds.get(label, 0.0), 3),
            "made_by_person": cast.voices[label].made_by_person,
            "recognised": _recognised(speaker),
            "merged": [
                {
                    "label": other,
                    "number": numbers[other],
                    "name": found[other].name,
                    "into": cast.voices[other].merged_into,
                }
                for other in cast.merged_into(label)
            ],
        }
        for label, speaker in sorted(found.items())
        if cast.resolve(label) == label
    ]


def speakers_of(ids: Collection[UUID]) -> dict[UUID, tuple[Cast, dict[str, str]]]:
    """Return for each transcription who is whom after mergers, and the names that people gave, by label."""
    voices: defaultdict[UUID, dict[str, Voice]] = defaultdict(dict)
    names: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    columns = (Speaker.transcription, Speaker.label, Speaker.name, Speaker.merged_into)
    query: Any = Speaker.select(*columns).where(Speaker.transcription.in_(list(ids)))
    for found, label, name, merged_into in query.tuples():
        voices[found][label] = Voice(label, merged_into)
        if name:
            names[found][label] = name
    return {found: (Cast(voices[found], {}, {}), names[found]) for found in ids}


def names_of(ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the names that the speakers of each transcription have, in the order of their labels, with one query for all."""
    return {
        found: list(dict.fromkeys(name for label, name in sorted(names.items()) if cast.resolve(label) == label))
        for found, (cast, names) in speakers_of(ids).items()
    }


def told(row: Any) -> list[dict[str, Any]]:
    """Return the text as the language model is told it: each segment with its speaker's name, or a machine's label.

    Who has no name is told under the label that the speaker's number has: what is written of "Speaker 4" is then
    about whom readers see under that name.
    """
    cast = cast_of(row)
    found: Any = Speaker.select(Speaker.label, Speaker.name).where(Speaker.transcription == row)
    given = {speaker.label: speaker.name for speaker in found}
    numbers = numbered(given)
    names = {label: name or f"SPEAKER_{numbers[label] - 1:02d}" for label, name in given.items()}
    said = fn.COALESCE(Segment.corrected_text, Segment.text).alias("said")
    segments: Any = Segment.select(Segment.position, Segment.start_seconds, Segment.end_seconds, said)
    return [
        {
            "position": segment.position,
            "start": segment.start_seconds,
            "end": segment.end_seconds,
            "speaker": (label := cast.speaker_of(segment.position)) and (names.get(label) or label),
            "text": segment.said,
        }
        for segment in segments.where(Segment.transcription == row).order_by(Segment.position)
    ]


def machine_diarization(row: Any) -> Diarization | None:
    """Return who spoke when as the machine found it, where it was found out."""
    turns = Transcription.select(Transcription.diarization).where(Transcription.id == row.id).scalar()
    return Diarization.from_dict(turns) if turns else None


def resolved_diarization(row: Any) -> Diarization | None:
    """Return who spoke when, with every correction."""
    diarization = machine_diarization(row)
    if diarization is None:
        return None
    cast, segments = cast_of(row), spoken_segments(row)
    return Diarization(
        tuple(resolved_turns(diarization.turns, cast, segments)),
        tuple(resolved_turns(diarization.exclusive_turns, cast, segments)),
    )


def spoken_segments(row: Any, *, corrected: bool = True) -> dict[int, SpokenSegment]:
    """Return when the segments are, by position: the corrected ones, or all of them."""
    columns = (Segment.position, Segment.start_seconds, Segment.end_seconds, Segment.speaker)
    query: Any = Segment.select(*columns).where(Segment.transcription == row)
    if corrected:
        query = query.where(Segment.corrected_speaker.is_null(False))
    return {position: SpokenSegment(start, end, speaker) for position, start, end, speaker in query.tuples()}


def machine_turns(diarization: Diarization | None, segments: Iterable[SpokenSegment]) -> list[SpeakerTurn]:
    """Return the machine's turns; who has none is heard in their segments."""
    turns = list(diarization.turns) if diarization else []
    known = {turn.speaker for turn in turns}
    turns += [
        SpeakerTurn(segment.start, segment.end, segment.machine)
        for segment in segments
        if segment.machine is not None and segment.machine not in known
    ]
    return turns


def _seconds(row: Any, cast: Cast, by_machine: dict[str, float]) -> dict[str, float]:
    """Return how long each speaker speaks. The turns of a long day are read only where a segment was corrected."""
    if cast.corrected:
        segments = spoken_segments(row, corrected=False)
        turns = machine_turns(machine_diarization(row), segments.values())
        return seconds_by_speaker(resolved_turns(turns, cast, segments))
    seconds: defaultdict[str, float] = defaultdict(float)
    for label, heard in by_machine.items():
        seconds[cast.resolve(label)] += heard
    return seconds


def _recognised(speaker: Any) -> dict[str, Any] | None:
    if speaker.recognised_as_id is None:
        return None
    return {"voiceprint_id": str(speaker.recognised_as_id), "similarity": speaker.similarity}


def _batches(rows: Collection[Any]) -> Iterable[list[Any]]:
    listed = list(rows)
    return (listed[start : start + _ROWS_A_STATEMENT] for start in range(0, len(listed), _ROWS_A_STATEMENT))
