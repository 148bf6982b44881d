"""A recording that was fetched and is here already, with the same options: what was made of it then is taken over."""

from typing import Any

from app.core.options import TranscriptionOptions
from app.core.states import TranscriptionState
from app.db import transcriptions, work
from app.db.tables import (
    Chunk,
    Enrichment,
    EnrichmentVersion,
    Segment,
    SegmentVersion,
    Speaker,
    Table,
    Transcription,
    Waveform,
    database,
)
from app.db.unheld import project_is_held
from app.db.work import Step

_COPIED: tuple[type[Table], ...] = (Chunk, Waveform, Speaker, Segment, SegmentVersion, Enrichment, EnrichmentVersion)
# PostgreSQL makes them itself.
_MADE = {Segment.search, SegmentVersion.id}
_OF_THE_ROW = (
    Transcription.survey,
    Transcription.planned_turns,
    Transcription.language,
    Transcription.language_probability,
    Transcription.duration_seconds,
    Transcription.diarization,
)


def take_over(row: Any) -> Step | None:
    """Finish the locked row, `pending` and with its recording, as a finished one of the same content and options was.

    The text, the speakers and the enrichments are as they stand there, corrected by people. None where there is no such
    transcription: then everything is to be done. What the other one is called, its labels and legal holds stay its own.
    """
    # Voices are copied, too: none while their recognition is being switched off.
    project_is_held(row.project_id)
    options = TranscriptionOptions.from_dict(row.options)
    same: Any = transcriptions.of_same_content(row.project_id, row.sha256).where(
        Transcription.state == TranscriptionState.DONE, Transcription.id != row.id
    )
    # Locked, so that it cannot go while it is being copied.
    for other in same.for_update("FOR SHARE"):
        if TranscriptionOptions.from_dict(other.options) == options:
            return _copied(row, other)
    return None


def _copied(row: Any, other: Any) -> Step:
    for table in _COPIED:
        _copy(table, row, other)
    of_the_row = ", ".join(f"{field.column_name} = other.{field.column_name}" for field in _OF_THE_ROW)
    database.execute_sql(
        f"update transcriptions set {of_the_row} from transcriptions other"  # noqa: S608 - names of our own columns
        " where transcriptions.id = %s and other.id = %s",
        (row.id, other.id),
    )
    for field in _OF_THE_ROW:
        if field.name in other.__data__:
            setattr(row, field.name, getattr(other, field.name))
    done = work.load(other)
    return work.advance(row, lambda present: present.take_over(done))


def _copy(table: type[Table], row: Any, other: Any) -> None:
    meta: Any = table._meta  # noqa: SLF001 - peewee's own way to a model's columns
    columns = [
        field.column_name for field in meta.sorted_fields if field.name != "transcription" and field not in _MADE
    ]
    order = "id" if SegmentVersion.id.model is table else "1"
    listed = ", ".join(columns)
    database.execute_sql(
        f"insert into {meta.table_name} (transcription_id, {listed})"  # noqa: S608 - names of our own tables
        f" select %s, {listed} from {meta.table_name} where transcription_id = %s order by {order}",
        (row.id, other.id),
    )
