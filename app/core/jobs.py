"""A piece of work for one worker: what kinds there are, and what becomes of one."""

import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from app.core.identifiers import JobId, TranscriptionId

MAX_ATTEMPTS = 3
"""How often a job is begun before it counts as failed: a recording that kills its worker must not kill all of them."""


class JobKind(StrEnum):
    """What is done in a job.

    `plan`: a part of the recording is listened to and cut; `chunk`: a piece is written down; `voices`: the voices in a
    stretch are described; `diarization`: all descriptions are sorted into speakers; `enrichment`: the language model.
    Of a long text it plans and joins what others do: `reading`: the model is asked about a piece of it; `rewriting`: it
    writes lines anew; `folding`: it is asked about the whole, over notes on the pieces.
    `question`: the language model answers a question; that is no part of a transcription's work.
    """

    PLAN = "plan"
    CHUNK = "chunk"
    VOICES = "voices"
    DIARIZATION = "diarization"
    ENRICHMENT = "enrichment"
    READING = "reading"
    REWRITING = "rewriting"
    FOLDING = "folding"
    QUESTION = "question"


class JobState(StrEnum):
    """`held`: planned, and not in its queue yet."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self not in (JobState.HELD, JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work for one worker.

    `position` counts the jobs of a kind in order of time. The job is about `seconds` of sound from `start` on, as far as
    that is known. `empty` marks a chunk in which nothing was said.
    """

    id: JobId
    kind: JobKind
    position: int = 0
    state: JobState = JobState.QUEUED
    start: float = 0.0
    seconds: float = 0.0
    attempt: int = 0
    lease: str | None = None
    stage: str = ""
    percent: float = 0.0
    empty: bool = False

    def requeued(self, *, attempt: int) -> Self:
        return replace(self, state=JobState.QUEUED, attempt=attempt, lease=None, stage="", percent=0.0)

    def ended(self, state: JobState) -> Self:
        percent = 100.0 if state is JobState.DONE else self.percent
        return replace(self, state=state, lease=None, stage="", percent=percent)


def job_id(transcription: TranscriptionId, kind: JobKind, position: int = 0) -> JobId:
    """Return the one id that this piece of this transcription's work ever has, so that doing it twice shows."""
    return JobId(uuid.uuid5(transcription, f"{kind}/{position}"))
