"""Transcriptions, as they are read and listed."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer, Percent, Seconds
from app.api.answers.enriched import EnrichmentAnswers
from app.api.answers.enrichments import EnrichmentOptions
from app.api.answers.speakers import Speaker
from app.core.jobs import JobKind, JobState
from app.core.options import TranscriptionOptions
from app.core.states import PartState, TranscriptionState


class Failure(Answer):
    """Why something failed, and the way out."""

    code: str
    detail: str
    remedy: str


class Media(Answer):
    """What the recording is, by libav's names."""

    format: str
    codec: str
    channels: int
    sample_rate: Annotated[int, Field(description="Hertz.")]
    duration_seconds: Annotated[float | None, Field(description="Where the file states it.")]
    has_video: bool


class DiarizationOutcome(Answer):
    state: PartState
    error: Failure | None


class EnrichmentOutcome(Answer):
    state: PartState
    percent: Percent
    title: str | None
    summary: str | None
    points: list[str] | None
    model: str | None
    error: Failure | None
    failures: Annotated[
        dict[str, str], Field(description="Tasks that came to nothing while others succeeded, and why.")
    ]


class EnrichmentResult(EnrichmentOutcome):
    answers: EnrichmentAnswers
    outdated: Annotated[bool, Field(description="Whether the text was corrected after the answers were made of it.")]
    options: Annotated[EnrichmentOptions, Field(description="What it was asked for with the last time.")]


class TranscriptionSummary(Answer):
    """Everything of a transcription but its text."""

    id: UUID
    project_id: UUID
    name: Annotated[str, Field(description="The file's, as it was sent, until people give another one.")]
    labels: list[str]
    etag: Annotated[str, Field(description="Of the name and the labels alone, quotes included: for `If-Match`.")]
    state: TranscriptionState
    stage: Annotated[str, Field(description="What is being done just now.")]
    percent: Annotated[Percent, Field(description="How much of the text is there.")]
    language: Annotated[str | None, Field(description="ISO 639-1; `null` until it is known.")]
    language_probability: float | None
    duration_seconds: float | None
    size_bytes: Annotated[int | None, Field(description="`null` until the recording is here.")]
    sha256: Annotated[str | None, Field(description="Of the content; `null` until the recording is here.")]
    media: Annotated[Media | None, Field(description="`null` until the recording is here.")]
    options: Annotated[TranscriptionOptions, Field(description="As they were, the site's defaults filled in.")]
    error: Failure | None
    channels: Annotated[Literal["separate", "mixed"] | None, Field(description="How they are heard, once decided.")]
    diarization: DiarizationOutcome
    enrichment: Annotated[EnrichmentOutcome | None, Field(description="`null` where it was not asked for.")]
    audio_removed_at: Annotated[
        dt.datetime | None, Field(description="When the recording was removed and the text kept; `null`: it was not.")
    ]
    legal_hold: Annotated[
        bool, Field(description="Whether it is under a legal hold of its own; its project may be under one, too.")
    ]
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class ListedTranscription(TranscriptionSummary):
    speaker_names: Annotated[
        list[str],
        Field(description="The names that its speakers have; who has none is left out. Events do not tell them."),
    ]


class TranscriptionPage(Answer):
    items: list[ListedTranscription]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` for the next page; `null`: no more.")]


class Word(Answer):
    start: Seconds
    end: Seconds
    text: Annotated[str, Field(description="With the space before it.")]
    probability: Annotated[float, Field(ge=0, le=1)]
    speaker: str | None


class Segment(Answer):
    position: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    speaker: Annotated[str | None, Field(description="A label, with people's corrections.")]
    machine_speaker: Annotated[str | None, Field(description="The label as it was found.")]
    text: Annotated[str, Field(description="With people's corrections.")]
    machine_text: Annotated[str, Field(description="As it was recognised.")]
    words: Annotated[list[Word], Field(description="Those of `text`.")]
    etag: Annotated[
        str | None,
        Field(description="Of the text alone, quotes included: for `If-Match`. `null` while more text may come."),
    ]


class SegmentVersion(Answer):
    """A change of a segment's text.

    `carried`: the text was put together anew, and a corrected one was parted or joined with another. `split` and
    `merged`: people did that.
    """

    kind: Literal["corrected", "reverted", "carried", "split", "merged"]
    by: Annotated[str | None, Field(description="A user's or a key's name; `null` where nobody did it.")]
    at: dt.datetime
    before: str
    after: str


class SegmentHistory(Answer):
    items: list[SegmentVersion]


class Dropped(Answer):
    """What the recognizer wrote and nobody said."""

    start: Seconds
    end: Seconds
    text: str
    reason: str


class Transcription(TranscriptionSummary):
    enrichment: Annotated[EnrichmentResult | None, Field(description="`null` where it was not asked for.")]
    partial: Annotated[bool, Field(description="Whether more text may come.")]
    speakers: list[Speaker]
    segments: list[Segment]
    dropped: list[Dropped]


class Job(Answer):
    """A piece of the work: who did it, when, and what it cost."""

    id: UUID
    kind: JobKind
    position: Annotated[int, Field(ge=0)]
    state: JobState
    start: Seconds
    seconds: Annotated[float, Field(ge=0, description="The length of the piece.")]
    attempt: int
    worker: str | None
    stage: str
    percent: Percent
    error: Failure | None
    metrics: Annotated[dict[str, float], Field(description="Seconds a stage, and other measures.")]
    queued_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class JobList(Answer):
    items: list[Job]
