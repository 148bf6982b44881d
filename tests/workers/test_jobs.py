"""Every option of a work order reaches the engine that the job is handed to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.core.jobs import JobKind
from app.core.options import TranscriptionOptions
from app.core.task_sets import TaskSet
from app.core.transcript import ChunkPlan, ChunkText, Diarization, Segment, Span, Survey
from app.workers.enrichment.excerpts import Plan
from app.workers.enrichment.jobs import EnrichmentJobs
from app.workers.orders import WorkOrder
from app.workers.transcription.jobs import TranscriptionJobs
from app.workers.transcription.plan.planner import PlanOrder
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
    "priority": "high",
    "channels": "mixed",
    "task": "translate",
    "tasks": None,
    "task_set": "site-visit",
    "answer_language": "de",
    "translation_language": "es",
}
TASK_SET = {"tasks": ["topics"], "prompts": {}, "custom": {}}
CHUNK = {"start": 0.0, "end": 1.0, "speech": [[0.2, 0.8]], "channel": 1}
SURVEY = {"language": "fr", "language_probability": 0.9, "by_channel": True}
SEGMENT = {"position": 0, "start": 0.0, "end": 1.0, "speaker": "SPEAKER_00", "text": "Bonjour à tous."}


class RecordingRecognizer:
    """Stands where the speech engine stands, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def transcribe(
        self, audio: Path, chunk: ChunkPlan, language: str | None, options: TranscriptionOptions, context: object
    ) -> ChunkText:
        self.given = {"audio": audio, "chunk": chunk, "language": language, "options": options}
        return ChunkText(())

    def take_seconds(self) -> dict[str, float]:
        return {"decoder_seconds": 1.5}


class RecordingDiarizer:
    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def voices(self, audio: Path, stretch: Span, context: object) -> dict[str, Any]:
        self.given = {"audio": audio, "stretch": stretch}
        return {}

    def diarize(
        self, voices: Iterable[Mapping[str, Any]], options: TranscriptionOptions, context: object, **more: object
    ) -> Diarization:
        self.given = {"voices": list(voices), "options": options, **more}
        return Diarization((), ())


class RecordingContext:
    """Stands where the job's context stands: gives the voices of a stretch by its position, and keeps metrics."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}

    def voices(self, position: int) -> dict[str, Any]:
        return {"position": position}

    def measured(self, metrics: Mapping[str, float]) -> None:
        self.metrics |= metrics


class RecordingEnricher:
    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def begin(
        self,
        segments: Sequence[Segment],
        language: str | None,
        options: TranscriptionOptions,
        context: object,
        *,
        task_set: TaskSet | None,
    ) -> "RecordingEnricher":
        texts = [segment.text for segment in segments]
        self.given = {"texts": texts, "language": language, "options": options, "task_set": task_set}
        return self

    def plan(self) -> Plan:
        return Plan((), {}, {})

    def work_by(self, plan: Plan) -> None:
        pass

    def outcome(self) -> Mapping[str, object]:
        return {"title": "A title"}


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
            "part": 2,
            "start": 0.5,
            "workers": 3,
            "survey": SURVEY,
            "chunk": CHUNK if kind is JobKind.CHUNK else None,
            "stretch": [0.25, 0.75],
            "stretches": [[0.0, 0.5], [0.5, 1.0]],
            "voiceprints": True,
            "segments": [SEGMENT] if kind is JobKind.ENRICHMENT else None,
            "task_set": TASK_SET if kind is JobKind.ENRICHMENT else None,
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
    # The number of speakers excludes the bounds, a set of tasks the tasks: both are tried with the engines.
    assert same == {"num_speakers", "tasks"}


def test_a_chunk_is_decoded_as_ordered(uploads: Path) -> None:
    recognizer = RecordingRecognizer()
    jobs = TranscriptionJobs(recognizer, RecordingDiarizer(), uploads)  # type: ignore[arg-type]

    context = RecordingContext()
    jobs.chunk(order(JobKind.CHUNK), context)  # type: ignore[arg-type]

    assert recognizer.given == {
        "audio": uploads / "ab" / "source",
        "chunk": ChunkPlan(0.0, 1.0, (Span(0.2, 0.8),), channel=1),
        "language": "fr",
        "options": WANTED,
    }
    assert context.metrics == {"decoder_seconds": 1.5}


def test_a_plan_is_made_as_ordered(uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class Plan:
        def to_dict(self) -> dict[str, object]:
            return {}

    def plan_part(_audio: Path, plan: PlanOrder, *_: object) -> Plan:
        given.append(plan)
        return Plan()

    monkeypatch.setattr("app.workers.transcription.jobs.plan_part", plan_part)
    jobs = TranscriptionJobs(RecordingRecognizer(), RecordingDiarizer(), uploads)  # type: ignore[arg-type]

    jobs.plan(order(JobKind.PLAN), RecordingContext())  # type: ignore[arg-type]

    survey = Survey(language="fr", language_probability=0.9, by_channel=True)
    assert given == [PlanOrder(options=WANTED, part=2, start=0.5, workers=3, survey=survey, duration=1.0)]


def test_the_voices_of_a_stretch_are_described_as_ordered(uploads: Path) -> None:
    diarizer = RecordingDiarizer()
    jobs = TranscriptionJobs(RecordingRecognizer(), diarizer, uploads)  # type: ignore[arg-type]

    jobs.voices(order(JobKind.VOICES), RecordingContext())  # type: ignore[arg-type]

    assert diarizer.given == {"audio": uploads / "ab" / "source", "stretch": Span(0.25, 0.75)}


def test_speakers_are_told_apart_as_ordered(uploads: Path) -> None:
    diarizer = RecordingDiarizer()
    jobs = TranscriptionJobs(RecordingRecognizer(), diarizer, uploads)  # type: ignore[arg-type]

    jobs.diarization(order(JobKind.DIARIZATION), RecordingContext())  # type: ignore[arg-type]

    assert diarizer.given == {
        "voices": [{"position": 0}, {"position": 1}],
        "options": WANTED,
        "duration": 1.0,
        "embeddings": True,
    }


def test_a_text_is_enriched_as_ordered() -> None:
    enricher = RecordingEnricher()
    jobs = EnrichmentJobs(enricher)  # type: ignore[arg-type]

    found = jobs.enrichment(order(JobKind.ENRICHMENT), None)  # type: ignore[arg-type]

    assert found == {"enrichment": {"title": "A title"}}
    assert enricher.given == {
        "texts": ["Bonjour à tous."],
        "language": "fr",
        "options": WANTED,
        "task_set": TaskSet.from_dict(TASK_SET),
    }
