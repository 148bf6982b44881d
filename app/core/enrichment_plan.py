"""How a long text is shared out over enrichment workers, as they tell the API, and the API tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.core.enriching import MOST_PARTS, PART_KINDS
from app.core.jobs import JobKind
from app.core.options import TranscriptionOptions
from app.core.task_sets import TaskSet
from app.core.transcript import Segment


@dataclass(frozen=True, slots=True)
class EnrichmentPart:
    """One job: its kind, from where to where it reads, in seconds, and the `excerpt` in words of the enrichment workers."""

    kind: JobKind
    start: float
    end: float
    excerpt: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": str(self.kind), "start": self.start, "end": self.end, "excerpt": dict(self.excerpt)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild one. Raises `KeyError`, `TypeError` or `ValueError`."""
        kind = JobKind(values["kind"])
        if kind not in PART_KINDS:
            raise ValueError(f"{kind} is no part of an enrichment")
        part = cls(kind, float(values["start"]), float(values["end"]), dict(values["excerpt"]))
        if part.end < part.start:
            raise ValueError("a part ends before it begins")
        return part


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, and of what: the same for all parts of an enrichment, whatever people change meanwhile.

    `options` name the model that cut the text. `segments` are told without their words.
    """

    options: TranscriptionOptions
    task_set: TaskSet | None
    language: str | None
    segments: tuple[Segment, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "options": self.options.to_dict(),
            "task_set": None if self.task_set is None else self.task_set.to_dict(),
            "language": self.language,
            "segments": [
                {"start": each.start, "end": each.end, "speaker": each.speaker, "text": each.text}
                for each in self.segments
            ],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild them. Raises `InvalidFields`, `AttributeError`, `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            options=TranscriptionOptions.from_dict(values["options"]),
            task_set=None if values.get("task_set") is None else TaskSet.from_dict(values["task_set"]),
            language=None if values.get("language") is None else str(values["language"]),
            segments=tuple(Segment.from_dict(segment) for segment in values["segments"]),
        )


@dataclass(frozen=True, slots=True)
class EnrichmentPlan:
    """The `parts`, in order: what is read, then what is written anew, then what is asked of the whole.

    `windows` is how many pieces of the text are read one by one; `failures` says why, by task: of those without room.
    """

    questions: Questions
    windows: int
    failures: Mapping[str, str]
    parts: tuple[EnrichmentPart, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "questions": self.questions.to_dict(),
            "windows": self.windows,
            "failures": dict(self.failures),
            "parts": [part.to_dict() for part in self.parts],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` gave. Raises as `Questions.from_dict` does."""
        parts = tuple(EnrichmentPart.from_dict(part) for part in values["parts"])
        if not 0 < len(parts) <= MOST_PARTS:
            raise ValueError(f"an enrichment has 1 to {MOST_PARTS} parts, not {len(parts)}")
        if [part.kind for part in parts].count(JobKind.FOLDING) > 1:
            raise ValueError("the whole is asked about once")
        return cls(
            questions=Questions.from_dict(values["questions"]),
            windows=int(values["windows"]),
            failures={str(name): str(reason) for name, reason in values["failures"].items()},
            parts=parts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A part's place in its enrichment: the `plan` it is of, and the numbers of the `parts` whose findings it needs."""

    plan: str
    windows: int
    failures: Mapping[str, str]
    excerpt: Mapping[str, Any] | None = None
    parts: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what the API says with a work order. Raises `AttributeError`, `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            plan=str(values["plan"]),
            windows=int(values["windows"]),
            failures=dict(values["failures"]),
            excerpt=None if values.get("excerpt") is None else dict(values["excerpt"]),
            parts=tuple(int(number) for number in values.get("parts") or ()),
        )
