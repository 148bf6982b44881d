"""The waveform of a recording: stored part by part as it is planned, read whole."""

from typing import Any

from app.core.transcript import PlanPart
from app.core.waveform import Waveform as WholeWaveform
from app.core.waveform import cells, put_together
from app.db.tables import Waveform


def store(row: Any, part: PlanPart) -> None:
    """Keep the peaks of a part of the plan. The same part again, were it cut elsewhere, takes the place of the first."""
    if not part.peaks:
        return
    values = {"peaks": part.peaks, "last": part.last}
    Waveform.insert(transcription=row, first=cells(part.start, part.end).start, **values).on_conflict(
        conflict_target=[Waveform.transcription, Waveform.first], update=values
    ).execute()


def of_transcription(row: Any) -> WholeWaveform | None:
    """Return the waveform as far as the recording was listened to; None where no part reported any."""
    parts = list(Waveform.select().where(Waveform.transcription == row))
    if not parts:
        return None
    return put_together([(part.first, bytes(part.peaks)) for part in parts], complete=any(part.last for part in parts))
