"""What a model found out so far, in a form that one worker hands on to another."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.core.errors import VocalyxError
from app.workers.enrichment.engine import Sampling
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.tasks.task import Kept, Task

Item = TypeVar("Item")


class UnreadableFindings(VocalyxError):
    """What another worker found cannot be read: the two are of releases too far apart."""

    status = 502
    code = "unreadable-findings"
    title = "What another worker found of the recording cannot be read"
    default_remedy = "Bring all enrichment workers to the same release, and ask for the enrichment anew."


@dataclass(slots=True)
class Findings:
    """What was found, in the order of what was read.

    By task what was kept of each answer, the faults of those that gave nothing usable, and how each was drawn. `notes` are
    those on the windows; `seconds` by step, `tokens` by kind.
    """

    kept: dict[str, list[Kept]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    sampling: dict[str, list[Sampling]] = field(default_factory=dict)
    notes: list[Passage] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)

    def add(self, further: "Findings") -> None:
        """Add what was found in what follows."""
        _extend(self.kept, further.kept)
        _extend(self.faults, further.faults)
        _extend(self.sampling, further.sampling)
        self.notes += further.notes
        for step, seconds in further.seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + seconds
        for kind, tokens in further.tokens.items():
            self.tokens[kind] = self.tokens.get(kind, 0) + tokens

    def to_dict(self, tasks: Iterable[Task]) -> dict[str, Any]:
        """Return JSON-ready values."""
        adapters = {task.name: TypeAdapter(task.keeps) for task in tasks}
        return {
            "kept": {
                name: [
                    {
                        "value": adapters[name].dump_python(part.value, mode="json"),
                        "dropped": part.dropped,
                        "cut": part.cut,
                    }
                    for part in parts
                ]
                for name, parts in self.kept.items()
            },
            "faults": self.faults,
            "sampling": {name: [asdict(each) for each in drawn] for name, drawn in self.sampling.items()},
            "notes": [{"text": note.text, "segments": list(note.segments)} for note in self.notes],
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
            "tokens": self.tokens,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], tasks: Iterable[Task]) -> Self:
        """Rebuild what `to_dict` gave. Raises `UnreadableFindings`."""
        adapters = {task.name: TypeAdapter(task.keeps) for task in tasks}
        try:
            return cls(
                kept={
                    name: [
                        Kept(
                            adapters[name].validate_python(part["value"]),
                            int(part["dropped"]),
                            cut=bool(part.get("cut", False)),  # a worker of an earlier release does not say
                        )
                        for part in parts
                    ]
                    for name, parts in values["kept"].items()
                },
                faults={name: [str(fault) for fault in faults] for name, faults in values["faults"].items()},
                sampling={name: [Sampling(**each) for each in drawn] for name, drawn in values["sampling"].items()},
                notes=[Passage(str(note["text"]), None, tuple(note["segments"])) for note in values["notes"]],
                seconds={step: float(seconds) for step, seconds in values["seconds"].items()},
                tokens={kind: int(tokens) for kind, tokens in values["tokens"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as error:
            raise UnreadableFindings(f"A part of the enrichment is misshapen ({type(error).__name__}).") from error


def _extend(mine: dict[str, list[Item]], others: Mapping[str, list[Item]]) -> None:
    for name, found in others.items():
        mine.setdefault(name, []).extend(found)
