"""The states of a transcription and of its parts, and what they allow."""

from enum import StrEnum


class TranscriptionState(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    TRANSCRIBED = "transcribed"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


class PartState(StrEnum):
    """The state of a part that may fail without taking the text with it: the diarization, the enrichment."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    ERROR = "error"
    SKIPPED = "skipped"


STOPPED_STATES = frozenset({TranscriptionState.DONE, TranscriptionState.ERROR, TranscriptionState.CANCELLED})
READABLE_STATES = frozenset({TranscriptionState.TRANSCRIBED, TranscriptionState.DONE})
