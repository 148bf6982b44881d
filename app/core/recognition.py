"""Recognising speakers by their voices: which of a recording's speakers are people whose voices are known.

Voices are vectors of an embedding model, compared by the cosine of the angle between them: 1.0 is the same voice.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from uuid import UUID

SIMILARITY_NEEDED = 0.75
"""Two voices at least so alike are one person's. By `benchmarks/recognition.py` one person's are above 0.91 where they
are heard alike, and two people's below 0.71; by telephone and not, one person's are at 0.45 to 0.62, which no threshold
tells from two people's: better no name than a wrong one."""


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """A voiceprint: the unit vector stays out of every log line."""

    id: UUID
    name: str
    vector: Sequence[float]
    model: str | None = None

    def __repr__(self) -> str:
        return f"KnownVoice({self.id})"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose voiceprint a speaker is like, and how much."""

    voiceprint: UUID
    name: str
    similarity: float


def unit(vector: Sequence[float]) -> list[float] | None:
    """Return the vector with length 1; None where it has no direction, as that of a voice that was too short."""
    length = math.sqrt(sum(map(mul, vector, vector)))
    if not length or not math.isfinite(length):
        return None
    return [number / length for number in vector]


def similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors of length 1."""
    return float(sum(map(mul, one, other)))


def recognise(
    voices: Mapping[str, Sequence[float]], known: Iterable[KnownVoice], *, model: str | None
) -> dict[str, Recognised]:
    """Return by label whom the speakers are recognised as: the likest pair first, each name for one speaker at most.

    The vectors are of length 1. Those of another model than `model`, which made those of `voices`, are not compared.
    """
    pairs = [
        (similarity(vector, voice.vector), label, voice)
        for voice in known
        for label, vector in voices.items()
        if voice.model == model and len(vector) == len(voice.vector)
    ]
    found: dict[str, Recognised] = {}
    names: set[str] = set()
    for alike, label, voice in sorted(pairs, key=lambda pair: (-pair[0], pair[1], str(pair[2].id))):
        if alike < SIMILARITY_NEEDED:
            break
        if label not in found and voice.name not in names:
            found[label] = Recognised(voice.id, voice.name, min(1.0, alike))
            names.add(voice.name)
    return found
