"""Every option of a work order reaches the engine that the job is handed to."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.core.lifecycle import JobKind
from app.core.options import TranscriptionOptions
from app.core.transcript import ChunkPlan, Diarization, Segment, Span
from app.workers.enrichment.jobs import EnrichmentJobs
from app.workers.orders import WorkOrder
from app.workers.transcription.jobs import TranscriptionJobs
from tests.api.sound import tone

# ruff: noqa: ARG002 - the stand-ins have the engines' signatures

# None of these is the default.
OPTIONS: dict[str, Any] = {
    "language": "fr",
    "model": "tiny.en",
    "vad": False,
    "diarization": False,
    "num_speakers": None,
    "min_speakers": 2,
    "max_speakers": 4,
    "initial_prompt": "Bonjour.",
    "hotwords": "Vocalyx",
    "word_timestamps": False,
    "enrichment": False,
    "llm_model": "another",
    "prompts": {"title": "Un titre."},
}
CHUNK = {"start": 0.0, "end": 1.0, "speech": [[0.2, 0.8]]}
SEGMENT = {"position": 0, "start": 0.0, "end": 1.0, "speaker": "SPEAKER_00", "text": "Bonjour à tous."}


class RecordingRecognizer:
    """Stands where the speech engine stands, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def transcribe(
        self, audio: Path, chunk: ChunkPlan, language: str | None, options: TranscriptionOptions, context: object
    ) -> list[Segment]:
        self.given = {"audio": audio, "chunk": chunk, "language": language, "options": options}
        return []


class RecordingDiarizer:
    def __init__(self) -> None:
        self.options: TranscriptionOptions | None = None

    def diarize(self, audio: Path, options: TranscriptionOptions, context: object) -> Diarization:
        self.options = options
        return Diarization((), ())


class RecordingEnricher:
    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def enrich(
        self, segments: Sequence[Segment], language: str | None, options: TranscriptionOptions, context: object
    ) -> Mapping[str, object]:
        self.given = {"texts": [segment.text for segment in segments], "language": language, "options": options}
        return {}


def order(kind: JobKind) -> WorkOrder:
    return WorkOrder.from_dict(
        {
            "job_id": "00000000-0000-0000-0000-000000000001",
            "kind": kind,
            "lease": "lease",
            "lease_seconds": 30,
            "attempt": 1,
            "transcription_id": "00000000-0000-0000-0000-000000000002",
            "audio": "ab/source",
            "options": OPTIONS,
            "language": "fr",
            "duration_seconds": 1.0,
            "chunk": CHUNK if kind is JobKind.CHUNK else None,
            "segments": [SEGMENT] if kind is JobKind.ENRICHMENT else None,
        }
    )


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    recording = tmp_path / "ab" / "source"
    recording.parent.mkdir()
    recording.write_bytes(tone())
    return tmp_path


WANTED = TranscriptionOptions.from_dict(OPTIONS)


def test_no_option_is_at_its_default() -> None:
    defaults = TranscriptionOptions()
    same = {name.name for name in fields(defaults) if getattr(defaults, name.name) == getattr(WANTED, name.name)}
    assert same == {"num_speakers"}, "the number of speakers excludes the bounds, and is tried with the engine"


def test_a_chunk_is_decoded_as_ordered(uploads: Path) -> None:
    recognizer = RecordingRecognizer()
    jobs = TranscriptionJobs(recognizer, RecordingDiarizer(), uploads)  # type: ignore[arg-type]

    jobs.chunk(order(JobKind.CHUNK), None)  # type: ignore[arg-type]

    assert recognizer.given == {
        "audio": uploads / "ab" / "source",
        "chunk": ChunkPlan(0.0, 1.0, (Span(0.2, 0.8),)),
        "language": "fr",
        "options": WANTED,
    }


def test_a_plan_is_made_as_ordered(uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class Plan:
        def to_dict(self) -> dict[str, object]:
            return {}

    def plan_recording(_audio: Path, options: TranscriptionOptions, *_: object) -> Plan:
        given.append(options)
        return Plan()

    monkeypatch.setattr("app.workers.transcription.jobs.plan_recording", plan_recording)
    jobs = TranscriptionJobs(RecordingRecognizer(), RecordingDiarizer(), uploads)  # type: ignore[arg-type]

    jobs.plan(order(JobKind.PLAN), None)  # type: ignore[arg-type]

    assert given == [WANTED]


def test_speakers_are_told_apart_as_ordered(uploads: Path) -> None:
    diarizer = RecordingDiarizer()
    jobs = TranscriptionJobs(RecordingRecognizer(), diarizer, uploads)  # type: ignore[arg-type]

    jobs.diarization(order(JobKind.DIARIZATION), None)  # type: ignore[arg-type]

    assert diarizer.options == WANTED


def test_a_text_is_enriched_as_ordered() -> None:
    enricher = RecordingEnricher()
    jobs = EnrichmentJobs(enricher)  # type: ignore[arg-type]

    jobs.enrichment(order(JobKind.ENRICHMENT), None)  # type: ignore[arg-type]

    assert enricher.given == {"texts": ["Bonjour à tous."], "language": "fr", "options": WANTED}
