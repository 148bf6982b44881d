"""Who spoke, with every correction."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer

Number = Annotated[
    int, Field(ge=1, description="What the speaker is called by where there is no name: `1` for “Speaker 1”.")
]


class MergedSpeaker(Answer):
    label: str
    number: Number
    name: str | None
    into: Annotated[str, Field(description="The speaker that this one was said to be.")]


class Recognised(Answer):
    voiceprint_id: UUID
    similarity: Annotated[float, Field(ge=-1, le=1, description="Cosine of the two voices.")]


class Speaker(Answer):
    label: Annotated[str, Field(description="The machine's, `SPEAKER_00`, or `PERSON_01` where people made it.")]
    number: Number
    name: str | None
    seconds: Annotated[float, Field(ge=0, description="How long they speak.")]
    made_by_person: bool
    recognised: Annotated[Recognised | None, Field(description="Whose voiceprint proposed the name, if one did.")]
    merged: Annotated[list[MergedSpeaker], Field(description="Who was merged into this one.")]


class SpeakerList(Answer):
    speakers: list[Speaker]
