"""What the API asks of a worker when it grants a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.core.enrichment_plan import Spread
from app.core.errors import InvalidFields, VocalyxError
from app.core.jobs import JobKind
from app.core.options import TranscriptionOptions
from app.core.questions import Passage
from app.core.task_sets import TaskSet
from app.core.transcript import ChunkPlan, Segment, Span, Survey


class MalformedOrder(VocalyxError):
    """The API's answer to a claim is not a work order: the two ends are of releases too far apart."""

    status = 502
    code = "malformed-order"
    title = "The API's work order cannot be read"
    default_remedy = "Bring the API and the workers to the same release."


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """One job under lease.

    `audio` is the recording's path relative to the uploads volume. `language` is what the plan heard or the client
    asked for. `request_id` is that of the request which sent the recording. What only some kinds of job have:

    - plan: which `part` of it, the `start` of that part in seconds, the number of `workers`, and the `survey` that an
      earlier part made;
    - chunk: the `chunk`;
    - voices: the `stretch`;
    - diarization: all `stretches`, and whether `voiceprints` of the speakers are wanted;
    - enrichment: the `segments`, in their order, with speakers, and the project's own `task_set` that is asked for;
      whether the API takes a plan in place of answers (`spreads`);
    - reading, rewriting, folding: the same as they were planned, and the `spread`; the enrichment that is to be joined, too;
    - question: the `question`, and the `passages` that may be shown to the model; `language` is the answer's. It has no
      audio, and no transcription where it is asked over a project.
    """

    job_id: str
    kind: JobKind
    lease: str
    lease_seconds: float
    attempt: int
    transcription_id: str
    audio: str
    options: TranscriptionOptions
    request_id: str | None = None
    language: str | None = None
    duration_seconds: float | None = None
    part: int = 0
    start: float = 0.0
    workers: int = 1
    survey: Survey | None = None
    chunk: ChunkPlan | None = None
    stretch: Span | None = None
    stretches: tuple[Span, ...] = ()
    voiceprints: bool = False
    segments: tuple[Segment, ...] = ()
    task_set: TaskSet | None = None
    spreads: bool = False
    spread: Spread | None = None
    question: str = ""
    passages: tuple[Passage, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the API's answer. Fields that a newer release added are passed over. Raises `MalformedOrder`."""
        try:
            order = cls(
                job_id=str(values["job_id"]),
                kind=JobKind(values["kind"]),
                lease=str(values["lease"]),
                lease_seconds=float(values["lease_seconds"]),
                attempt=int(values["attempt"]),
                transcription_id=str(values["transcription_id"]),
                audio=str(values["audio"]),
                options=TranscriptionOptions.from_dict(values["options"]),
                request_id=values.get("request_id"),
                language=values.get("language"),
                duration_seconds=None if values.get("duration_seconds") is None else float(values["duration_seconds"]),
                part=int(values.get("part", 0)),
                start=float(values.get("start", 0.0)),
                workers=int(values.get("workers", 1)),
                survey=None if values.get("survey") is None else Survey.from_dict(values["survey"]),
                chunk=None if values.get("chunk") is None else ChunkPlan.from_dict(values["chunk"]),
                stretch=None if values.get("stretch") is None else Span.from_list(values["stretch"]),
                stretches=tuple(Span.from_list(stretch) for stretch in values.get("stretches") or ()),
                voiceprints=bool(values.get("voiceprints", False)),
                segments=tuple(Segment.from_dict(segment) for segment in values.get("segments") or ()),
                task_set=None if values.get("task_set") is None else TaskSet.from_dict(values["task_set"]),
                spreads=bool(values.get("spreads", False)),
                spread=None if values.get("spread") is None else Spread.from_dict(values["spread"]),
                question=str(values.get("question") or ""),
                passages=tuple(Passage.from_dict(passage) for passage in values.get("passages") or ()),
            )
        except (AttributeError, InvalidFields, KeyError, TypeError, ValueError) as error:
            raise MalformedOrder(f"The work order lacks a field or has a wrong one ({error!r}).") from error
        if order.kind is JobKind.CHUNK and order.chunk is None:
            raise MalformedOrder("The work order for a chunk names no chunk.")
        if order.kind is JobKind.VOICES and order.stretch is None:
            raise MalformedOrder("The work order for voices names no stretch.")
        if order.kind is JobKind.QUESTION and not order.question:
            raise MalformedOrder("The work order for a question has none.")
        return order
