"""How speakers are called where a model reads and writes of them: by a number, as everywhere else, or by a person's name."""

import re
from collections.abc import Collection

from app.core.speakers import number_of

SPEAKER_IN_ENGLISH, SPEAKER_IN_FRENCH = "Speaker", "Intervenant"

# Of several only in the plural: after "Speaker 2," comes something else.
_ONE = rf"(?:{SPEAKER_IN_ENGLISH}|{SPEAKER_IN_FRENCH}e?)"
_JOINT = r"(?:\s*,\s*(?:(?:and|or|et|ou)\s+)?|\s*[&–-]\s*|\s+(?:and|or|et|ou|to|à)\s+)"
_NUMBERED = re.compile(rf"\b(?:{_ONE}s\s+\d{{1,9}}\b(?:{_JOINT}\d{{1,9}}\b)*|{_ONE}\s+\d{{1,9}}\b)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


def name_of(label: str | None, speaker: str) -> str | None:
    """Return how a speaker is called: `Speaker 1` for the machine's label `SPEAKER_00`, a person's name as it is."""
    number = number_of(label)
    return label if number is None else f"{speaker} {number}"


def without_speakers(text: str, numbers: Collection[int]) -> str:
    """Return a text without the numbers by which it speaks of these speakers: "Speakers 1 and 2 agree" counts nothing."""

    def unnumbered(reference: re.Match[str]) -> str:
        return _NUMBER.sub(lambda number: "" if int(number[0]) in numbers else number[0], reference[0])

    return _NUMBERED.sub(unnumbered, text)
